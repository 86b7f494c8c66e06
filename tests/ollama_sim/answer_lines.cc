#include "tests/ollama_sim/answer_lines.h"

#include <cstdio>

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/json_writer.h"
#include "tests/ollama_sim/sse_lines.h"

namespace genwatch::ollama_sim {
namespace {

// Named like fields that matter, one level too deep.
constexpr std::string_view kUnknownFields =
    R"("x_sim":{"response":"no","message":{"content":"no"},"error":"no","done":true,"list":[1,null,{"done":true}]},)"
    R"("prompt_eval_cached_count":3,)";

constexpr std::string_view kToolCalls =
    R"([{"function":{"name":"get_weather","arguments":{"city":"Zürich","unit":"celsius"}}}])";

// Above 2^53: a double does not hold it exactly.
constexpr int64_t kHugeNs = 9007199254740993;

std::string AsFloat(int64_t value) {
  char text[40];
  if (value >= kNsPerSecond) {
    std::snprintf(text, sizeof(text), "%.9e", static_cast<double>(value));
  } else {
    std::snprintf(text, sizeof(text), "%lld.0", static_cast<long long>(value));
  }
  return text;
}

std::string ContextArray(int count) {
  std::string out = "[";
  for (int i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    out += std::to_string(100000 + static_cast<int64_t>(i) * 7919 % 28000);
  }
  return out + "]";
}

void AddNumber(std::string_view key, int64_t value, const Directive& directive,
               JsonObject* object) {
  if (directive.statistics == Directive::Statistics::kHuge && key.ends_with("duration"))
    value = kHugeNs;
  if (directive.statistics == Directive::Statistics::kZero) value = 0;
  if (value == 0 && directive.statistics != Directive::Statistics::kZero) {
    if (directive.nulls) object->Raw(key, "null");
    return;
  }
  directive.floats ? object->Raw(key, AsFloat(value)) : object->Number(key, value);
}

void AddStatistics(const Statistics& statistics, const Directive& directive, JsonObject* object) {
  if (directive.statistics == Directive::Statistics::kNone) return;
  AddNumber("total_duration", statistics.total_ns, directive, object);
  AddNumber("load_duration", statistics.load_ns, directive, object);
  if (directive.statistics != Directive::Statistics::kNoPromptCount) {
    AddNumber("prompt_eval_count", statistics.prompt_eval_count, directive, object);
  }
  AddNumber("prompt_eval_duration", statistics.prompt_eval_ns, directive, object);
  AddNumber("eval_count", statistics.eval_count, directive, object);
  AddNumber("eval_duration", statistics.eval_ns, directive, object);
}

void AddThinking(const Chunk& chunk, const Directive& directive, JsonObject* object) {
  if (!chunk.thinking.empty()) {
    object->Text("thinking", chunk.thinking);
  } else if (directive.nulls) {
    object->Raw("thinking", "null");
  }
}

}  // namespace

std::string AnswerLines::ChunkLine(const Chunk& chunk, int64_t wall_ns, int64_t padding) const {
  if (dialect_ != Dialect::kOllama) return Sse().Chunk(chunk, wall_ns);
  return Object(chunk, false, "", nullptr, 0, wall_ns, padding);
}

std::string AnswerLines::DoneLine(const Chunk& last, std::string_view done_reason,
                                  const Statistics& statistics, int context_ints,
                                  int64_t wall_ns) const {
  if (dialect_ != Dialect::kOllama) return Sse().End(last, done_reason, statistics, wall_ns);
  return Object(last, true, done_reason, &statistics, context_ints, wall_ns, 0);
}

std::string AnswerLines::WholeLine(const Chunk& whole, std::string_view done_reason,
                                   const Statistics& statistics, int64_t wall_ns) const {
  if (dialect_ != Dialect::kOllama) return Sse().Whole(whole, done_reason, statistics, wall_ns);
  return DoneLine(whole, done_reason, statistics, 0, wall_ns);
}

std::string AnswerLines::ErrorLine(std::string_view text) const {
  if (dialect_ == Dialect::kOllama) return ErrorJson(text);
  return "data: " + NestedErrorJson(dialect_, 500, text);
}

SseLines AnswerLines::Sse() const {
  return {dialect_, model_, include_usage_,
          directive_.ascii ? JsonEscapes::kAscii : JsonEscapes::kGo};
}

std::string AnswerLines::Object(const Chunk& chunk, bool done, std::string_view done_reason,
                                const Statistics* statistics, int context_ints, int64_t wall_ns,
                                int64_t padding) const {
  const JsonEscapes escapes = directive_.ascii ? JsonEscapes::kAscii : JsonEscapes::kGo;
  std::string out;
  JsonObject object(&out, escapes);
  if (directive_.unknown) out += kUnknownFields;
  object.Text("model", model_).Text("created_at", Rfc3339Nano(wall_ns));
  if (api_ == Api::kGenerate) {
    object.Text("response", chunk.text);
    AddThinking(chunk, directive_, &object);
  } else {
    std::string message_json;
    JsonObject message(&message_json, escapes);
    message.Text("role", "assistant").Text("content", chunk.text);
    AddThinking(chunk, directive_, &message);
    if (directive_.nulls) message.Raw("images", "null");
    if (chunk.tool_call) message.Raw("tool_calls", kToolCalls);
    message.Close();
    object.Raw("message", message_json);
  }
  object.Bool("done", done);
  if (!done_reason.empty()) object.Text("done_reason", done_reason);
  if (directive_.nulls) {
    object.Raw("error", "null").Raw("logprobs", "null");
    if (context_ints == 0) object.Raw("context", "null");
  }
  if (context_ints > 0) object.Raw("context", ContextArray(context_ints));
  if (statistics != nullptr) AddStatistics(*statistics, directive_, &object);
  if (api_ == Api::kGenerate && chunk.tool_call) object.Raw("tool_calls", kToolCalls);
  if (padding > 0) object.Text("x_padding", std::string(static_cast<size_t>(padding), 'p'));
  object.Close();
  return out;
}

}  // namespace genwatch::ollama_sim

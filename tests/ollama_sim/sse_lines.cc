#include "tests/ollama_sim/sse_lines.h"

#include "tests/ollama_sim/clock.h"

namespace genwatch::ollama_sim {
namespace {

constexpr std::string_view kData = "data: ";
constexpr std::string_view kBetween = "\n\n";
constexpr std::string_view kId = "chatcmpl-1";

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, JsonEscapes::kGo, &out);
  return out;
}

// Null while the answer goes on.
std::string FinishReason(std::string_view done_reason) {
  return done_reason.empty() ? "null" : Quoted(done_reason);
}

std::string Choice(std::string_view key, const std::string& message,
                   const std::string& finish_reason) {
  std::string choice;
  JsonObject(&choice)
      .Number("index", 0)
      .Raw(key, message)
      .Raw("finish_reason", finish_reason)
      .Close();
  return "[" + choice + "]";
}

std::string Usage(const Statistics& statistics) {
  std::string usage;
  JsonObject(&usage)
      .Number("prompt_tokens", statistics.prompt_eval_count)
      .Number("completion_tokens", statistics.eval_count)
      .Number("total_tokens", statistics.prompt_eval_count + statistics.eval_count)
      .Close();
  return usage;
}

std::string Ms(int64_t ns) { return std::to_string(ns / kNsPerMs) + ".0"; }

}  // namespace

std::string SseLines::Delta(const ollama_sim::Chunk& chunk, bool whole) const {
  std::string delta;
  JsonObject object(&delta, escapes_);
  object.Text("role", "assistant").Text("content", chunk.text);
  if (!chunk.thinking.empty()) object.Text("reasoning", chunk.thinking);
  if (chunk.tool_call) {
    object.Raw("tool_calls", whole ? R"([{"id":"call_1","type":"function",)"
                                     R"("function":{"name":"get_weather",)"
                                     R"("arguments":"{\"city\":\"Zürich\"}"}}])"
                                   : R"([{"index":0,"id":"call_1","type":"function",)"
                                     R"("function":{"name":"get_weather",)"
                                     R"("arguments":"{\"city\":\"Zürich\"}"}}])");
  }
  object.Close();
  return delta;
}

std::string SseLines::OpenAiEvent(std::string_view choices, std::string_view usage,
                                  int64_t wall_ns) const {
  std::string event(kData);
  JsonObject object(&event, escapes_);
  object.Text("id", kId)
      .Text("object", "chat.completion.chunk")
      .Number("created", wall_ns / kNsPerSecond)
      .Text("model", model_)
      .Raw("choices", choices);
  if (!usage.empty()) object.Raw("usage", usage);
  object.Close();
  return event;
}

std::string SseLines::LlamaCppObject(const ollama_sim::Chunk& chunk, bool stop,
                                     std::string_view done_reason,
                                     const Statistics* statistics) const {
  std::string out;
  JsonObject object(&out, escapes_);
  object.Number("index", 0).Text("content", chunk.text).Bool("stop", stop);
  if (statistics != nullptr) {
    object.Text("model", model_)
        .Text("stop_type", done_reason == "length" ? "limit" : "eos")
        .Number("tokens_predicted", statistics->eval_count)
        .Number("tokens_evaluated", statistics->prompt_eval_count)
        .Bool("truncated", false);
    std::string timings;
    JsonObject(&timings)
        .Number("cache_n", 0)
        .Number("prompt_n", statistics->prompt_eval_count)
        .Raw("prompt_ms", Ms(statistics->prompt_eval_ns))
        .Number("predicted_n", statistics->eval_count)
        .Raw("predicted_ms", Ms(statistics->eval_ns))
        .Close();
    object.Raw("timings", timings);
  }
  object.Close();
  return out;
}

std::string SseLines::Chunk(const ollama_sim::Chunk& chunk, int64_t wall_ns) const {
  if (dialect_ == Dialect::kLlamaCpp)
    return std::string(kData) + LlamaCppObject(chunk, false, "", nullptr);
  return OpenAiEvent(Choice("delta", Delta(chunk, false), "null"), "", wall_ns);
}

std::string SseLines::End(const ollama_sim::Chunk& last, std::string_view done_reason,
                          const Statistics& statistics, int64_t wall_ns) const {
  if (dialect_ == Dialect::kLlamaCpp)
    return std::string(kData) + LlamaCppObject(last, true, done_reason, &statistics);
  const std::string reason = last.tool_call ? "tool_calls" : std::string(done_reason);
  std::string events =
      OpenAiEvent(Choice("delta", Delta(last, false), FinishReason(reason)), "", wall_ns);
  events += kBetween;
  // The numbers come behind the end, with no choice.
  if (include_usage_) {
    events += OpenAiEvent("[]", Usage(statistics), wall_ns);
    events += kBetween;
  }
  return events + std::string(kData) + "[DONE]";
}

std::string SseLines::Whole(const ollama_sim::Chunk& whole, std::string_view done_reason,
                            const Statistics& statistics, int64_t wall_ns) const {
  if (dialect_ == Dialect::kLlamaCpp) return LlamaCppObject(whole, true, done_reason, &statistics);
  const std::string reason = whole.tool_call ? "tool_calls" : std::string(done_reason);
  std::string body;
  JsonObject(&body, escapes_)
      .Text("id", kId)
      .Text("object", "chat.completion")
      .Number("created", wall_ns / kNsPerSecond)
      .Text("model", model_)
      .Raw("choices", Choice("message", Delta(whole, true), FinishReason(reason)))
      .Raw("usage", Usage(statistics))
      .Close();
  return body;
}

std::string NestedErrorJson(Dialect dialect, int status, std::string_view message) {
  const std::string_view type = status == 404  ? "not_found_error"
                                : status < 500 ? "invalid_request_error"
                                               : "api_error";
  std::string details;
  JsonObject object(&details);
  if (dialect == Dialect::kLlamaCpp) object.Number("code", status);
  object.Text("message", message).Text("type", type);
  if (dialect == Dialect::kOpenAi) object.Raw("param", "null").Raw("code", "null");
  object.Close();
  return R"({"error":)" + details + "}";
}

}  // namespace genwatch::ollama_sim

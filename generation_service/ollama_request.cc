#include "generation_service/ollama_request.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "generation_service/json_writer.h"

namespace genwatch {
namespace {

// Until the real request comes, which says again how long. 0 would mean to unload the model now,
// and so would the server's own default if it is that.
constexpr int32_t kPreloadKeepAliveMs = 60'000;

void WriteMessage(std::string_view role, std::string_view content, JsonWriter& json) {
  json.BeginObject();
  json.Key("role");
  json.String(role);
  json.Key("content");
  json.String(content);
  json.EndObject();
}

// The chat route has no field for the system prompt: it is the first message.
void WriteMessages(const v1::JobSpec& spec, JsonWriter& json) {
  json.Key("messages");
  json.BeginArray();
  if (!spec.system().empty()) WriteMessage("system", spec.system(), json);
  for (const v1::ChatMessage& message : spec.messages()) {
    WriteMessage(message.role(), message.content(), json);
  }
  json.EndArray();
}

void WritePrompt(const v1::JobSpec& spec, JsonWriter& json) {
  json.Key("prompt");
  json.String(spec.prompt());
  if (spec.system().empty()) return;
  json.Key("system");
  json.String(spec.system());
}

void WriteOptions(const v1::ModelOptions& options, JsonWriter& json) {
  json.Key("options");
  json.BeginObject();
  if (options.has_num_predict()) {
    json.Key("num_predict");
    json.Integer(options.num_predict());
  }
  if (options.has_num_ctx()) {
    json.Key("num_ctx");
    json.Integer(options.num_ctx());
  }
  if (options.has_temperature()) {
    json.Key("temperature");
    json.Number(options.temperature());
  }
  if (options.has_top_p()) {
    json.Key("top_p");
    json.Number(options.top_p());
  }
  if (options.has_seed()) {
    json.Key("seed");
    json.Integer(options.seed());
  }
  if (options.stop_size() > 0) {
    json.Key("stop");
    json.BeginArray();
    for (const std::string& stop : options.stop()) json.String(stop);
    json.EndArray();
  }
  json.EndObject();
}

void WriteFormat(const v1::OutputFormat& format, JsonWriter& json) {
  if (format.has_json_schema()) {
    std::string schema;
    // Fails for numbers that JSON does not have, only.
    if (!google::protobuf::util::MessageToJsonString(format.json_schema(), &schema).ok()) return;
    json.Key("format");
    json.Json(schema);
  } else if (format.json()) {
    json.Key("format");
    json.String("json");
  }
}

void WriteThink(v1::Thinking think, JsonWriter& json) {
  switch (think) {
    case v1::THINKING_OFF:
    case v1::THINKING_ON:
      json.Key("think");
      return json.Bool(think == v1::THINKING_ON);
    case v1::THINKING_LOW:
      json.Key("think");
      return json.String("low");
    case v1::THINKING_MEDIUM:
      json.Key("think");
      return json.String("medium");
    case v1::THINKING_HIGH:
      json.Key("think");
      return json.String("high");
    default:
      return;  // the model's own default
  }
}

// Durations are Go's, "1500ms"; a negative number means for ever.
void WriteKeepAlive(int32_t keep_alive_ms, JsonWriter& json) {
  json.Key("keep_alive");
  if (keep_alive_ms < 0) {
    json.Integer(-1);
  } else {
    json.String(std::to_string(keep_alive_ms) + "ms");
  }
}

}  // namespace

OllamaRequest OllamaRequestOf(const v1::JobSpec& spec) {
  const bool chat = spec.messages_size() > 0;
  JsonWriter json;
  json.BeginObject();
  json.Key("model");
  json.String(spec.model());
  if (chat) {
    WriteMessages(spec, json);
  } else {
    WritePrompt(spec, json);
  }
  json.Key("stream");
  json.Bool(true);
  if (spec.has_options()) WriteOptions(spec.options(), json);
  if (spec.has_format()) WriteFormat(spec.format(), json);
  WriteThink(spec.think(), json);
  if (spec.has_keep_alive_ms()) WriteKeepAlive(spec.keep_alive_ms(), json);
  json.EndObject();
  return {chat ? "/api/chat" : "/api/generate", json.text()};
}

OllamaRequest PreloadRequestOf(const v1::JobSpec& spec) {
  JsonWriter json;
  json.BeginObject();
  json.Key("model");
  json.String(spec.model());
  json.Key("stream");
  json.Bool(true);
  if (spec.has_options()) WriteOptions(spec.options(), json);
  const bool for_ever = spec.keep_alive_ms() < 0;
  WriteKeepAlive(for_ever ? -1 : std::max(spec.keep_alive_ms(), kPreloadKeepAliveMs), json);
  json.EndObject();
  return {"/api/generate", json.text()};
}

}  // namespace genwatch

// Requests in the words of OpenAI's chat route and of llama.cpp's server.
#include <optional>

#include "tests/ollama_sim/api_request.h"
#include "tests/ollama_sim/json_reader.h"

namespace genwatch::ollama_sim {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Nothing if it is absent, null or of another type.
template <typename T>
std::optional<T> Find(const object& members, std::string_view key) {
  element value;
  T found;
  if (members[key].get(value) != simdjson::SUCCESS || value.get(found) != simdjson::SUCCESS)
    return std::nullopt;
  return found;
}

template <typename T>
void Read(const object& members, std::string_view key, T* out) {
  if (const std::optional<T> found = Find<T>(members, key)) *out = *found;
}

std::string TextOf(const object& members, std::string_view key) {
  return std::string(Find<std::string_view>(members, key).value_or(""));
}

// A string or several.
void ReadStop(const object& members, std::vector<std::string>* out) {
  if (const std::string text = TextOf(members, "stop"); !text.empty()) out->push_back(text);
  const std::optional<array> texts = Find<array>(members, "stop");
  if (!texts) return;
  for (const element& item : *texts) {
    std::string_view text;
    if (item.get(text) == simdjson::SUCCESS && !text.empty()) out->emplace_back(text);
  }
}

void ReadOpenAi(const object& members, ApiRequest* request) {
  request->api = Api::kChat;
  Read(members, "max_tokens", &request->num_predict);
  Read(members, "max_completion_tokens", &request->num_predict);
  if (const std::optional<array> messages = Find<array>(members, "messages")) {
    for (const element& item : *messages) {
      object message;
      if (item.get(message) != simdjson::SUCCESS) continue;
      request->messages.push_back({TextOf(message, "role"), TextOf(message, "content")});
    }
  }
  if (const std::optional<object> more = Find<object>(members, "stream_options"))
    Read(*more, "include_usage", &request->include_usage);
  if (const std::optional<object> format = Find<object>(members, "response_format")) {
    if (TextOf(*format, "type") == "json_object") request->format = ApiRequest::Format::kJson;
  }
  if (TextOf(members, "reasoning_effort") == "none") request->think = ApiRequest::Think::kOff;
  const std::optional<array> tools = Find<array>(members, "tools");
  request->has_tools = tools && tools->size() > 0;
}

void ReadLlamaCpp(const object& members, ApiRequest* request) {
  request->raw = true;
  request->prompt = TextOf(members, "prompt");
  Read(members, "n_predict", &request->num_predict);
}

}  // namespace

ApiRequestOrError ParseDialectRequest(Dialect dialect, std::string_view body) {
  ApiRequestOrError result;
  JsonReader reader;
  element root;
  object members;
  if (reader.Parse(body, &root) != simdjson::SUCCESS || root.get(members) != simdjson::SUCCESS) {
    result.error = "the body is no JSON object";
    return result;
  }
  ApiRequest& request = result.request;
  request.dialect = dialect;
  request.stream = false;
  request.model = TextOf(members, "model");
  Read(members, "stream", &request.stream);
  Read(members, "seed", &request.seed);
  ReadStop(members, &request.stop);
  dialect == Dialect::kOpenAi ? ReadOpenAi(members, &request) : ReadLlamaCpp(members, &request);
  return result;
}

}  // namespace genwatch::ollama_sim

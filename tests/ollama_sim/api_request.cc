#include "tests/ollama_sim/api_request.h"

#include <cmath>
#include <cstdlib>

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/json_reader.h"

namespace genwatch::ollama_sim {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::string_view TypeName(const element& value) {
  if (value.is_string()) return "string";
  if (value.is_number()) return "number";
  if (value.is_bool()) return "bool";
  if (value.is_array()) return "array";
  return "object";
}

// Reads the fields of one object; keeps the first error, in the words of Go's decoder.
class Fields {
 public:
  Fields(object fields, std::string struct_name)
      : fields_(fields), struct_name_(std::move(struct_name)) {}

  // Null is the same as absent.
  std::optional<element> Find(std::string_view key) const {
    element value;
    if (fields_[key].get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    return value;
  }

  void Text(std::string_view key, std::string* out) {
    const std::optional<element> value = Find(key);
    if (!value) return;
    std::string_view text;
    if (value->get(text) != simdjson::SUCCESS) return Mismatch(key, *value, "string");
    *out = text;
  }

  void Bool(std::string_view key, bool* out) {
    const std::optional<element> value = Find(key);
    if (value && value->get(*out) != simdjson::SUCCESS) Mismatch(key, *value, "bool");
  }

  void Mismatch(std::string_view key, const element& value, std::string_view wanted) {
    Fail("json: cannot unmarshal " + std::string(TypeName(value)) + " into Go struct field " +
         struct_name_ + "." + std::string(key) + " of type " + std::string(wanted));
  }

  void Fail(std::string message) {
    if (error_.empty()) error_ = std::move(message);
  }
  const std::string& error() const { return error_; }

 private:
  object fields_;
  std::string struct_name_;
  std::string error_;
};

// "10m", "1h30m", "250ms" as Go's time.ParseDuration reads them.
std::optional<int64_t> ParseGoDuration(std::string_view text) {
  static constexpr struct {
    std::string_view unit;
    double ns;
  } kUnits[] = {{"ns", 1},           {"us", kNsPerUs}, {"ms", kNsPerMs},
                {"s", kNsPerSecond}, {"m", 60e9},      {"h", 3600e9}};
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text == "0") return 0;
  double total = 0;
  bool any = false;
  while (!text.empty()) {
    const std::string number(text.substr(0, text.find_first_not_of("0123456789.")));
    if (number.empty()) return std::nullopt;
    text.remove_prefix(number.size());
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
    double factor = 0;
    for (const auto& candidate : kUnits) {
      if (candidate.unit == unit) factor = candidate.ns;
    }
    if (factor == 0) return std::nullopt;
    text.remove_prefix(unit.size());
    total += std::strtod(number.c_str(), nullptr) * factor;
    any = true;
  }
  if (!any) return std::nullopt;
  return static_cast<int64_t>(negative ? -total : total);
}

void ReadKeepAlive(Fields* fields, ApiRequest* request) {
  const std::optional<element> value = fields->Find("keep_alive");
  if (!value) return;
  double seconds = 0;
  std::string_view text;
  if (value->get(seconds) == simdjson::SUCCESS) {
    request->keep_alive_ns =
        seconds < 0
            ? -1
            : static_cast<int64_t>(std::min(seconds, 1e9) * static_cast<double>(kNsPerSecond));
  } else if (value->get(text) == simdjson::SUCCESS) {
    request->keep_alive_ns = ParseGoDuration(text);
    if (!request->keep_alive_ns)
      fields->Fail("time: invalid duration \"" + std::string(text) + "\"");
  } else {
    fields->Mismatch("keep_alive", *value, "api.Duration");
  }
}

void ReadThink(Fields* fields, ApiRequest* request) {
  const std::optional<element> value = fields->Find("think");
  if (!value) return;
  bool on = false;
  std::string_view level;
  if (value->get(on) == simdjson::SUCCESS) {
    request->think = on ? ApiRequest::Think::kOn : ApiRequest::Think::kOff;
  } else if (value->get(level) == simdjson::SUCCESS &&
             (level == "low" || level == "medium" || level == "high" || level == "max")) {
    request->think = ApiRequest::Think::kOn;
  } else {
    fields->Fail(
        "think must be a boolean or string (\"high\", \"medium\", \"low\", true, or false)");
  }
}

void ReadFormat(Fields* fields, ApiRequest* request) {
  const std::optional<element> value = fields->Find("format");
  if (!value) return;
  std::string_view name;
  if (value->is_object()) {
    request->format = ApiRequest::Format::kSchema;
    request->schema = simdjson::minify(*value);
  } else if (value->get(name) == simdjson::SUCCESS && name == "json") {
    request->format = ApiRequest::Format::kJson;
  } else if (!(value->is_string() && name.empty())) {
    fields->Fail("invalid format: " + std::string(simdjson::minify(*value)) +
                 "; expected \"json\" or a valid JSON Schema object");
  }
}

void ReadInteger(const Fields& options, std::string_view key, int64_t* out, Fields* errors) {
  const std::optional<element> value = options.Find(key);
  if (!value) return;
  double number = 0;
  if (value->get(number) != simdjson::SUCCESS) {
    errors->Fail("option \"" + std::string(key) + "\" must be of type integer");
    return;
  }
  *out = static_cast<int64_t>(std::clamp(number, -9e18, 9e18));
}

void ReadOptions(Fields* fields, ApiRequest* request) {
  const std::optional<element> value = fields->Find("options");
  if (!value) return;
  object members;
  if (value->get(members) != simdjson::SUCCESS) {
    return fields->Mismatch("options", *value, "map[string]interface {}");
  }
  const Fields options(members, "Options");
  ReadInteger(options, "seed", &request->seed, fields);
  ReadInteger(options, "num_predict", &request->num_predict, fields);
  ReadInteger(options, "num_ctx", &request->num_ctx, fields);
  const std::optional<element> stop = options.Find("stop");
  if (!stop) return;
  array stops;
  if (stop->get(stops) != simdjson::SUCCESS)
    return fields->Fail("option \"stop\" must be of type array");
  for (const element& item : stops) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) {
      return fields->Fail("option \"stop\" must be of an array of strings");
    }
    if (!text.empty()) request->stop.emplace_back(text);
  }
}

bool IsNonEmptyArray(const std::optional<element>& value) {
  array items;
  return value && value->get(items) == simdjson::SUCCESS && items.size() > 0;
}

void ReadMessages(Fields* fields, ApiRequest* request) {
  const std::optional<element> value = fields->Find("messages");
  if (!value) return;
  array messages;
  if (value->get(messages) != simdjson::SUCCESS)
    return fields->Mismatch("messages", *value, "[]api.Message");
  for (const element& item : messages) {
    object members;
    if (item.get(members) != simdjson::SUCCESS)
      return fields->Mismatch("messages", item, "api.Message");
    Fields message_fields(members, "Message.messages");
    Message message;
    message_fields.Text("role", &message.role);
    message_fields.Text("content", &message.content);
    if (!message_fields.error().empty()) return fields->Fail(message_fields.error());
    request->has_images = request->has_images || IsNonEmptyArray(message_fields.Find("images"));
    request->messages.push_back(std::move(message));
  }
}

std::string SyntaxError(std::string_view body) {
  const size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "missing request body";
  if (body[first] != '{') {
    return "invalid character '" + std::string(1, body[first]) + "' looking for beginning of value";
  }
  return "unexpected EOF";
}

}  // namespace

ApiRequestOrError ParseApiRequest(Api api, std::string_view body) {
  ApiRequestOrError result;
  ApiRequest& request = result.request;
  request.api = api;
  const std::string struct_name = api == Api::kGenerate ? "GenerateRequest" : "ChatRequest";
  JsonReader reader;
  element root;
  if (reader.Parse(body, &root) != simdjson::SUCCESS) {
    result.error = SyntaxError(body);
    return result;
  }
  object members;
  if (root.get(members) != simdjson::SUCCESS) {
    result.error = "json: cannot unmarshal " + std::string(TypeName(root)) +
                   " into Go value of type api." + struct_name;
    return result;
  }
  Fields fields(members, struct_name);
  fields.Text("model", &request.model);
  fields.Text("prompt", &request.prompt);
  fields.Text("system", &request.system);
  fields.Bool("stream", &request.stream);
  fields.Bool("raw", &request.raw);
  fields.Bool("truncate", &request.truncate);
  std::string suffix;
  fields.Text("suffix", &suffix);
  request.has_suffix = !suffix.empty();
  request.has_images = IsNonEmptyArray(fields.Find("images"));
  request.has_tools = IsNonEmptyArray(fields.Find("tools"));
  ReadMessages(&fields, &request);
  ReadKeepAlive(&fields, &request);
  ReadThink(&fields, &request);
  ReadFormat(&fields, &request);
  ReadOptions(&fields, &request);
  result.error = fields.error();
  return result;
}

std::optional<std::string> ParseModelName(std::string_view body) {
  JsonReader reader;
  element root;
  object members;
  if (reader.Parse(body, &root) != simdjson::SUCCESS || root.get(members) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  Fields fields(members, "ShowRequest");
  std::string model;
  fields.Text("model", &model);
  if (model.empty()) fields.Text("name", &model);
  return model;
}

}  // namespace genwatch::ollama_sim

#include "generation_service/ollama_reports.h"

#include <simdjson.h>

#include "generation_service/answer_line.h"
#include "generation_service/wire_numbers.h"

namespace genwatch {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
using simdjson::dom::parser;

bool ReadObject(std::string_view json, parser& parser, object& out) {
  element root;
  return parser.parse(json.data(), json.size()).get(root) == simdjson::SUCCESS &&
         root.get_object().get(out) == simdjson::SUCCESS;
}

std::string StringAt(const object& fields, std::string_view key) {
  std::string_view text;
  return fields.at_key(key).get_string().get(text) == simdjson::SUCCESS ? std::string(text)
                                                                        : std::string();
}

double NumberAt(const object& fields, std::string_view key) {
  double number;
  return fields.at_key(key).get_double().get(number) == simdjson::SUCCESS && number > 0 ? number
                                                                                        : 0;
}

void ReadCapabilities(const object& fields, v1::Model& model) {
  array capabilities;
  if (fields.at_key("capabilities").get_array().get(capabilities) != simdjson::SUCCESS) return;
  model.clear_capabilities();
  for (const element capability : capabilities) {
    std::string_view text;
    if (capability.get_string().get(text) == simdjson::SUCCESS) {
      model.add_capabilities(std::string(text));
    }
  }
}

void ReadDetails(const object& fields, v1::Model& model) {
  object details;
  if (fields.at_key("details").get_object().get(details) != simdjson::SUCCESS) return;
  model.set_family(StringAt(details, "family"));
  model.set_parameter_size(StringAt(details, "parameter_size"));
  model.set_quantization(StringAt(details, "quantization_level"));
  if (const double context = NumberAt(details, "context_length"); context > 0) {
    model.set_context_length(WireCount(context));
  }
}

// Calls `visit` with each object of the array `models`; false if there is no such array.
template <typename Visit>
bool ForEachModel(std::string_view json, Visit visit) {
  parser parser;
  object root;
  array models;
  if (!ReadObject(json, parser, root)) return false;
  const auto field = root.at_key("models");
  if (field.error() != simdjson::SUCCESS) return false;
  if (field.value_unsafe().is_null()) return true;  // how Go writes an empty list
  if (field.get_array().get(models) != simdjson::SUCCESS) return false;
  for (const element entry : models) {
    object fields;
    if (entry.get_object().get(fields) == simdjson::SUCCESS) visit(fields);
  }
  return true;
}

std::string NameOf(const object& fields) {
  const std::string name = StringAt(fields, "name");
  return name.empty() ? StringAt(fields, "model") : name;
}

}  // namespace

std::string ReadVersion(std::string_view json) {
  parser parser;
  object root;
  return ReadObject(json, parser, root) ? StringAt(root, "version") : std::string();
}

bool IsSimulatorVersion(const std::string& version) { return version.ends_with("-sim"); }

std::optional<std::vector<v1::Model>> ReadTags(std::string_view json) {
  std::vector<v1::Model> models;
  const bool read = ForEachModel(json, [&models](const object& fields) {
    v1::Model model;
    model.set_name(NameOf(fields));
    if (model.name().empty()) return;
    model.set_digest(StringAt(fields, "digest"));
    model.set_size_bytes(NumberAt(fields, "size"));
    ReadDetails(fields, model);
    ReadCapabilities(fields, model);
    models.push_back(std::move(model));
  });
  if (!read) return std::nullopt;
  return models;
}

bool ReadShow(std::string_view json, v1::Model& model) {
  parser parser;
  object root;
  if (!ReadObject(json, parser, root)) return false;
  ReadCapabilities(root, model);
  object info;
  if (root.at_key("model_info").get_object().get(info) == simdjson::SUCCESS) {
    const std::string key = StringAt(info, "general.architecture") + ".context_length";
    if (const double context = NumberAt(info, key); context > 0) {
      model.set_context_length(WireCount(context));
    }
  }
  return true;
}

std::optional<std::map<std::string, uint32_t>> ReadLoaded(std::string_view json) {
  std::map<std::string, uint32_t> loaded;
  const bool read = ForEachModel(json, [&loaded](const object& fields) {
    const std::string name = NameOf(fields);
    if (!name.empty()) loaded[name] = WireCount(NumberAt(fields, "context_length"));
  });
  if (!read) return std::nullopt;
  return loaded;
}

std::string ReadError(std::string_view body) {
  AnswerLineReader reader;
  const std::optional<AnswerLine> line = reader.Read(body);
  return line.has_value() ? line->error : std::string();
}

}  // namespace genwatch

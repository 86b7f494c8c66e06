#include "tests/ollama_sim/json_answer.h"

#include "tests/ollama_sim/json_reader.h"
#include "tests/ollama_sim/json_writer.h"
#include "tests/ollama_sim/prose.h"

namespace genwatch::ollama_sim {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr int kMaxDepth = 16;

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, JsonEscapes::kGo, &out);
  return out;
}

std::string_view TypeOf(const element& schema) {
  std::string_view type;
  if (schema["type"].get(type) == simdjson::SUCCESS) return type;
  array types;  // ["string", "null"]
  if (schema["type"].get(types) == simdjson::SUCCESS && types.size() > 0 &&
      types.at(0).get(type) == simdjson::SUCCESS) {
    return type;
  }
  return schema["properties"].error() == simdjson::SUCCESS ? "object" : "string";
}

std::string ValueFor(const element& schema, std::string_view topic, Random* random, int depth) {
  if (depth > kMaxDepth || !schema.is_object()) return "null";
  element constant;
  if (schema["const"].get(constant) == simdjson::SUCCESS) return simdjson::minify(constant);
  array choices;
  if (schema["enum"].get(choices) == simdjson::SUCCESS && choices.size() > 0) {
    return simdjson::minify(
        choices.at(random->Below(static_cast<uint32_t>(choices.size()))).value());
  }
  const std::string_view type = TypeOf(schema);
  if (type == "object") {
    std::string out;
    JsonObject writer(&out);
    object properties;
    if (schema["properties"].get(properties) == simdjson::SUCCESS) {
      for (const auto& [key, value] : properties) {
        const std::string quoted = Quoted(key);
        writer.Raw(std::string_view(quoted).substr(1, quoted.size() - 2),
                   ValueFor(value, topic, random, depth + 1));
      }
    }
    writer.Close();
    return out;
  }
  if (type == "array") {
    element items;
    if (schema["items"].get(items) != simdjson::SUCCESS) return "[]";
    const uint32_t count = 1 + random->Below(3);
    std::string out = "[";
    for (uint32_t i = 0; i < count; ++i) {
      if (i > 0) out += ",";
      out += ValueFor(items, topic, random, depth + 1);
    }
    return out + "]";
  }
  if (type == "integer") return std::to_string(random->Below(100));
  if (type == "number")
    return std::to_string(random->Below(100)) + "." + std::to_string(1 + random->Below(9));
  if (type == "boolean") return random->Below(2) == 0 ? "true" : "false";
  if (type == "null") return "null";
  return Quoted(Sentence(topic, random));
}

}  // namespace

std::string JsonAnswer(std::string_view topic, Random* random) {
  std::string points = "[";
  const uint32_t count = 2 + random->Below(3);
  for (uint32_t i = 0; i < count; ++i) {
    if (i > 0) points += ", ";
    points += Quoted(Sentence(topic, random));
  }
  points += "]";
  return "{\n  \"topic\": " + Quoted(topic) +
         ",\n  \"summary\": " + Quoted(Sentence(topic, random)) + ",\n  \"points\": " + points +
         ",\n  \"confidence\": 0." + std::to_string(1 + random->Below(9)) +
         ",\n  \"reviewed\": " + (random->Below(2) == 0 ? "true" : "false") + "\n}";
}

std::string JsonAnswerForSchema(std::string_view schema, std::string_view topic, Random* random) {
  JsonReader reader;
  element root;
  if (reader.Parse(schema, &root) != simdjson::SUCCESS) return "null";
  return ValueFor(root, topic, random, 0);
}

}  // namespace genwatch::ollama_sim

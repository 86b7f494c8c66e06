#ifndef GENWATCH_TESTS_OLLAMA_SIM_JSON_WRITER_H_
#define GENWATCH_TESTS_OLLAMA_SIM_JSON_WRITER_H_

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace genwatch::ollama_sim {

enum class JsonEscapes {
  kGo,     // < > & U+2028 U+2029 and control characters escaped, other text raw: what Ollama writes
  kAscii,  // everything above U+007E escaped, pairs included: what Python's json.dumps writes
};

// Appends `text` as a JSON string with quotes. Bytes that are not UTF-8 become \ufffd, as Go does;
// half a surrogate pair (see utf8.h) becomes a lone escape, which Go never writes.
void AppendJsonString(std::string_view text, JsonEscapes escapes, std::string* out);

// Writes one JSON object member by member into a string. The object is closed by Close().
class JsonObject {
 public:
  explicit JsonObject(std::string* out, JsonEscapes escapes = JsonEscapes::kGo)
      : out_(out), escapes_(escapes) {
    out_->push_back('{');
  }

  JsonObject& Text(std::string_view key, std::string_view value);
  JsonObject& Number(std::string_view key, std::integral auto value) {
    return Raw(key, std::to_string(value));
  }
  JsonObject& Bool(std::string_view key, bool value) { return Raw(key, value ? "true" : "false"); }
  // `json` is written as it stands.
  JsonObject& Raw(std::string_view key, std::string_view json);
  void Close() { out_->push_back('}'); }

 private:
  void Key(std::string_view key);

  std::string* out_;
  JsonEscapes escapes_;
  bool first_ = true;
};

// {"error":"<message>"}, the body of every failure of Ollama.
std::string ErrorJson(std::string_view message);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_JSON_WRITER_H_

#ifndef GENWATCH_TESTS_OLLAMA_SIM_JSON_READER_H_
#define GENWATCH_TESTS_OLLAMA_SIM_JSON_READER_H_

#include <simdjson.h>

#include <string>
#include <string_view>

namespace genwatch::ollama_sim {

// Parses one JSON text. simdjson refuses lone surrogate escapes and bytes that are not UTF-8 where
// Go's decoder reads U+FFFD; such a text is repaired and parsed once more.
class JsonReader {
 public:
  // The element lives as long as the reader, and until the next Parse.
  simdjson::error_code Parse(std::string_view text, simdjson::dom::element* root);

 private:
  simdjson::dom::parser parser_;
};

// `json` with lone surrogate escapes written as \ufffd and stray bytes as U+FFFD.
std::string RepairJsonText(std::string_view json);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_JSON_READER_H_

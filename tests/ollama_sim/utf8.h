#ifndef GENWATCH_TESTS_OLLAMA_SIM_UTF8_H_
#define GENWATCH_TESTS_OLLAMA_SIM_UTF8_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace genwatch::ollama_sim {

// One code point read from the start of a text.
struct CodePoint {
  uint32_t value = 0;  // U+FFFD where the bytes are not UTF-8
  int bytes = 1;       // how many bytes it took, 1 to 4
  bool valid = true;
};

// Reads the first code point of a non-empty `text`. The halves of surrogate pairs, written as three
// bytes, are taken for valid: the simulator uses them to say "a lone escape goes here".
CodePoint ReadCodePoint(std::string_view text);

// Appends `value` in UTF-8 (a half of a surrogate pair as three bytes).
void AppendUtf8(uint32_t value, std::string* out);

inline bool IsSurrogate(uint32_t value) { return value >= 0xD800 && value <= 0xDFFF; }

// `text` with each half of a surrogate pair, and each byte that is not UTF-8, replaced by U+FFFD.
std::string ToValidUtf8(std::string_view text);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_UTF8_H_

#ifndef GENWATCH_TESTS_OLLAMA_SIM_TOKENIZER_H_
#define GENWATCH_TESTS_OLLAMA_SIM_TOKENIZER_H_

#include <string>
#include <string_view>
#include <vector>

namespace genwatch::ollama_sim {

// Cuts `text` into pieces of about the size of a language model's tokens: short words whole and
// with the space before them, long ones in parts, CJK by character. A character outside the BMP
// takes two tokens, of which the first one is empty: a real server holds back the bytes of an
// incomplete character. The pieces joined give `text` again.
std::vector<std::string> Tokenize(std::string_view text);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_TOKENIZER_H_

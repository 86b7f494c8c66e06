#ifndef GENWATCH_TESTS_OLLAMA_SIM_PROSE_H_
#define GENWATCH_TESTS_OLLAMA_SIM_PROSE_H_

#include <string>
#include <string_view>

#include "tests/ollama_sim/random.h"

namespace genwatch::ollama_sim {

// Text that looks like a model's answer: Markdown with headings, lists, code, and characters beyond
// ASCII. All of it is a function of the state of `random` and the other arguments.

// At least `tokens` tokens, ending with a sentence; rarely more than 25 above.
std::string Prose(std::string_view topic, int tokens, Random* random);

// The same, in the manner of a model that thinks aloud.
std::string Thoughts(std::string_view topic, int tokens, Random* random);

// One sentence, for the strings of a JSON answer.
std::string Sentence(std::string_view topic, Random* random);

// The word of a prompt that the answer is about.
std::string TopicOf(std::string_view prompt);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_PROSE_H_

#ifndef GENWATCH_TESTS_OLLAMA_SIM_JSON_ANSWER_H_
#define GENWATCH_TESTS_OLLAMA_SIM_JSON_ANSWER_H_

#include <string>
#include <string_view>

#include "tests/ollama_sim/random.h"

namespace genwatch::ollama_sim {

// A JSON object about `topic`, the answer to `format: "json"`.
std::string JsonAnswer(std::string_view topic, Random* random);

// A JSON value that fits `schema` as far as type, properties, items, enum and const say. Deeper
// than 16 levels it is null.
std::string JsonAnswerForSchema(std::string_view schema, std::string_view topic, Random* random);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_JSON_ANSWER_H_

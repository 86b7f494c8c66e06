#ifndef GENWATCH_TESTS_OLLAMA_SIM_LENGTH_MODELS_H_
#define GENWATCH_TESTS_OLLAMA_SIM_LENGTH_MODELS_H_

#include <span>
#include <string_view>

#include "tests/ollama_sim/random.h"

namespace genwatch::ollama_sim {

// How long the answers to one kind of request are, in tokens, and how long its prompts. Made up, to
// try estimators on: README.md publishes them. Log-normal: half are longer than `scale`, and
// `spread` is the standard deviation of their logarithm. With a `tail` answers have a Pareto
// distribution instead: all are longer than `scale`, and the chance of more than x tokens is
// (scale / x)^tail.
struct LengthModel {
  std::string_view name;
  double share = 0;  // of all requests, where kinds are mixed
  double scale = 0;
  double spread = 0;
  double tail = 0;
  double prompt_scale = 0;
  double prompt_spread = 0;

  int DrawTokens(Random* random) const;
  int DrawPromptTokens(Random* random) const;
};

std::span<const LengthModel> AllLengthModels();

// Null if there is none of that name.
const LengthModel* FindLengthModel(std::string_view name);

// One of AllLengthModels, by their shares.
const LengthModel& DrawLengthModel(Random* random);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_LENGTH_MODELS_H_

#ifndef GENWATCH_TESTS_OLLAMA_SIM_MODELS_H_
#define GENWATCH_TESTS_OLLAMA_SIM_MODELS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tests/ollama_sim/prefill.h"

namespace genwatch::ollama_sim {

enum class ModelKind {
  kProse,   // Markdown prose
  kFlaky,   // prose; the first request of each prompt fails in one of three ways
  kBroken,  // always fails
  kBench,   // chunks that carry the instant of their writing
  kNoop,    // one chunk, at once
};

// A model that the simulator offers. Rates are for --speed 1.
struct Model {
  std::string_view name;
  std::string_view description;  // shown by --help
  ModelKind kind = ModelKind::kProse;
  double tokens_per_second = 0;
  double prompt_tokens_per_second = 0;
  int min_tokens = 0;  // of the answer, when nothing else cuts it
  int max_tokens = 0;
  bool thinks = false;
  bool uses_tools = false;
  Prefill prefill = Prefill::kContinue;
  bool to_be_pulled = false;  // not there before POST /api/pull
  int64_t load_ms = 0;        // the silence of a cold start
  int parallel = 0;           // 0: what --num_parallel says
  int64_t size_bytes = 0;
  std::string_view parameter_size;
  std::string_view quantization;
  std::string_view family;
  int context_length = 0;  // of the training
};

std::span<const Model> AllModels();

// Null if there is none of that name. Names are exact, as those of Ollama with their tag.
const Model* FindModel(std::string_view name);

// 64 hex digits, always the same for a model.
std::string DigestOf(const Model& model);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_MODELS_H_

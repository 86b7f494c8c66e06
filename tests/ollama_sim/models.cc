#include "tests/ollama_sim/models.h"

#include <cstdio>

#include "tests/ollama_sim/random.h"

namespace genwatch::ollama_sim {
namespace {

constexpr int64_t kMB = 1'000'000;

// A short cold start, so that a loading phase can be seen with every model.
constexpr int64_t kShortLoadMs = 300;

// Enough for every load client on one machine.
constexpr int kBenchParallel = 4096;

constexpr Model kModels[] = {
    {.name = "sim-fast:1b",
     .description = "fast: about 120 tokens/s, 100 to 300 tokens",
     .tokens_per_second = 120,
     .prompt_tokens_per_second = 2400,
     .min_tokens = 100,
     .max_tokens = 300,
     .load_ms = kShortLoadMs,
     .size_bytes = 1321 * kMB,
     .parameter_size = "1.2B",
     .quantization = "Q8_0",
     .family = "llama",
     .context_length = 131072},
    {.name = "sim-medium:8b",
     .description = "everyday: about 25 tokens/s, 80 to 400 tokens; knows tools",
     .tokens_per_second = 25,
     .prompt_tokens_per_second = 500,
     .min_tokens = 80,
     .max_tokens = 400,
     .uses_tools = true,
     .load_ms = kShortLoadMs,
     .size_bytes = 4920 * kMB,
     .parameter_size = "8.0B",
     .quantization = "Q4_K_M",
     .family = "llama",
     .context_length = 131072},
    {.name = "sim-slow:70b",
     .description = "slow: about 6 tokens/s, 60 to 240 tokens",
     .tokens_per_second = 6,
     .prompt_tokens_per_second = 60,
     .min_tokens = 60,
     .max_tokens = 240,
     .load_ms = kShortLoadMs,
     .size_bytes = 42520 * kMB,
     .parameter_size = "70.6B",
     .quantization = "Q4_K_M",
     .family = "llama",
     .context_length = 131072},
    {.name = "sim-thinker:8b",
     .description = "thinks before it answers: about 40 tokens/s; honours think",
     .tokens_per_second = 40,
     .prompt_tokens_per_second = 700,
     .min_tokens = 60,
     .max_tokens = 250,
     .thinks = true,
     .uses_tools = true,
     .load_ms = kShortLoadMs,
     .size_bytes = 5225 * kMB,
     .parameter_size = "8.2B",
     .quantization = "Q4_K_M",
     .family = "qwen3",
     .context_length = 40960},
    {.name = "sim-loader:13b",
     .description =
         "slow to load: 4 s of silence before the first answer, and after keep_alive ran out",
     .tokens_per_second = 40,
     .prompt_tokens_per_second = 400,
     .min_tokens = 80,
     .max_tokens = 250,
     .load_ms = 4000,
     .size_bytes = 7866 * kMB,
     .parameter_size = "13.0B",
     .quantization = "Q4_0",
     .family = "llama",
     .context_length = 16384},
    {.name = "sim-flaky:8b",
     .description = "fails at the first request of each prompt: by the prompt, an error line, a "
                    "500, or an end "
                    "without done; the second request succeeds",
     .kind = ModelKind::kFlaky,
     .tokens_per_second = 40,
     .prompt_tokens_per_second = 500,
     .min_tokens = 80,
     .max_tokens = 250,
     .load_ms = kShortLoadMs,
     .size_bytes = 4661 * kMB,
     .parameter_size = "8.0B",
     .quantization = "Q4_0",
     .family = "llama",
     .context_length = 8192},
    {.name = "sim-broken:8b",
     .description = "always fails: 500, model runner has unexpectedly stopped",
     .kind = ModelKind::kBroken,
     .tokens_per_second = 40,
     .prompt_tokens_per_second = 500,
     .min_tokens = 80,
     .max_tokens = 250,
     .load_ms = kShortLoadMs,
     .size_bytes = 4661 * kMB,
     .parameter_size = "8.0B",
     .quantization = "Q4_0",
     .family = "llama",
     .context_length = 8192},
    {.name = "sim-single:8b",
     .description = "serves one request at once, whatever --num_parallel says, as some "
                    "architectures do; about 40 tokens/s",
     .tokens_per_second = 40,
     .prompt_tokens_per_second = 500,
     .min_tokens = 80,
     .max_tokens = 250,
     .load_ms = kShortLoadMs,
     .parallel = 1,
     .size_bytes = 4661 * kMB,
     .parameter_size = "8.0B",
     .quantization = "Q4_0",
     .family = "mllama",
     .context_length = 8192},
    {.name = "sim-anew:8b",
     .description =
         "can't go on with a partial answer: its template closes the turn, and it begins "
         "anew; about 40 tokens/s",
     .tokens_per_second = 40,
     .prompt_tokens_per_second = 500,
     .min_tokens = 80,
     .max_tokens = 250,
     .prefill = Prefill::kRestart,
     .load_ms = kShortLoadMs,
     .size_bytes = 4661 * kMB,
     .parameter_size = "8.0B",
     .quantization = "Q4_0",
     .family = "llama",
     .context_length = 8192},
    {.name = "sim-bench:1b",
     .description =
         "for measuring: exactly 50 chunks/s, num_predict of them (250), each `@<unix us>;`, the "
         "instant of its writing; any number at once",
     .kind = ModelKind::kBench,
     .tokens_per_second = 50,
     .prompt_tokens_per_second = 1e9,
     .min_tokens = 250,
     .max_tokens = 250,
     .parallel = kBenchParallel,
     .size_bytes = 1321 * kMB,
     .parameter_size = "1.2B",
     .quantization = "Q8_0",
     .family = "llama",
     .context_length = 131072},
    {.name = "sim-swift:1b",
     .description = "for many small jobs: 400 tokens/s, 20 to 200 tokens; any number at once",
     .tokens_per_second = 400,
     .prompt_tokens_per_second = 1e6,
     .min_tokens = 20,
     .max_tokens = 200,
     .load_ms = kShortLoadMs,
     .parallel = kBenchParallel,
     .size_bytes = 1321 * kMB,
     .parameter_size = "1.2B",
     .quantization = "Q8_0",
     .family = "llama",
     .context_length = 131072},
    {.name = "sim-pulled:3b",
     .description = "is not there before it is pulled; about 60 tokens/s",
     .tokens_per_second = 60,
     .prompt_tokens_per_second = 1200,
     .min_tokens = 80,
     .max_tokens = 250,
     .to_be_pulled = true,
     .load_ms = kShortLoadMs,
     .size_bytes = 2019 * kMB,
     .parameter_size = "3.2B",
     .quantization = "Q4_K_M",
     .family = "llama",
     .context_length = 131072},
    {.name = "sim-noop:1b",
     .description = "for measuring: one chunk and the end, at once; any number at once",
     .kind = ModelKind::kNoop,
     .tokens_per_second = 1e9,
     .prompt_tokens_per_second = 1e9,
     .min_tokens = 1,
     .max_tokens = 1,
     .parallel = kBenchParallel,
     .size_bytes = 1321 * kMB,
     .parameter_size = "1.2B",
     .quantization = "Q8_0",
     .family = "llama",
     .context_length = 131072},
};

}  // namespace

std::span<const Model> AllModels() { return kModels; }

const Model* FindModel(std::string_view name) {
  for (const Model& model : kModels) {
    if (model.name == name) return &model;
  }
  return nullptr;
}

std::string DigestOf(const Model& model) {
  Random random(HashAdd(kHashStart, model.name));
  std::string digest;
  for (int i = 0; i < 4; ++i) {
    char part[17];
    std::snprintf(part, sizeof(part), "%016llx", static_cast<unsigned long long>(random.Next()));
    digest += part;
  }
  return digest;
}

}  // namespace genwatch::ollama_sim

#ifndef GENWATCH_TESTS_OLLAMA_SIM_RANDOM_H_
#define GENWATCH_TESTS_OLLAMA_SIM_RANDOM_H_

#include <cstdint>
#include <string_view>

namespace genwatch::ollama_sim {

// SplitMix64. The standard library's distributions may differ between implementations, and the
// answers must not.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  // Uniform in [0, bound); bound > 0. The bias of the remainder is below 2^-32 here.
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(Next() >> 32) % bound; }

 private:
  uint64_t state_;
};

// FNV-1a over `text`, continuing from `hash`; a separator keeps ("ab", "c") and ("a", "bc") apart.
inline uint64_t HashAdd(uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (hash ^ 0xff) * 0x100000001b3ULL;
}

constexpr uint64_t kHashStart = 0xcbf29ce484222325ULL;

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_RANDOM_H_

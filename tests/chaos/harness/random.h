#ifndef GENWATCH_TESTS_CHAOS_HARNESS_RANDOM_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_RANDOM_H_

#include <cstdint>
#include <string_view>

#include "absl/time/time.h"

namespace genwatch::chaos {

// Numbers that depend on the seed alone: the same on every machine and with every library, so that
// a seed names a schedule of faults. Not thread-safe.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // A sequence of its own for each name: what one part draws does not shift what another gets.
  Random Fork(std::string_view name) const {
    uint64_t hash = state_ ^ 0xcbf29ce484222325;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return Random(hash);
  }

  // splitmix64
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // In [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

  // Both ends included.
  int Between(int least, int most) {
    return least + static_cast<int>(Unit() * (static_cast<double>(most) - least + 1));
  }
  absl::Duration Between(absl::Duration least, absl::Duration most) {
    return least + (most - least) * Unit();
  }

 private:
  uint64_t state_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_RANDOM_H_

#ifndef GENWATCH_TESTS_BENCH_FANOUT_HISTOGRAM_H_
#define GENWATCH_TESTS_BENCH_FANOUT_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace genwatch::bench {

// Microseconds, exact below 64, then 64 buckets for each power of two (an error below 1.6 %). Of
// constant size, however long the run. Not thread-safe.
class Histogram {
 public:
  // A negative value counts as 0: the clocks of the two ends differ by that little.
  void Add(int64_t microseconds);

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }
  // `share` from 0 to 1; 0 if nothing was added.
  uint64_t Quantile(double share) const;

 private:
  static constexpr unsigned kSubBits = 6;
  static constexpr uint64_t kSub = 1u << kSubBits;

  static size_t IndexOf(uint64_t value);
  static uint64_t UpperEnd(size_t index);

  std::array<uint64_t, (64 - kSubBits + 1) * kSub> buckets_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace genwatch::bench

#endif  // GENWATCH_TESTS_BENCH_FANOUT_HISTOGRAM_H_

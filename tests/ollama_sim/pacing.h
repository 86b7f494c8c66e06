#ifndef GENWATCH_TESTS_OLLAMA_SIM_PACING_H_
#define GENWATCH_TESTS_OLLAMA_SIM_PACING_H_

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

namespace genwatch::ollama_sim {

// Spreads periodic streams over their period: the k-th stream running at the same time gets the
// k-th number of the van der Corput sequence, so that any number of them is spread evenly, whenever
// each began.
class Phases {
 public:
  // The smallest index that is free.
  int Take() {
    int index = 0;
    while (taken_.contains(index)) ++index;
    taken_.insert(index);
    return index;
  }
  void Give(int index) { taken_.erase(index); }

  // In [0, 1): 0, 1/2, 1/4, 3/4, 1/8, ...
  static double Fraction(int index) {
    double fraction = 0;
    double step = 0.5;
    for (auto bits = static_cast<unsigned>(index); bits != 0; bits >>= 1, step /= 2) {
      if (bits & 1) fraction += step;
    }
    return fraction;
  }

 private:
  std::set<int> taken_;
};

// Counts durations by the microsecond, to tell their quantiles.
class MicrosecondHistogram {
 public:
  void Add(int64_t us) {
    us = std::max<int64_t>(us, 0);
    max_us_ = std::max(max_us_, us);
    ++buckets_[static_cast<size_t>(std::min<int64_t>(us, kBuckets - 1))];
    ++count_;
  }

  // The smallest value that `quantile` of all are not above; values of 100 ms and more count as
  // that.
  int64_t Quantile(double quantile) const {
    const double wanted = quantile * static_cast<double>(count_);
    int64_t seen = 0;
    for (size_t us = 0; us < buckets_.size(); ++us) {
      seen += buckets_[us];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return static_cast<int64_t>(us);
    }
    return 0;
  }

  int64_t count() const { return count_; }
  int64_t max_us() const { return max_us_; }

 private:
  static constexpr int64_t kBuckets = 100'001;
  std::vector<int64_t> buckets_ = std::vector<int64_t>(kBuckets);
  int64_t count_ = 0;
  int64_t max_us_ = 0;
};

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_PACING_H_

#include "tests/bench/fanout/histogram.h"

#include <algorithm>
#include <bit>

namespace genwatch::bench {

void Histogram::Add(int64_t microseconds) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(microseconds, 0));
  ++buckets_[IndexOf(value)];
  ++count_;
  max_ = std::max(max_, value);
}

uint64_t Histogram::Quantile(double share) const {
  if (count_ == 0) return 0;
  const auto rank = static_cast<uint64_t>(share * static_cast<double>(count_ - 1));
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen > rank) return std::min(UpperEnd(i), max_);
  }
  return max_;
}

size_t Histogram::IndexOf(uint64_t value) {
  if (value < kSub) return value;
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
  return (shift + 1) * kSub + ((value >> shift) - kSub);
}

uint64_t Histogram::UpperEnd(size_t index) {
  if (index < kSub) return index;
  const unsigned shift = static_cast<unsigned>(index / kSub) - 1;
  return ((kSub + index % kSub + 1) << shift) - 1;
}

}  // namespace genwatch::bench

#include "job_service/log_histogram.h"

#include <algorithm>
#include <cmath>

namespace genwatch {
namespace {

constexpr double kBucketsPerDoubling = 8;
constexpr double kGreatest = 1e12;

uint32_t BucketOf(double value) {
  if (!(value > 1)) return 0;
  return static_cast<uint32_t>(kBucketsPerDoubling * std::log2(std::min(value, kGreatest)));
}

void AddCount(uint32_t bucket, uint32_t count, v1::LogHistogram& histogram) {
  auto& buckets = *histogram.mutable_buckets();
  auto& counts = *histogram.mutable_counts();
  const auto at = std::lower_bound(buckets.begin(), buckets.end(), bucket);
  const int index = static_cast<int>(at - buckets.begin());
  if (at != buckets.end() && *at == bucket) {
    counts.Set(index, counts.Get(index) + count);
    return;
  }
  buckets.Add(bucket);
  counts.Add(count);
  std::rotate(buckets.begin() + index, buckets.end() - 1, buckets.end());
  std::rotate(counts.begin() + index, counts.end() - 1, counts.end());
}

}  // namespace

void AddValue(double value, v1::LogHistogram& histogram) {
  histogram.set_sum(histogram.sum() + std::max(0.0, value));
  AddCount(BucketOf(value), 1, histogram);
}

void AddHistogram(const v1::LogHistogram& more, v1::LogHistogram& histogram) {
  histogram.set_sum(histogram.sum() + more.sum());
  for (int i = 0; i < std::min(more.buckets_size(), more.counts_size()); ++i) {
    AddCount(more.buckets(i), more.counts(i), histogram);
  }
}

uint32_t CountOf(const v1::LogHistogram& histogram) {
  uint32_t count = 0;
  for (const uint32_t one : histogram.counts()) count += one;
  return count;
}

double MeanOf(const v1::LogHistogram& histogram) {
  const uint32_t count = CountOf(histogram);
  return count > 0 ? histogram.sum() / count : 0;
}

double MedianOf(const v1::LogHistogram& histogram) {
  const uint32_t half = (CountOf(histogram) + 1) / 2;
  uint32_t seen = 0;
  for (int i = 0; i < std::min(histogram.buckets_size(), histogram.counts_size()); ++i) {
    seen += histogram.counts(i);
    if (seen < half) continue;
    // The middle of the bucket.
    const uint32_t bucket = histogram.buckets(i);
    return bucket == 0 ? 0 : std::exp2((bucket + 0.5) / kBucketsPerDoubling);
  }
  return 0;
}

}  // namespace genwatch

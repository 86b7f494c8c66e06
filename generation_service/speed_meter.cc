#include "generation_service/speed_meter.h"

#include <cstddef>

namespace genwatch {
namespace {

constexpr absl::Duration kWindow = absl::Seconds(5);
constexpr absl::Duration kShortest = absl::Seconds(1);
constexpr absl::Duration kSampleInterval = absl::Milliseconds(100);

}  // namespace

void SpeedMeter::Add(double tokens, absl::Duration now) {
  const size_t size = samples_.size();
  if (size >= 2 && now - samples_[size - 2].time < kSampleInterval) {
    samples_.back() = {now, tokens};
  } else {
    samples_.push_back({now, tokens});
  }
  // One sample from before the window stays: the window starts there.
  while (samples_.size() >= 2 && samples_[1].time <= now - kWindow) samples_.pop_front();
}

double SpeedMeter::TokensPerSecond(absl::Duration now) const {
  if (samples_.empty()) return 0;
  Sample start = samples_.front();
  for (const Sample& sample : samples_) {
    if (sample.time > now - kWindow) break;
    start = sample;
  }
  const absl::Duration span = now - start.time;
  if (span < kShortest) return 0;
  return (samples_.back().tokens - start.tokens) / absl::ToDoubleSeconds(span);
}

}  // namespace genwatch

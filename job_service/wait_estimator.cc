#include "job_service/wait_estimator.h"

#include <algorithm>

namespace genwatch {
namespace {

constexpr absl::Duration kKeep = absl::Seconds(5);
constexpr size_t kMostModels = 1000;
constexpr double kMostWaitMs = 7.0 * 24 * 3600 * 1000;

}  // namespace

std::optional<uint32_t> WaitEstimator::ExpectedWaitMs(const std::string& model, uint32_t position) {
  if (position == 0) return std::nullopt;
  const absl::Duration now = clock_->Monotonic();
  double interval_ms = 0;
  bool fresh = false;
  {
    MutexLock lock(mutex_);
    if (auto it = known_.find(model); it != known_.end() && now - it->second.read < kKeep) {
      interval_ms = it->second.interval_ms;
      fresh = true;
    }
  }
  if (!fresh) {
    interval_ms = store_->LeaseIntervalMs(model).value_or(0);
    MutexLock lock(mutex_);
    if (known_.size() >= kMostModels) known_.clear();
    known_[model] = {.interval_ms = interval_ms, .read = now};
  }
  if (interval_ms <= 0) return std::nullopt;
  return static_cast<uint32_t>(std::min(interval_ms * position, kMostWaitMs));
}

}  // namespace genwatch

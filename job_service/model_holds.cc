#include "job_service/model_holds.h"

#include <algorithm>

namespace genwatch {
namespace {

constexpr absl::Duration kKeep = absl::Milliseconds(250);

}  // namespace

absl::StatusOr<std::vector<ModelHold>> ModelHolds::List() {
  const absl::Duration now = clock_->Monotonic();
  uint64_t epoch = 0;
  {
    MutexLock lock(mutex_);
    if (now - read_ < kKeep) return holds_;
    epoch = epoch_;
  }
  absl::StatusOr<std::vector<ModelHold>> holds = store_->ListHolds();
  if (!holds.ok()) return holds;
  MutexLock lock(mutex_);
  if (epoch == epoch_) {
    read_ = now;
    holds_ = *holds;
  }
  return holds;
}

void ModelHolds::Forget() {
  MutexLock lock(mutex_);
  ++epoch_;
  read_ = -absl::InfiniteDuration();
}

bool IsHeld(const std::vector<ModelHold>& holds, const std::string& model) {
  return std::any_of(holds.begin(), holds.end(),
                     [&model](const ModelHold& hold) { return hold.model == model; });
}

}  // namespace genwatch

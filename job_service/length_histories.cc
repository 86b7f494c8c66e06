#include "job_service/length_histories.h"

#include "job_service/length_lesson.h"

namespace genwatch {
namespace {

// A few KiB each. Job classes are the callers' own words: there may be any number of them.
constexpr size_t kMostKinds = 256;

}  // namespace

absl::StatusOr<v1::LengthHistory> LengthHistories::Of(const v1::JobSpec& spec) {
  const Kind kind(spec.model(), spec.job_class(), spec.think());
  const absl::Duration now = clock_->Monotonic();
  {
    MutexLock lock(mutex_);
    const auto found = known_.find(kind);
    if (found != known_.end() && now - found->second.read_at < fresh_for_) {
      return found->second.history;
    }
  }
  absl::StatusOr<v1::LengthHistory> history = store_->History(spec);
  if (!history.ok()) return history;
  SortLengths(*history);
  MutexLock lock(mutex_);
  if (known_.size() >= kMostKinds) known_.clear();
  known_[kind] = {.read_at = now, .history = *history};
  return history;
}

}  // namespace genwatch

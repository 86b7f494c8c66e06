#include "job_service/wait_estimator.h"

#include <algorithm>
#include <utility>

namespace genwatch {
namespace {

constexpr absl::Duration kKeep = absl::Seconds(5);
// Between two jobs a slot is empty for a moment; it is no fewer for that.
constexpr absl::Duration kKeepSlots = absl::Seconds(30);
constexpr size_t kMostModels = 1000;
constexpr size_t kMostRunning = 1000;

}  // namespace

std::optional<ModelPace> WaitEstimator::Read(const std::string& model) {
  absl::StatusOr<LeasePace> recent = store_->RecentLeases(model);
  if (!recent.ok()) return std::nullopt;
  absl::StatusOr<std::vector<JobRecord>> jobs = store_->ListRunning(model, kMostRunning);
  if (!jobs.ok()) return std::nullopt;
  ModelPace pace{.recent = *recent};
  for (const JobRecord& job : *jobs) {
    RunningJob& running = pace.running.emplace_back();
    running.elapsed = absl::Milliseconds(job.numbers.elapsed_ms());
    if (job.numbers.has_remaining_ms()) {
      running.remaining = absl::Milliseconds(job.numbers.remaining_ms());
    }
  }
  pace.slots = static_cast<uint32_t>(pace.running.size());
  return pace;
}

std::optional<uint32_t> WaitEstimator::ExpectedWaitMs(const std::string& model, uint32_t position) {
  if (position == 0) return std::nullopt;
  const absl::Duration now = clock_->Monotonic();
  std::optional<Known> known;
  {
    MutexLock lock(mutex_);
    if (auto it = known_.find(model); it != known_.end()) known = it->second;
  }
  if (!known || now - known->read >= kKeep) {
    Known fresh{.pace = Read(model), .read = now, .slots_seen = now};
    if (fresh.pace && known && known->pace && known->pace->slots > fresh.pace->slots &&
        now - known->slots_seen < kKeepSlots) {
      fresh.pace->slots = known->pace->slots;
      fresh.slots_seen = known->slots_seen;
    }
    known = std::move(fresh);
    MutexLock lock(mutex_);
    if (known_.size() >= kMostModels) known_.clear();
    known_[model] = *known;
  }
  if (!known->pace) return std::nullopt;
  for (RunningJob& job : known->pace->running) {
    if (!job.remaining) continue;
    // What it has used up since is elapsed.
    const absl::Duration used = std::min(*job.remaining, now - known->read);
    *job.remaining -= used;
    job.elapsed += used;
  }
  const std::optional<absl::Duration> wait = ExpectedWait(*known->pace, position);
  if (!wait) return std::nullopt;
  return static_cast<uint32_t>(absl::ToInt64Milliseconds(*wait));
}

}  // namespace genwatch

#include "job_service/wait_estimator.h"

#include <algorithm>
#include <utility>

namespace genwatch {
namespace {

constexpr absl::Duration kKeep = absl::Seconds(5);
constexpr absl::Duration kKeepTable = absl::Milliseconds(400);
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

WaitEstimator::Known WaitEstimator::Refreshed(const std::string& model, std::optional<Known> before,
                                              absl::Duration now) {
  Known known;
  if (before && now - before->read < kKeep) {
    known = *std::move(before);
  } else {
    known = {.pace = Read(model), .read = now, .slots_seen = now};
    if (known.pace && before && before->pace && before->pace->slots > known.pace->slots &&
        now - before->slots_seen < kKeepSlots) {
      known.pace->slots = before->pace->slots;
      known.slots_seen = before->slots_seen;
    }
  }
  ModelPace pace = known.pace.value_or(ModelPace());
  for (RunningJob& job : pace.running) {
    if (!job.remaining) continue;
    // What it has used up since is elapsed.
    const absl::Duration used = std::min(*job.remaining, now - known.read);
    *job.remaining -= used;
    job.elapsed += used;
  }
  known.table = std::make_shared<const WaitTable>(pace);
  known.table_made = now;
  return known;
}

std::optional<uint32_t> WaitEstimator::ExpectedWaitMs(const std::string& model, uint32_t position) {
  if (position == 0) return std::nullopt;
  const absl::Duration now = clock_->Monotonic();
  std::shared_ptr<const WaitTable> table;
  std::optional<Known> before;
  {
    MutexLock lock(mutex_);
    if (auto it = known_.find(model); it != known_.end()) {
      if (now - it->second.table_made < kKeepTable) {
        table = it->second.table;
      } else {
        before = it->second;
      }
    }
  }
  if (table == nullptr) {
    Known known = Refreshed(model, std::move(before), now);
    table = known.table;
    MutexLock lock(mutex_);
    if (known_.size() >= kMostModels) known_.clear();
    known_[model] = std::move(known);
  }
  const std::optional<absl::Duration> wait = table->At(position);
  if (!wait) return std::nullopt;
  return static_cast<uint32_t>(absl::ToInt64Milliseconds(*wait));
}

}  // namespace genwatch

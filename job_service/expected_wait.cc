#include "job_service/expected_wait.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace genwatch {
namespace {

// Where nothing runs and nothing was leased for so long, nobody serves the queue.
constexpr absl::Duration kStandstill = absl::Seconds(30);
constexpr absl::Duration kMost = absl::Hours(7 * 24);

std::optional<absl::Duration> Interval(const LeasePace& recent) {
  if (recent.leases < 2 || recent.since_oldest <= absl::ZeroDuration()) return std::nullopt;
  return recent.since_oldest / (recent.leases - 1);
}

// How long a slot is taken by a job.
std::optional<absl::Duration> Turn(const ModelPace& pace, size_t slots) {
  absl::Duration sum;
  int known = 0;
  for (const RunningJob& job : pace.running) {
    if (!job.remaining) continue;
    sum += job.elapsed + *job.remaining;
    ++known;
  }
  std::optional<absl::Duration> turn;
  if (known > 0) turn = sum / known;
  if (const std::optional<absl::Duration> interval = Interval(pace.recent)) {
    turn = std::max(turn.value_or(absl::ZeroDuration()), *interval * slots);
  }
  return turn;
}

absl::Duration Rounded(absl::Duration wait) {
  const absl::Duration step = wait < absl::Seconds(10)   ? absl::Seconds(1)
                              : wait < absl::Minutes(1)  ? absl::Seconds(5)
                              : wait < absl::Minutes(10) ? absl::Seconds(15)
                              : wait < absl::Hours(1)    ? absl::Minutes(1)
                                                         : absl::Minutes(5);
  return std::min(absl::Ceil(wait, step), kMost);
}

}  // namespace

WaitTable::WaitTable(const ModelPace& pace) {
  if (pace.running.empty() && (pace.recent.leases == 0 || pace.recent.since_newest > kStandstill)) {
    return;
  }
  const size_t slots = std::max<size_t>({pace.slots, pace.running.size(), 1});
  turn_ = Turn(pace, slots);
  // A slot without a job is free now.
  std::vector<absl::Duration> free(slots - pace.running.size());
  for (const RunningJob& job : pace.running) {
    if (!job.remaining && !turn_) return;
    free.push_back(job.remaining ? std::max(*job.remaining, absl::ZeroDuration()) : *turn_ / 2);
  }
  std::sort(free.begin(), free.end());
  free_ = std::move(free);
}

std::optional<absl::Duration> WaitTable::At(uint32_t position) const {
  if (position == 0 || free_.empty()) return std::nullopt;
  const size_t round = (position - 1) / free_.size();
  if (round > 0 && !turn_) return std::nullopt;
  absl::Duration wait = free_[(position - 1) % free_.size()];
  if (round > 0) wait += *turn_ * static_cast<int64_t>(round);
  return Rounded(wait);
}

}  // namespace genwatch

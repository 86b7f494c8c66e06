#ifndef GENWATCH_JOB_SERVICE_EXPECTED_WAIT_H_
#define GENWATCH_JOB_SERVICE_EXPECTED_WAIT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"

namespace genwatch {

// The leases of a model in the last ten minutes, at most 33 of them, the newest first.
struct LeasePace {
  uint32_t leases = 0;
  // From the oldest of them, and from the newest, until now.
  absl::Duration since_oldest;
  absl::Duration since_newest;
};

struct RunningJob {
  // Spent processing so far.
  absl::Duration elapsed;
  // As estimated; unknown while nothing is known about jobs of its kind.
  std::optional<absl::Duration> remaining;
};

// How fast the queue of a model moves.
struct ModelPace {
  LeasePace recent;
  std::vector<RunningJob> running;
  // Most jobs of it that ran at once lately; at least those that run.
  uint32_t slots = 0;
};

// How long jobs will wait. The first of them wait for the running jobs to end, in the order of what
// remains; each round after them takes as long as a job does, which is seen from the running jobs
// and from the leases of late, and of the two is the longer. Immutable.
class WaitTable {
 public:
  explicit WaitTable(const ModelPace& pace);

  // Of the job at `position` (from 1). Unknown where the evidence is missing, or the queue stands
  // still. Rounded up to steps that fit its size, so that it does not change all the time. O(1).
  std::optional<absl::Duration> At(uint32_t position) const;

 private:
  // When each slot is free; empty: nothing is known.
  std::vector<absl::Duration> free_;
  // How long a slot is taken by a job.
  std::optional<absl::Duration> turn_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_EXPECTED_WAIT_H_

#ifndef GENWATCH_JOB_SERVICE_WORKER_WATCH_H_
#define GENWATCH_JOB_SERVICE_WORKER_WATCH_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "job_service/job_store.h"

namespace genwatch {

// Which workers are lost: those seen with the same heartbeat number for 4 s of the observer's own
// monotonic clock, while all its looks succeeded. Pure; not thread-safe.
class WorkerWatch {
 public:
  static constexpr absl::Duration kLostAfter = absl::Seconds(4);
  // Two looks further apart than this say nothing about the time in between: the observer itself
  // stood still.
  static constexpr absl::Duration kMostBetweenLooks = absl::Seconds(2);

  // Takes in what a look found at `now`; answers the workers to take for lost.
  std::vector<WorkerRecord> Observe(absl::Span<const WorkerRecord> workers, absl::Duration now);

  // A look failed: the observation starts anew.
  void Forget() { seen_.clear(); }

 private:
  struct Seen {
    uint32_t number = 0;
    absl::Duration since;
  };

  std::map<std::string, Seen> seen_;
  absl::Duration last_look_ = -absl::InfiniteDuration();
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_WORKER_WATCH_H_

#ifndef GENWATCH_JOB_SERVICE_QUEUE_FEEDER_H_
#define GENWATCH_JOB_SERVICE_QUEUE_FEEDER_H_

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/log_every.h"
#include "common/mutex.h"
#include "job_service/job.h"
#include "job_service/job_queue.h"

namespace genwatch {

QueueEntry QueueEntryOf(const JobRecord& job);

// Whether it belongs into the queue now: QUEUED, and not waiting for the time of a retry.
bool IsDue(const JobRecord& job);

// Puts jobs whose change of state is committed into the queue or out of it. What could not be put
// in is remembered for the reconciler, who tries again; what a crash makes it forget the ledger
// knows. Thread-safe.
class QueueFeeder {
 public:
  explicit QueueFeeder(JobQueue* queue) : queue_(queue), trouble_(absl::Seconds(10)) {}

  struct Missed {
    std::vector<std::string> job_ids;
    // There were more than are remembered.
    bool more = false;
  };

  // Those of the jobs that are due.
  void Enqueue(absl::Span<const JobRecord> jobs);
  void Remove(const JobRecord& job);
  // Its priority changed while it waits.
  void Reprioritize(const JobRecord& job);

  // What could not be put in since the last call.
  Missed TakeMissed();
  // Gives back what was taken and could not be looked at.
  void Remember(const Missed& missed);

 private:
  void RememberLocked(const std::string& job_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  JobQueue* const queue_;
  LogEvery trouble_;
  Mutex mutex_;
  Missed missed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_QUEUE_FEEDER_H_

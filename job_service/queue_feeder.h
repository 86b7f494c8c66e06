#ifndef GENWATCH_JOB_SERVICE_QUEUE_FEEDER_H_
#define GENWATCH_JOB_SERVICE_QUEUE_FEEDER_H_

#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/log_every.h"
#include "job_service/job.h"
#include "job_service/job_queue.h"

namespace genwatch {

QueueEntry QueueEntryOf(const JobRecord& job);

// Whether it belongs into the queue now: QUEUED, and not waiting for the time of a retry.
bool IsDue(const JobRecord& job);

// Puts jobs whose change of state is committed into the queue or out of it. What fails here is
// logged, counted on nobody, and found by the reconciler: the ledger knows that they wait.
// Thread-safe.
class QueueFeeder {
 public:
  explicit QueueFeeder(JobQueue* queue) : queue_(queue), trouble_(absl::Seconds(10)) {}

  // Those of the jobs that are due.
  void Enqueue(absl::Span<const JobRecord> jobs);
  void Remove(const JobRecord& job);
  // Its priority changed while it waits.
  void Reprioritize(const JobRecord& job);

 private:
  JobQueue* const queue_;
  LogEvery trouble_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_QUEUE_FEEDER_H_

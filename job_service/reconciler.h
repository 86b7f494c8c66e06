#ifndef GENWATCH_JOB_SERVICE_RECONCILER_H_
#define GENWATCH_JOB_SERVICE_RECONCILER_H_

#include <cstdint>
#include <string>

#include "common/log_every.h"
#include "job_service/job_queue.h"
#include "job_service/job_store.h"
#include "job_service/queue_feeder.h"

namespace genwatch {

// Keeps the queue in step with the ledger: fills a new or emptied Redis, queues retries that are
// due, ends what waited too long, and, slowly and always, re-adds what is missing and sweeps what
// no longer waits. Each replica has one; two at work are harmless. Run() is called a few times a
// second by one thread.
class Reconciler {
 public:
  Reconciler(JobStore* store, JobQueue* queue, QueueFeeder* feeder)
      : store_(store), queue_(queue), feeder_(feeder), trouble_(absl::Seconds(10)) {}

  void Run();

 private:
  absl::Status RunOnce();
  absl::Status Rebuild(const std::string& server_id);
  // Re-adds one page of waiting jobs, and goes on from there the next time.
  absl::Status WalkOnePage();
  // Looks at one page of one model's queue.
  absl::Status SweepOnePage();

  JobStore* const store_;
  JobQueue* const queue_;
  QueueFeeder* const feeder_;
  uint64_t runs_ = 0;
  uint64_t walk_after_ = 0;
  std::string sweep_model_;
  uint32_t sweep_from_ = 0;
  LogEvery trouble_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_RECONCILER_H_

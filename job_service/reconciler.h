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
// due and what could not be queued before, ends what waited too long, and, slowly and always,
// re-adds what is missing and sweeps what no longer waits. Each replica has one; two at work are
// harmless. Run() is called a few times a second by one thread, and takes a second or two at most.
class Reconciler {
 public:
  // A walk over all that waits is made in parts of so many pages of 1,000.
  static constexpr int kPagesPerRun = 20;

  Reconciler(JobStore* store, JobQueue* queue, QueueFeeder* feeder,
             int pages_per_run = kPagesPerRun)
      : store_(store),
        queue_(queue),
        feeder_(feeder),
        pages_per_run_(pages_per_run),
        trouble_(absl::Seconds(10)) {}

  void Run();

 private:
  absl::Status RunOnce();
  // A walk over all that waits, and where it is.
  struct FullWalk {
    // Of the server that it fills; empty: none is under way.
    std::string server_id;
    uint64_t after = 0;
    uint32_t added = 0;
    // The server is marked as filled: what is left is what came meanwhile.
    bool marked = false;
  };

  // Goes on with the full walk that is due or under way. True if none is left.
  absl::StatusOr<bool> WalkAll();
  absl::Status QueueMissed();
  // Re-adds one page of waiting jobs, and goes on from there the next time.
  absl::Status WalkOnePage();
  // Looks at one page of one model's queue.
  absl::Status SweepOnePage();

  JobStore* const store_;
  JobQueue* const queue_;
  QueueFeeder* const feeder_;
  const int pages_per_run_;
  FullWalk full_walk_;
  uint64_t runs_ = 0;
  uint64_t looks_ = 0;
  uint64_t walk_after_ = 0;
  std::string sweep_model_;
  uint32_t sweep_from_ = 0;
  LogEvery trouble_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_RECONCILER_H_

#ifndef GENWATCH_JOB_SERVICE_REAPER_H_
#define GENWATCH_JOB_SERVICE_REAPER_H_

#include "common/clock.h"
#include "common/log_every.h"
#include "job_service/job_store.h"
#include "job_service/ledger_health.h"
#include "job_service/queue_feeder.h"
#include "job_service/worker_watch.h"

namespace genwatch {

// Takes jobs from workers that are lost and gives them back to the queue. Each replica has one; two
// that see the same loss are harmless, because the release matches the heartbeat number that was
// seen. Run() is called twice a second by one thread.
class Reaper {
 public:
  Reaper(JobStore* store, QueueFeeder* feeder, LedgerHealth* health, const Clock* clock)
      : store_(store),
        feeder_(feeder),
        health_(health),
        clock_(clock),
        trouble_(absl::Seconds(10)) {}

  void Run();

 private:
  absl::Status Look();

  JobStore* const store_;
  QueueFeeder* const feeder_;
  LedgerHealth* const health_;
  const Clock* const clock_;
  WorkerWatch watch_;
  LogEvery trouble_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_REAPER_H_

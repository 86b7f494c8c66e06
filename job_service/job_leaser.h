#ifndef GENWATCH_JOB_SERVICE_JOB_LEASER_H_
#define GENWATCH_JOB_SERVICE_JOB_LEASER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/clock.h"
#include "genwatch/v1/job_lease_service.pb.h"
#include "job_service/job_queue.h"
#include "job_service/job_store.h"
#include "job_service/ledger_health.h"
#include "job_service/length_histories.h"
#include "job_service/model_holds.h"
#include "job_service/queue_feeder.h"

namespace genwatch {

// One look for work: pops what the worker could start, leases it in the ledger, and tells the
// queue what became of it. Blocking; thread-safe.
class JobLeaser {
 public:
  JobLeaser(JobStore* store, JobQueue* queue, QueueFeeder* feeder, ModelHolds* holds,
            const LedgerHealth* health, uint32_t max_output_bytes, const Clock* clock = RealClock())
      : store_(store),
        queue_(queue),
        feeder_(feeder),
        holds_(holds),
        health_(health),
        max_output_bytes_(max_output_bytes),
        histories_(store, clock) {}

  // Empty when there is nothing to lease. A failure of the queue or the ledger is an error; what
  // was popped is put back then, at the latest after 5 s by any replica.
  absl::StatusOr<v1::LeaseJobsResponse> Lease(const v1::LeaseJobsRequest& request);

  // The caller was not told of these leases, and will not be: another one may have the jobs at
  // once. What fails here is put right some heartbeats later, as with any lease that was never
  // received.
  void GiveBack(const v1::LeaseJobsRequest& request, const v1::LeaseJobsResponse& found);

 private:
  absl::Status LeaseModel(const v1::LeaseJobsRequest& request, const std::string& model,
                          const std::vector<PoppedJob>& popped, std::vector<PoppedJob>& suspects,
                          std::vector<JobRecord>& leased);
  void GiveBack(const v1::LeaseJobsRequest& request, absl::Span<const v1::HeldJob> leases);
  // As much of it as a channel takes; the rest is given back.
  v1::LeaseJobsResponse AnswerOf(const v1::LeaseJobsRequest& request,
                                 const std::vector<JobRecord>& leased);
  v1::LeasedJob ToLeasedJob(const JobRecord& job);
  // What the attempt goes on from.
  absl::Status FillKeptText(const JobRecord& job, v1::LeasedJob& leased);

  JobStore* const store_;
  JobQueue* const queue_;
  QueueFeeder* const feeder_;
  ModelHolds* const holds_;
  const LedgerHealth* const health_;
  const uint32_t max_output_bytes_;
  LengthHistories histories_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_LEASER_H_

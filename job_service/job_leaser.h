#ifndef GENWATCH_JOB_SERVICE_JOB_LEASER_H_
#define GENWATCH_JOB_SERVICE_JOB_LEASER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "genwatch/v1/job_lease_service.pb.h"
#include "job_service/job_queue.h"
#include "job_service/job_store.h"
#include "job_service/ledger_health.h"

namespace genwatch {

// One look for work: pops what the worker could start, leases it in the ledger, and tells the
// queue what became of it. Blocking; thread-safe.
class JobLeaser {
 public:
  JobLeaser(JobStore* store, JobQueue* queue, const LedgerHealth* health, uint32_t max_output_bytes,
            const Clock* clock = RealClock())
      : store_(store),
        queue_(queue),
        health_(health),
        max_output_bytes_(max_output_bytes),
        clock_(clock) {}

  // Empty when there is nothing to lease. A failure of the queue or the ledger is an error; what
  // was popped is put back then, at the latest after 5 s by any replica.
  absl::StatusOr<v1::LeaseJobsResponse> Lease(const v1::LeaseJobsRequest& request);

 private:
  absl::Status LeaseModel(const v1::LeaseJobsRequest& request, const std::string& model,
                          const std::vector<PoppedJob>& popped, v1::LeaseJobsResponse& response);
  v1::LeasedJob ToLeasedJob(const JobRecord& job);
  // At most a second old: it only spares looks, the lease itself checks the hold.
  absl::StatusOr<std::vector<std::string>> Holds();

  JobStore* const store_;
  JobQueue* const queue_;
  const LedgerHealth* const health_;
  const uint32_t max_output_bytes_;
  const Clock* const clock_;
  Mutex mutex_;
  absl::Duration holds_read_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  std::vector<std::string> holds_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_LEASER_H_

#ifndef GENWATCH_JOB_SERVICE_JOB_CONTROL_H_
#define GENWATCH_JOB_SERVICE_JOB_CONTROL_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "genwatch/v1/generation_service.pb.h"
#include "job_service/job_store.h"
#include "job_service/queue_feeder.h"

namespace genwatch {

// What owners order: cancel. Blocking; thread-safe.
class JobControl {
 public:
  // Tells the worker of a running job to stop it now (WorkerClient::Stop).
  using Stop = std::function<absl::StatusOr<v1::StopGenerationResponse>(
      const std::string& address, const std::string& job_id, uint32_t version,
      v1::StopReason reason)>;

  JobControl(JobStore* store, QueueFeeder* feeder, Stop stop)
      : store_(store), feeder_(feeder), stop_(std::move(stop)) {}

  // The job as it is afterwards. A job that is cancelled already answers itself.
  // NOT_FOUND for a job of somebody else, FAILED_PRECONDITION (WRONG_STATE) for one that ended
  // otherwise.
  absl::StatusOr<JobRecord> Cancel(const std::string& owner_id, const std::string& job_id);

 private:
  absl::StatusOr<JobRecord> CancelAsIs(const JobRecord& job);

  JobStore* const store_;
  QueueFeeder* const feeder_;
  const Stop stop_;
};

// NOT_FOUND (JOB_NOT_FOUND), the same for a job that never was and one of somebody else.
absl::Status JobNotFound(const std::string& job_id);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_CONTROL_H_

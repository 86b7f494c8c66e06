#ifndef GENWATCH_JOB_SERVICE_JOB_CONTROL_H_
#define GENWATCH_JOB_SERVICE_JOB_CONTROL_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "genwatch/v1/generation_service.pb.h"
#include "job_service/caller.h"
#include "job_service/job_store.h"
#include "job_service/queue_feeder.h"

namespace genwatch {

// What owners order about the state of their jobs, and operators about everybody's. All orders are
// idempotent: a job that is where the order would bring it answers as it is. NOT_FOUND for a job of
// somebody else, FAILED_PRECONDITION (WRONG_STATE) for one that the order does not fit, ABORTED if
// the job kept changing meanwhile. A running job is stopped through its worker, whose last text is
// committed with the change; if the worker does not answer, the change is committed alone, and the
// worker's next heartbeat is told. Blocking; thread-safe.
class JobControl {
 public:
  // Tells the worker of a running job to stop it now (WorkerClient::Stop).
  using Stop = std::function<absl::StatusOr<v1::StopGenerationResponse>(
      const std::string& address, const std::string& job_id, uint32_t version,
      v1::StopReason reason)>;

  JobControl(JobStore* store, QueueFeeder* feeder, Stop stop)
      : store_(store), feeder_(feeder), stop_(std::move(stop)) {}

  // Each answers the job as it is afterwards.
  // By an operator, too.
  absl::StatusOr<JobRecord> Cancel(const Caller& caller, const std::string& job_id);
  absl::StatusOr<JobRecord> Pause(const std::string& owner_id, const std::string& job_id);
  // Of a job that is paused. One that waits or runs already answers as it is.
  absl::StatusOr<JobRecord> Resume(const std::string& owner_id, const std::string& job_id);

  // Of a job that waits or is paused; its place in the queue moves with it. By an operator, too.
  absl::StatusOr<JobRecord> SetPriority(const Caller& caller, const std::string& job_id,
                                        v1::Priority priority);
  // Of a job that has ended.
  absl::Status Delete(const std::string& owner_id, const std::string& job_id);

 private:
  struct Order;

  absl::StatusOr<JobRecord> Obey(const Order& order, const Caller& caller,
                                 const std::string& job_id);
  // Decided on the job as it was read: ABORTED if it has changed since.
  absl::StatusOr<JobRecord> ChangeAsIs(const Order& order, const JobRecord& job);

  JobStore* const store_;
  QueueFeeder* const feeder_;
  const Stop stop_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_CONTROL_H_

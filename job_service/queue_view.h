#ifndef GENWATCH_JOB_SERVICE_QUEUE_VIEW_H_
#define GENWATCH_JOB_SERVICE_QUEUE_VIEW_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "genwatch/v1/job_service.pb.h"
#include "job_service/caller.h"
#include "job_service/job_queue.h"
#include "job_service/job_store.h"
#include "job_service/model_holds.h"
#include "job_service/wait_estimator.h"

namespace genwatch {

// What a caller is shown of the queues: all numbers, but of other people's jobs only where they
// stand, and for an operator what an order has to name. What it costs does not depend on how many
// jobs wait. Blocking; thread-safe.
class QueueView {
 public:
  QueueView(JobStore* store, JobQueue* queue, ModelHolds* holds, WaitEstimator* waits)
      : store_(store), queue_(queue), holds_(holds), waits_(waits) {}

  // Of one model, or (empty) of each that is held or has jobs, by name. UNAVAILABLE without the
  // ledger or the queue.
  absl::StatusOr<v1::GetQueueResponse> Look(const Caller& caller, const std::string& model);

 private:
  struct Seen;

  absl::StatusOr<v1::ModelQueue> LookAt(const Seen& seen, const std::string& model);
  absl::Status AddRunning(const Seen& seen, v1::ModelQueue& queue);
  absl::Status AddWaiting(const Seen& seen, v1::ModelQueue& queue);

  JobStore* const store_;
  JobQueue* const queue_;
  ModelHolds* const holds_;
  WaitEstimator* const waits_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_QUEUE_VIEW_H_

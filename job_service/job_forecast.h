#ifndef GENWATCH_JOB_SERVICE_JOB_FORECAST_H_
#define GENWATCH_JOB_SERVICE_JOB_FORECAST_H_

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "genwatch/v1/job_service.pb.h"
#include "job_service/job_queue.h"
#include "job_service/job_store.h"
#include "job_service/length_histories.h"
#include "job_service/model_holds.h"
#include "job_service/model_registry.h"
#include "job_service/wait_estimator.h"

namespace genwatch {

// What a job would come to if it were submitted now (EstimateJob). People ask while they type, so
// what the ledger says of a kind of jobs is kept for ten seconds, apart from what the leases use.
// Blocking; thread-safe.
class JobForecast {
 public:
  JobForecast(JobStore* store, JobQueue* queue, const ModelRegistry* models, ModelHolds* holds,
              WaitEstimator* waits, const Clock* clock)
      : queue_(queue),
        models_(models),
        holds_(holds),
        waits_(waits),
        histories_(store, clock, absl::Seconds(10)) {}

  // INVALID_ARGUMENT (INVALID_SPEC) for a bad job class; NOT_FOUND (MODEL_NOT_FOUND); UNAVAILABLE
  // without the ledger. Without the queue only what it says is absent.
  absl::StatusOr<v1::EstimateJobResponse> Of(const v1::EstimateJobRequest& request);

 private:
  void AddQueue(v1::EstimateJobResponse& estimate);

  JobQueue* const queue_;
  const ModelRegistry* const models_;
  ModelHolds* const holds_;
  WaitEstimator* const waits_;
  LengthHistories histories_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_FORECAST_H_

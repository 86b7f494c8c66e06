#ifndef GENWATCH_JOB_SERVICE_WAIT_ESTIMATOR_H_
#define GENWATCH_JOB_SERVICE_WAIT_ESTIMATOR_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "job_service/job_store.h"

namespace genwatch {

// How long a waiting job is expected to wait: its position times the mean time between two leases
// of its model lately. Asks the ledger at most once in five seconds and model. Blocking;
// thread-safe.
class WaitEstimator {
 public:
  WaitEstimator(JobStore* store, const Clock* clock) : store_(store), clock_(clock) {}

  // In ms; unknown while nothing of the model was leased lately.
  std::optional<uint32_t> ExpectedWaitMs(const std::string& model, uint32_t position);

 private:
  struct Known {
    double interval_ms = 0;
    absl::Duration read;
  };

  JobStore* const store_;
  const Clock* const clock_;
  Mutex mutex_;
  std::map<std::string, Known> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_WAIT_ESTIMATOR_H_

#ifndef GENWATCH_JOB_SERVICE_WAIT_ESTIMATOR_H_
#define GENWATCH_JOB_SERVICE_WAIT_ESTIMATOR_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "job_service/expected_wait.h"
#include "job_service/job_store.h"

namespace genwatch {

// How long a waiting job is expected to wait (WaitTable). Asks the ledger at most once in five
// seconds and model; what remains of the running jobs runs down meanwhile. Blocking; thread-safe.
class WaitEstimator {
 public:
  WaitEstimator(JobStore* store, const Clock* clock) : store_(store), clock_(clock) {}

  // In ms; unknown where WaitTable is, and where the ledger can't tell.
  std::optional<uint32_t> ExpectedWaitMs(const std::string& model, uint32_t position);

 private:
  struct Known {
    // Absent: the ledger could not tell.
    std::optional<ModelPace> pace;
    absl::Duration read;
    absl::Duration slots_seen;
    // Of a moment ago.
    std::shared_ptr<const WaitTable> table;
    absl::Duration table_made;
  };

  std::optional<ModelPace> Read(const std::string& model);
  // What is known at `now`, read anew where `before` is too old.
  Known Refreshed(const std::string& model, std::optional<Known> before, absl::Duration now);

  JobStore* const store_;
  const Clock* const clock_;
  Mutex mutex_;
  std::map<std::string, Known> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_WAIT_ESTIMATOR_H_

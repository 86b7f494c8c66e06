#ifndef GENWATCH_JOB_SERVICE_MODEL_HOLDS_H_
#define GENWATCH_JOB_SERVICE_MODEL_HOLDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "job_service/job_store.h"

namespace genwatch {

// Which models are held, at most a quarter of a second old: for looks that may be a little late.
// The lease itself checks the hold in its transaction. Blocking; thread-safe.
class ModelHolds {
 public:
  ModelHolds(JobStore* store, const Clock* clock) : store_(store), clock_(clock) {}

  // By name. The ledger's error if it can't be read.
  absl::StatusOr<std::vector<ModelHold>> List();
  // The next List reads the ledger: this replica has just changed a hold.
  void Forget();

 private:
  JobStore* const store_;
  const Clock* const clock_;
  Mutex mutex_;
  // Raised by Forget, so that what was read before is not kept after it.
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration read_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  std::vector<ModelHold> holds_ ABSL_GUARDED_BY(mutex_);
};

bool IsHeld(const std::vector<ModelHold>& holds, const std::string& model);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_MODEL_HOLDS_H_

#ifndef GENWATCH_JOB_SERVICE_LENGTH_HISTORIES_H_
#define GENWATCH_JOB_SERVICE_LENGTH_HISTORIES_H_

#include <map>
#include <string>
#include <tuple>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "genwatch/v1/job_lease_service.pb.h"
#include "job_service/job_store.h"

namespace genwatch {

// What past answers teach, as the ledger told at most a moment ago: leases of many jobs of one kind
// ask it once. Blocking; thread-safe.
class LengthHistories {
 public:
  LengthHistories(JobStore* store, const Clock* clock, absl::Duration fresh_for = absl::Seconds(1))
      : store_(store), clock_(clock), fresh_for_(fresh_for) {}

  // Errors are those of JobStore::History.
  absl::StatusOr<v1::LengthHistory> Of(const v1::JobSpec& spec);

 private:
  // Model, class, think.
  using Kind = std::tuple<std::string, std::string, int>;
  struct Known {
    absl::Duration read_at;
    v1::LengthHistory history;
  };

  JobStore* const store_;
  const Clock* const clock_;
  const absl::Duration fresh_for_;
  Mutex mutex_;
  std::map<Kind, Known> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_LENGTH_HISTORIES_H_

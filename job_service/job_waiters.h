#ifndef GENWATCH_JOB_SERVICE_JOB_WAITERS_H_
#define GENWATCH_JOB_SERVICE_JOB_WAITERS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "job_service/job_store.h"

namespace genwatch {

// GetJob calls that wait for a change, on no thread. Look() asks the ledger about all of them in
// one batch; whoever knows of a change calls it sooner. Thread-safe.
class JobWaiters {
 public:
  using Answer = absl::AnyInvocable<void(absl::StatusOr<JobRecord>)>;

  JobWaiters(JobStore* store, const Clock* clock) : store_(store), clock_(clock) {}

  // Answered exactly once, on any thread: when the version exceeds `known_version`, or with the
  // job as it is when `wait` is over. RESOURCE_EXHAUSTED at once when too many wait.
  void Add(const std::string& job_id, uint32_t known_version, absl::Duration wait, Answer answer);

  // Blocking. Called each quarter of a second, and after changes.
  void Look();

  // Answers all with what the ledger says now.
  void Shutdown();

 private:
  struct Waiter {
    std::string job_id;
    uint32_t known_version = 0;
    absl::Duration deadline;
    Answer answer;
  };

  JobStore* const store_;
  const Clock* const clock_;
  Mutex mutex_;
  uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<uint64_t, Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_WAITERS_H_

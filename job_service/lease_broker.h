#ifndef GENWATCH_JOB_SERVICE_LEASE_BROKER_H_
#define GENWATCH_JOB_SERVICE_LEASE_BROKER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/executor.h"
#include "common/mutex.h"
#include "common/timer.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// The workers' long polls: each waits here, on no thread, until a look for work finds some or its
// time is over. One look at a time per poll. Thread-safe. Destroy it after the executor and the
// timers have stopped calling it.
class LeaseBroker {
 public:
  using Look =
      std::function<absl::StatusOr<v1::LeaseJobsResponse>(const v1::LeaseJobsRequest& request)>;
  using Answer = absl::AnyInvocable<void(absl::StatusOr<v1::LeaseJobsResponse>)>;

  // Takes back jobs that were found for a caller who was gone by then. On the executor.
  using GiveBack =
      std::function<void(const v1::LeaseJobsRequest& request, const v1::LeaseJobsResponse& found)>;

  LeaseBroker(Look look, GiveBack give_back, Executor* executor, TimerQueue* timers)
      : look_(std::move(look)),
        give_back_(std::move(give_back)),
        executor_(executor),
        timers_(timers) {}

  // Looks at once. `answer` is called exactly once, on any thread. Its id, for Cancel.
  uint64_t Add(v1::LeaseJobsRequest request, absl::Duration wait, Answer answer);
  // The caller is gone: answered with CANCELLED, and what a look still finds is given back. No
  // effect after the answer.
  void Cancel(uint64_t id);

  // A job of this model waits: one poll that could start it looks.
  void Wake(const std::string& model);
  // The backstop for wake-ups that were lost.
  void LookAll();

  // Answers all and every later one with UNAVAILABLE.
  void Shutdown();

 private:
  struct Poll {
    v1::LeaseJobsRequest request;
    Answer answer;
    TimerId timer = 0;
    bool looking = false;
    bool again = false;
    // Answered as soon as the look in progress is over, with what it found.
    bool expired = false;
    // Nobody reads the answer.
    bool cancelled = false;
    // How the last look went: what a poll that waited in vain is told.
    absl::Status looked;
  };

  void LookSoon(uint64_t id);
  // The poll is marked as looking.
  void SubmitLook(uint64_t id);
  void RunLook(uint64_t id);
  void Expire(uint64_t id);

  const Look look_;
  const GiveBack give_back_;
  Executor* const executor_;
  TimerQueue* const timers_;
  Mutex mutex_;
  uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<uint64_t, Poll> polls_ ABSL_GUARDED_BY(mutex_);
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_LEASE_BROKER_H_

#ifndef GENWATCH_JOB_SERVICE_JOB_STATE_H_
#define GENWATCH_JOB_SERVICE_JOB_STATE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "job_service/job.h"

namespace genwatch {

// The life of a job, pure: which changes of state exist, and what an end of an attempt leads to.
//
//   submit -> QUEUED -> PROCESSING -> COMPLETED
//             ^ ^ ^ |        | | | |
//             | | | |        | | | `-> FAILED     for good, or budget used up
//             | | | |        | | `---> PAUSED     by its owner (ResumeJob queues it again)
//             | | | |        | `-----> CANCELLED  by its owner
//             | | `-|--------'         passing fault, loss of the worker, drain: QUEUED again
//             | |   `-> PAUSED, CANCELLED, EXPIRED (deadline for waiting)
//
// Who makes each change, and what a crash in the middle leads to, stands in
// docs/job_lifecycle.md.

// The word in the ledger's `status` column: queued, processing, completed, failed, paused,
// cancelled, expired.
std::string_view StatusWord(JobState state);
// STATE_UNSPECIFIED for an unknown word.
JobState StateFromWord(std::string_view word);

// The word in the `outcome` column of the attempts; the ends that no worker reports have words of
// their own (cancelled, paused, lost, released).
std::string_view OutcomeWord(v1::Outcome outcome);

bool CanTransition(JobState from, JobState to);

// While it waits or is paused: what it says is looked at when a worker takes it.
inline bool MayChangePriority(JobState state) {
  return state == v1::Job::STATE_QUEUED || state == v1::Job::STATE_PAUSED;
}

// What ended without a result may be made anew.
inline bool MayRetry(JobState state) {
  return IsTerminal(state) && state != v1::Job::STATE_COMPLETED;
}

// FAILED_PRECONDITION (reason WRONG_STATE, metadata job_id, state, action) that names both, for
// people: "CancelJob: job job_... is completed; only queued, processing and paused jobs can be
// cancelled".
absl::Status WrongState(std::string_view action, std::string_view job_id, JobState state);

// NOT_FOUND (JOB_NOT_FOUND, metadata job_id), the same for a job that never was and one of somebody
// else.
absl::Status JobNotFound(std::string_view job_id);

// What happens to a job whose attempt is over.
struct Change {
  JobState to = v1::Job::STATE_UNSPECIFIED;
  // Counts against the budget.
  bool failure = false;
  // QUEUED only: how long to wait before the next attempt; none: at once, at its old place.
  std::optional<absl::Duration> delay;
  std::string reason;
  std::string error_message;
};

// How a worker says that its attempt ended.
struct AttemptEnd {
  v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED;
  std::string reason;
  std::string error_message;
  // The model server asked for this pause.
  absl::Duration retry_after = absl::ZeroDuration();
  // Text is kept or comes with this end.
  bool has_text = false;
};

// `jitter` in [0, 1) spreads the backoff: 1 s, 4 s, 16 s, ... (at most 60 s), each times 0.75 to
// 1.25, and at least `retry_after`.
Change DecideFinish(const JobRecord& job, const AttemptEnd& end, double jitter);

// What happens to a job whose worker was lost. No failure unless it was alone on its worker and
// stored no new text; after `max_failures` of these FAILED, reason KILLS_WORKERS.
Change DecideLoss(const JobRecord& job, bool stored_new_text);

// A job that makes worker after worker hang until it is lost has to end, too: with more losses than
// these, what they cost stays.
inline constexpr uint32_t kMostLossesTakenBack = 10;

// Whether a loss that counted is taken back now that its worker speaks of that lease again: it was
// stopped or cut off, so the job did not kill it. Its other end is that the job has ended.
bool MayTakeBackLoss(const JobRecord& job);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_STATE_H_

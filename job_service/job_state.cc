#include "job_service/job_state.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status.h"
#include "common/string_view.h"

namespace genwatch {
namespace {

constexpr std::array kWords = {
    std::pair(v1::Job::STATE_QUEUED, std::string_view("queued")),
    std::pair(v1::Job::STATE_PROCESSING, std::string_view("processing")),
    std::pair(v1::Job::STATE_COMPLETED, std::string_view("completed")),
    std::pair(v1::Job::STATE_FAILED, std::string_view("failed")),
    std::pair(v1::Job::STATE_PAUSED, std::string_view("paused")),
    std::pair(v1::Job::STATE_CANCELLED, std::string_view("cancelled")),
    std::pair(v1::Job::STATE_EXPIRED, std::string_view("expired")),
};

constexpr absl::Duration kFirstBackoff = absl::Seconds(1);
constexpr absl::Duration kMostBackoff = absl::Seconds(60);
constexpr int kBackoffFactor = 4;
// A server that asks for more is not waited for that long: the next attempt asks it again.
constexpr absl::Duration kMostRetryAfter = absl::Hours(1);

// What the callers' orders ask for; for messages only.
struct Order {
  std::string_view action;
  std::string_view participle;
  std::vector<JobState> states;
};

const std::vector<Order>& Orders() {
  static const auto* const orders = new std::vector<Order>{
      {"CancelJob",
       "cancelled",
       {v1::Job::STATE_QUEUED, v1::Job::STATE_PROCESSING, v1::Job::STATE_PAUSED}},
      {"PauseJob", "paused", {v1::Job::STATE_QUEUED, v1::Job::STATE_PROCESSING}},
      {"ResumeJob", "resumed", {v1::Job::STATE_PAUSED}},
      {"UpdateJob", "updated", {v1::Job::STATE_QUEUED, v1::Job::STATE_PAUSED}},
      {"RetryJob",
       "retried",
       {v1::Job::STATE_FAILED, v1::Job::STATE_CANCELLED, v1::Job::STATE_EXPIRED}},
      {"DeleteJob",
       "deleted",
       {v1::Job::STATE_COMPLETED, v1::Job::STATE_FAILED, v1::Job::STATE_CANCELLED,
        v1::Job::STATE_EXPIRED}},
  };
  return *orders;
}

// "queued, processing and paused"
std::string Enumerate(const std::vector<JobState>& states) {
  std::string text;
  for (size_t i = 0; i < states.size(); ++i) {
    if (i > 0) absl::StrAppend(&text, i + 1 == states.size() ? " and " : ", ");
    absl::StrAppend(&text, ToAbsl(StatusWord(states[i])));
  }
  return text;
}

absl::Duration Backoff(uint32_t failures_before, double jitter) {
  absl::Duration backoff = kFirstBackoff;
  for (uint32_t i = 0; i < failures_before && backoff < kMostBackoff; ++i) {
    backoff *= kBackoffFactor;
  }
  return std::min(backoff, kMostBackoff) * (0.75 + 0.5 * std::clamp(jitter, 0.0, 1.0));
}

Change Fail(std::string reason, std::string message) {
  return {.to = v1::Job::STATE_FAILED,
          .failure = true,
          .reason = std::move(reason),
          .error_message = std::move(message)};
}

}  // namespace

std::string_view StatusWord(JobState state) {
  for (const auto& [known, word] : kWords) {
    if (known == state) return word;
  }
  return "unspecified";
}

JobState StateFromWord(std::string_view word) {
  for (const auto& [state, known] : kWords) {
    if (known == word) return state;
  }
  return v1::Job::STATE_UNSPECIFIED;
}

std::string_view OutcomeWord(v1::Outcome outcome) {
  switch (outcome) {
    case v1::OUTCOME_COMPLETED:
      return "completed";
    case v1::OUTCOME_ONCE_MORE:
      return "once_more";
    case v1::OUTCOME_PERMANENT:
      return "permanent";
    case v1::OUTCOME_HANDED_OVER:
      return "handed_over";
    default:
      return "passing";
  }
}

bool CanTransition(JobState from, JobState to) {
  switch (from) {
    case v1::Job::STATE_QUEUED:
      return to == v1::Job::STATE_PROCESSING || to == v1::Job::STATE_PAUSED ||
             to == v1::Job::STATE_CANCELLED || to == v1::Job::STATE_EXPIRED;
    case v1::Job::STATE_PROCESSING:
      return to == v1::Job::STATE_COMPLETED || to == v1::Job::STATE_FAILED ||
             to == v1::Job::STATE_QUEUED || to == v1::Job::STATE_PAUSED ||
             to == v1::Job::STATE_CANCELLED;
    case v1::Job::STATE_PAUSED:
      return to == v1::Job::STATE_QUEUED || to == v1::Job::STATE_CANCELLED ||
             to == v1::Job::STATE_EXPIRED;
    default:
      return false;
  }
}

absl::Status JobNotFound(std::string_view job_id) {
  return WithMetadata(Error(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
                            absl::StrCat("job ", ToAbsl(job_id), " was not found")),
                      "job_id", job_id);
}

absl::Status WrongState(std::string_view action, std::string_view job_id, JobState state) {
  std::string message =
      absl::StrCat(ToAbsl(action), ": job ", ToAbsl(job_id), " is ", ToAbsl(StatusWord(state)));
  for (const Order& order : Orders()) {
    if (order.action == action) {
      absl::StrAppend(&message, "; only ", Enumerate(order.states), " jobs can be ",
                      ToAbsl(order.participle));
    }
  }
  absl::Status status = Error(absl::StatusCode::kFailedPrecondition, "WRONG_STATE", message);
  status = WithMetadata(std::move(status), "job_id", job_id);
  status = WithMetadata(std::move(status), "state", StatusWord(state));
  return WithMetadata(std::move(status), "action", action);
}

Change DecideFinish(const JobRecord& job, const AttemptEnd& end, double jitter) {
  if (end.outcome == v1::OUTCOME_COMPLETED) return {.to = v1::Job::STATE_COMPLETED};
  const bool handed_over = end.outcome == v1::OUTCOME_HANDED_OVER;
  if (job.spec.resume_policy() == v1::RESUME_POLICY_FAIL && end.has_text) {
    return Fail(
        end.reason.empty() ? "NOT_RESUMED" : end.reason,
        end.error_message.empty()
            ? "the attempt ended early, and the job asks for no further one once it has text"
            : end.error_message);
  }
  if (handed_over) {
    return {.to = v1::Job::STATE_QUEUED, .reason = end.reason, .error_message = end.error_message};
  }
  const bool budget_used_up = job.failures + 1 >= job.max_failures;
  const bool hopeless = end.outcome == v1::OUTCOME_PERMANENT ||
                        (end.outcome == v1::OUTCOME_ONCE_MORE && job.once_more > 0);
  if (budget_used_up || hopeless) return Fail(end.reason, end.error_message);
  // Also for outcomes that this version does not know: one more try does no harm.
  return {
      .to = v1::Job::STATE_QUEUED,
      .failure = true,
      .delay = std::max(Backoff(job.failures, jitter), std::min(end.retry_after, kMostRetryAfter)),
      .reason = end.reason,
      .error_message = end.error_message};
}

Change DecideLoss(const JobRecord& job, bool stored_new_text) {
  const bool counts = job.alone && !stored_new_text;
  if (counts && job.losses_alone + 1 >= job.max_failures) {
    return Fail("KILLS_WORKERS", "each worker that ran the job alone was lost");
  }
  if (counts && job.failures + 1 >= job.max_failures) {
    return Fail("WORKER_LOST", "its worker was lost, and no further attempt is left");
  }
  const bool has_text = job.numbers.answer_bytes() > 0 || job.numbers.thinking_bytes() > 0;
  if (job.spec.resume_policy() == v1::RESUME_POLICY_FAIL && has_text) {
    Change change = Fail("WORKER_LOST",
                         "its worker was lost, and the job asks for no further attempt once it "
                         "has text");
    change.failure = counts;
    return change;
  }
  return {.to = v1::Job::STATE_QUEUED,
          .failure = counts,
          .reason = "WORKER_LOST",
          .error_message = "the worker that ran the job was lost; another one takes it"};
}

bool MayTakeBackLoss(const JobRecord& job) {
  return !IsTerminal(job.state) && job.failures > 0 && job.losses_alone > 0 &&
         job.losses <= kMostLossesTakenBack;
}

}  // namespace genwatch

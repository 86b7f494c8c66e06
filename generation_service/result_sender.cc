#include "generation_service/result_sender.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <utility>

#include "common/log.h"
#include "common/status.h"
#include "generation_service/wire_numbers.h"

namespace genwatch {
namespace {

// With more text than this the TextKeeper stores it first, piece by piece.
constexpr size_t kMostText = 2 << 20;
constexpr absl::Duration kDeadline = absl::Seconds(5);

// The ledger has decided about the job otherwise: it is not ours to say anything about. Other
// ABORTED ones were in somebody's way only, and get through later.
bool LeaseIsLost(const absl::Status& status) {
  return (absl::IsAborted(status) && ReasonOf(status) == "LEASE_LOST") || absl::IsNotFound(status);
}

// The same would be refused again.
bool IsRefused(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status) ||
         absl::IsOutOfRange(status) || absl::IsUnimplemented(status) ||
         absl::IsPermissionDenied(status) || absl::IsUnauthenticated(status);
}

// So that the workers of a ledger that comes back do not come all at once.
absl::Duration WithJitter(absl::Duration wait) {
  thread_local std::minstd_rand random(std::random_device{}());
  return wait * std::uniform_real_distribution<double>(0.75, 1.25)(random);
}

}  // namespace

ResultSender::ResultSender(EventLoop* loop, JobLeaseClient* ledger, std::string instance,
                           Backoff backoff, const JobTable* jobs,
                           std::function<void(const LeaseKey&)> on_settled)
    : loop_(loop),
      ledger_(ledger),
      instance_(std::move(instance)),
      backoff_(backoff),
      jobs_(jobs),
      on_settled_(std::move(on_settled)) {}

void ResultSender::Start(ActiveJob& job) {
  job.finish_backoff = backoff_.shortest;
  Send(job.key);
}

void ResultSender::Send(const LeaseKey& key) {
  const auto found = jobs_->find(key);
  if (found == jobs_->end()) return;
  ActiveJob& job = *found->second;
  job.finish_timer = 0;
  // The TextKeeper has it lowered first.
  if (!job.result.without_text && job.base_state == ActiveJob::Base::kToLower) {
    return Again(job, backoff_.shortest);
  }
  if (!job.result.without_text && job.answer.size() + job.thinking.size() > kMostText) {
    return Again(job, job.finish_backoff);
  }
  v1::FinishAttemptRequest request;
  request.set_instance(instance_);
  request.set_job_id(key.job_id);
  request.set_version(key.version);
  request.set_outcome(job.result.outcome);
  request.set_reason(job.result.reason);
  request.set_error_message(job.result.error_message);
  request.set_retry_after_ms(WireMs(job.result.retry_after));
  const absl::Duration now = loop_->Now();
  *request.mutable_numbers() = job.attempt.Numbers(now);
  *request.mutable_facts() = job.attempt.Facts(now);
  if (!job.result.without_text) {
    job.thinking.AddTo(kMostText, request.mutable_pieces());
    job.answer.AddTo(kMostText, request.mutable_pieces());
  }
  job.finish_in_flight = true;
  ledger_->FinishAttempt(std::move(request), kDeadline,
                         [this, key](const absl::StatusOr<v1::FinishAttemptResponse>& response) {
                           TakeAnswer(key, response);
                         });
}

void ResultSender::TakeAnswer(const LeaseKey& key,
                              const absl::StatusOr<v1::FinishAttemptResponse>& response) {
  const auto found = jobs_->find(key);
  if (found == jobs_->end()) return;  // a heartbeat's answer was faster
  ActiveJob& job = *found->second;
  job.finish_in_flight = false;
  const absl::Status& status = response.status();
  if (status.ok()) {
    if (failures_.Reset()) LogInfo("results are stored again");
    return on_settled_(key);
  }
  if (LeaseIsLost(status)) {
    LogInfo("a result came too late", {{"job_id", key.job_id}, ErrorField(status)});
    return on_settled_(key);
  }
  if (IsRefused(status)) {
    LogError("the ledger refuses a result", {{"job_id", key.job_id}, ErrorField(status)});
    // Once more as a failure without text, which counts against the job's budget: handed back as if
    // nothing had been, it would go round for ever.
    if (job.result.without_text) return on_settled_(key);
    job.result = {.outcome = v1::OUTCOME_PASSING,
                  .reason = "RESULT_REFUSED",
                  .error_message =
                      "The result could not be stored; the text that was stored "
                      "before is kept.",
                  .without_text = true};
    return Again(job, absl::ZeroDuration());
  }
  failures_.Log(LogLevel::kWarning, "a result could not be stored, it waits",
                {{"job_id", key.job_id}, ErrorField(status)});
  Again(job,
        std::max(WithJitter(job.finish_backoff),
                 std::min(RetryAfterOf(status).value_or(absl::ZeroDuration()), backoff_.longest)));
  job.finish_backoff = std::min(2 * job.finish_backoff, backoff_.longest);
}

void ResultSender::Again(ActiveJob& job, absl::Duration wait) {
  job.finish_timer = loop_->RunAfter(wait, [this, key = job.key] { Send(key); });
}

}  // namespace genwatch

#include "job_service/job_control.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status.h"
#include "job_service/job_state.h"

namespace genwatch {
namespace {

// Each round that fails means that the job moved on meanwhile: a job has few moves in it.
constexpr int kMostRounds = 5;

constexpr std::string_view kCancelledByOperator = "CANCELLED_BY_OPERATOR";

}  // namespace

struct JobControl::Order {
  std::string_view action;
  JobState to = v1::Job::STATE_UNSPECIFIED;
  std::string_view reason;
  v1::StopReason stop_reason = v1::STOP_REASON_UNSPECIFIED;
  // Why, when it was not the owner's; empty: only owners may order it.
  std::string_view operators_reason = "";
};

absl::StatusOr<JobRecord> JobControl::Cancel(const Caller& caller, const std::string& job_id) {
  return Obey({.action = "CancelJob",
               .to = v1::Job::STATE_CANCELLED,
               .reason = "CANCELLED_BY_OWNER",
               .stop_reason = v1::STOP_REASON_CANCELLED,
               .operators_reason = kCancelledByOperator},
              caller, job_id);
}

absl::StatusOr<JobRecord> JobControl::Pause(const std::string& owner_id,
                                            const std::string& job_id) {
  return Obey({.action = "PauseJob",
               .to = v1::Job::STATE_PAUSED,
               .reason = "PAUSED_BY_OWNER",
               .stop_reason = v1::STOP_REASON_PAUSED},
              {.name = owner_id}, job_id);
}

absl::StatusOr<JobRecord> JobControl::Resume(const std::string& owner_id,
                                             const std::string& job_id) {
  return Obey({.action = "ResumeJob", .to = v1::Job::STATE_QUEUED}, {.name = owner_id}, job_id);
}

absl::StatusOr<JobRecord> JobControl::Obey(const Order& order, const Caller& caller,
                                           const std::string& job_id) {
  const bool as_operator = caller.is_operator && !order.operators_reason.empty();
  absl::StatusOr<JobRecord> result = absl::AbortedError("");
  for (int round = 0; round < kMostRounds && absl::IsAborted(result.status()); ++round) {
    absl::StatusOr<JobRecord> job = store_->Get(job_id);
    if (!job.ok()) return job.status();
    const bool own = job->owner_id == caller.name;
    if (!own && !as_operator) return JobNotFound(job_id);
    if (job->state == order.to) return job;
    // Somebody resumed it before, and a worker was quick.
    const bool resuming = order.to == v1::Job::STATE_QUEUED;
    if (resuming && job->state == v1::Job::STATE_PROCESSING) return job;
    if (!CanTransition(job->state, order.to)) return WrongState(order.action, job_id, job->state);
    Order now = order;
    if (!own) now.reason = order.operators_reason;
    result = ChangeAsIs(now, *job);
  }
  return result;
}

absl::StatusOr<JobRecord> JobControl::ChangeAsIs(const Order& order, const JobRecord& job) {
  OwnerChange change{.job_id = job.job_id,
                     .owner_id = job.owner_id,
                     .version = job.version,
                     .to = order.to,
                     .reason = std::string(order.reason)};
  if (job.state == v1::Job::STATE_PROCESSING && !job.worker_address.empty()) {
    absl::StatusOr<v1::StopGenerationResponse> stopped =
        stop_(job.worker_address, job.job_id, job.version, order.stop_reason);
    if (!stopped.ok()) {
      LogWarning(
          "worker did not answer the order to stop; its heartbeat will",
          {{"job_id", job.job_id}, {"address", job.worker_address}, ErrorField(stopped.status())});
    } else if (stopped->stopped()) {
      change.pieces.assign(stopped->pieces().begin(), stopped->pieces().end());
      change.numbers = stopped->numbers();
      change.facts = stopped->facts();
    }
  }
  absl::StatusOr<JobRecord> changed = store_->Change(change);
  if (!changed.ok()) return changed;
  if (job.state == v1::Job::STATE_QUEUED) feeder_->Remove(job);
  feeder_->Enqueue({*changed});
  const bool by_operator = !order.reason.empty() && order.reason == order.operators_reason;
  LogInfo(by_operator ? "job changed by an operator" : "job changed by its owner",
          {{"action", order.action}, {"job_id", changed->job_id}, {"version", changed->version}});
  return changed;
}

absl::StatusOr<JobRecord> JobControl::SetPriority(const Caller& caller, const std::string& job_id,
                                                  v1::Priority priority) {
  std::string owner_id = caller.name;
  if (caller.is_operator) {
    absl::StatusOr<JobRecord> job = store_->Get(job_id);
    if (!job.ok()) return job;
    owner_id = job->owner_id;
  }
  absl::StatusOr<JobRecord> job = store_->SetPriority(owner_id, job_id, priority);
  if (job.ok()) feeder_->Reprioritize(*job);
  return job;
}

absl::Status JobControl::Delete(const std::string& owner_id, const std::string& job_id) {
  return store_->Delete(owner_id, job_id);
}

}  // namespace genwatch

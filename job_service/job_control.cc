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

}  // namespace

absl::Status JobNotFound(const std::string& job_id) {
  return WithMetadata(Error(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
                            absl::StrCat("job ", job_id, " was not found")),
                      "job_id", job_id);
}

absl::StatusOr<JobRecord> JobControl::Cancel(const std::string& owner_id,
                                             const std::string& job_id) {
  absl::StatusOr<JobRecord> result = absl::AbortedError("");
  for (int round = 0; round < kMostRounds && absl::IsAborted(result.status()); ++round) {
    absl::StatusOr<JobRecord> job = store_->Get(job_id);
    if (!job.ok()) return job.status();
    if (job->owner_id != owner_id) return JobNotFound(job_id);
    if (job->state == v1::Job::STATE_CANCELLED) return job;
    if (!CanTransition(job->state, v1::Job::STATE_CANCELLED)) {
      return WrongState("CancelJob", job_id, job->state);
    }
    result = CancelAsIs(*job);
  }
  return result;
}

absl::StatusOr<JobRecord> JobControl::CancelAsIs(const JobRecord& job) {
  OwnerChange change{.job_id = job.job_id,
                     .owner_id = job.owner_id,
                     .version = job.version,
                     .to = v1::Job::STATE_CANCELLED,
                     .reason = "CANCELLED_BY_OWNER"};
  if (job.state == v1::Job::STATE_PROCESSING && !job.worker_address.empty()) {
    absl::StatusOr<v1::StopGenerationResponse> stopped =
        stop_(job.worker_address, job.job_id, job.version, v1::STOP_REASON_CANCELLED);
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
  if (changed.ok() && job.state == v1::Job::STATE_QUEUED) feeder_->Remove(job);
  return changed;
}

}  // namespace genwatch

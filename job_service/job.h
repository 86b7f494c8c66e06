#ifndef GENWATCH_JOB_SERVICE_JOB_H_
#define GENWATCH_JOB_SERVICE_JOB_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "genwatch/v1/job.pb.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

using JobState = v1::Job::State;

// A job as the ledger knows it. Times are the ledger's own clock (UTC).
struct JobRecord {
  // The clustered key: rises in order of submission.
  uint64_t row_id = 0;
  std::string job_id;
  std::string owner_id;
  std::string request_id;

  JobState state = v1::Job::STATE_UNSPECIFIED;
  // Raised by each change of state; starts at 1.
  uint32_t version = 0;
  // `spec.model()` is always filled in.
  v1::JobSpec spec;

  absl::Time created_at;
  // Of the last change of state.
  absl::Time state_since;
  std::optional<absl::Time> started_at;
  std::optional<absl::Time> completed_at;
  // While QUEUED: not to be leased before.
  std::optional<absl::Time> not_before;
  // While QUEUED or PAUSED: becomes EXPIRED after.
  std::optional<absl::Time> waiting_deadline;

  // Leases so far.
  uint32_t attempt = 0;
  // Attempts that count against the budget.
  uint32_t failures = 0;
  uint32_t max_failures = 3;
  // Workers lost under this job; from 2 on it is a suspect.
  uint32_t losses = 0;
  // Of those, lost while it was alone on its worker without storing new text.
  uint32_t losses_alone = 0;
  // Attempts that ended with a fault that deserves one more try (OUTCOME_ONCE_MORE).
  uint32_t once_more = 0;

  std::string reason;
  std::string error_message;
  std::string retry_of;
  std::string retried_as;

  // As last recorded. `answer_bytes` and `thinking_bytes` are what is kept.
  v1::JobNumbers numbers;
  // Of the newest recorded progress under `version`.
  uint32_t progress_sequence = 0;
  std::optional<absl::Time> last_update_at;

  // While PROCESSING: who holds the lease.
  std::string instance;
  std::string worker_address;
  std::string server_url;
  bool alone = false;
  // The queue score it was popped with, kept so that a requeue goes back to its old place.
  std::optional<double> score;

  // All leases so far, oldest first.
  std::vector<v1::LeaseBase> bases;
  // Which way the newest lease went with the text that was kept.
  v1::ResumeMode resume_mode = v1::RESUME_MODE_UNSPECIFIED;
};

// From so many lost workers on, a job is suspected of killing them.
inline constexpr uint32_t kSuspectLosses = 2;

// It waits for a worker that runs nothing.
inline bool IsWaitingSuspect(const JobRecord& job) {
  return job.state == v1::Job::STATE_QUEUED && job.losses >= kSuspectLosses;
}

inline bool IsTerminal(JobState state) {
  return state == v1::Job::STATE_COMPLETED || state == v1::Job::STATE_FAILED ||
         state == v1::Job::STATE_CANCELLED || state == v1::Job::STATE_EXPIRED;
}

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_H_

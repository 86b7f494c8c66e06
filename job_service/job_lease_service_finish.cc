#include <string>
#include <utility>
#include <vector>

#include "common/failpoint.h"
#include "common/grpc_status.h"
#include "common/log.h"
#include "common/status.h"
#include "common/unary.h"
#include "job_service/ids.h"
#include "job_service/job_lease_service.h"

// The ends of attempts: those that come while others are being committed share the next commit.

namespace genwatch {
namespace {

FinishedAttempt AttemptOf(const v1::FinishAttemptRequest& request) {
  return {.instance = request.instance(),
          .job_id = request.job_id(),
          .version = request.version(),
          .end = {.outcome = request.outcome(),
                  .reason = request.reason(),
                  .error_message = request.error_message(),
                  .retry_after = absl::Milliseconds(request.retry_after_ms())},
          .numbers = request.numbers(),
          .facts = request.facts(),
          .pieces = {request.pieces().begin(), request.pieces().end()}};
}

}  // namespace

JobLeaseServiceImpl::JobLeaseServiceImpl(JobLeaseServiceParts parts)
    : parts_(parts), finishes_(parts.executor, {}, [this](auto finishes) {
        FinishTogether(std::move(finishes));
      }) {}

grpc::ServerUnaryReactor* JobLeaseServiceImpl::FinishAttempt(
    grpc::CallbackServerContext* context, const v1::FinishAttemptRequest* request,
    v1::FinishAttemptResponse* response) {
  if (absl::Status status = CheckJobId(request->job_id()); !status.ok()) {
    return FinishWith(context, status);
  }
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::Status accepted = finishes_.Add(
      {.context = context, .reactor = reactor, .request = request, .response = response});
  if (!accepted.ok()) reactor->Finish(ToGrpcStatus(accepted));
  return reactor;
}

void JobLeaseServiceImpl::FinishTogether(std::vector<PendingFinish> finishes) {
  std::vector<const PendingFinish*> accepted;
  std::vector<FinishedAttempt> attempts;
  for (const PendingFinish& finish : finishes) {
    if (absl::Status status = StillWanted(*finish.context); !status.ok()) {
      finish.reactor->Finish(ToGrpcStatus(status));
      continue;
    }
    accepted.push_back(&finish);
    attempts.push_back(AttemptOf(*finish.request));
  }
  std::vector<absl::StatusOr<JobRecord>> jobs = parts_.store->FinishAttempts(attempts);
  std::vector<JobRecord> stored;
  for (size_t i = 0; i < jobs.size(); ++i) {
    absl::StatusOr<JobRecord>& job = jobs[i];
    if (ReasonOf(job.status()) == "LEASE_LOST") {
      parts_.metrics->WriteRefused("FinishAttempt");
      v1::HeldJob lease;
      lease.set_job_id(attempts[i].job_id);
      lease.set_version(attempts[i].version);
      if (absl::Status status = WorkerLives(attempts[i].instance, {lease}); !status.ok()) {
        job = status;
      }
    }
    if (!job.ok()) continue;
    LogInfo("attempt ended", {{"job_id", job->job_id},
                              {"version", job->version},
                              {"attempt", job->attempt},
                              {"state", StatusWord(job->state)},
                              {"reason", job->reason}});
    parts_.metrics->AttemptEnded(*job);
    accepted[i]->response->set_state(job->state);
    accepted[i]->response->set_version(job->version);
    stored.push_back(std::move(*job));
  }
  const absl::Status queued = QueueFinished(stored);
  for (size_t i = 0; i < accepted.size(); ++i) {
    accepted[i]->reactor->Finish(ToGrpcStatus(jobs[i].ok() ? queued : jobs[i].status()));
  }
  if (!stored.empty()) parts_.waiters->Look();
}

absl::Status JobLeaseServiceImpl::QueueFinished(const std::vector<JobRecord>& stored) {
  if (stored.empty()) return absl::OkStatus();
  GENWATCH_FAILPOINT("finish_committed");
  parts_.feeder->Enqueue(stored);
  return absl::OkStatus();
}

}  // namespace genwatch

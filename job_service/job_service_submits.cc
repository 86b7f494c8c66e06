#include <utility>
#include <vector>

#include "common/failpoint.h"
#include "common/grpc_status.h"
#include "common/unary.h"
#include "job_service/ids.h"
#include "job_service/job_proto.h"
#include "job_service/job_service.h"
#include "job_service/spec_check.h"
#include "job_service/stable_hash.h"

// Submits: those that come while others are being committed share the next commit.

namespace genwatch {

JobServiceImpl::JobServiceImpl(JobServiceOptions options, JobServiceParts parts)
    : options_(std::move(options)),
      parts_(parts),
      submits_(parts.executor, {}, [this](auto submits) { SubmitTogether(std::move(submits)); }) {}

grpc::ServerUnaryReactor* JobServiceImpl::SubmitJob(grpc::CallbackServerContext* context,
                                                    const v1::SubmitJobRequest* request,
                                                    v1::SubmitJobResponse* response) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::Status accepted = submits_.Add({.context = context,
                                              .reactor = reactor,
                                              .owner = *std::move(caller),
                                              .request = request,
                                              .response = response});
  if (!accepted.ok()) reactor->Finish(ToGrpcStatus(accepted));
  return reactor;
}

absl::StatusOr<NewJob> JobServiceImpl::CheckedJob(const std::string& owner,
                                                  const v1::SubmitJobRequest& request) {
  if (absl::Status status = CheckSpec(request.spec(), options_.limits); !status.ok()) return status;
  if (absl::Status status = CheckRequestId(request.request_id()); !status.ok()) return status;
  absl::StatusOr<std::string> model = parts_.models->Resolve(request.spec().model());
  if (!model.ok()) return model.status();
  NewJob job{.job_id = NewJobId(),
             .owner_id = owner,
             .request_id = request.request_id(),
             .spec_hash = StableHash(request.spec()),
             .spec = WithDefaults(request.spec()),
             .max_failures = options_.max_failures};
  job.spec.set_model(*model);
  return job;
}

void JobServiceImpl::SubmitTogether(std::vector<PendingSubmit> submits) {
  std::vector<const PendingSubmit*> accepted;
  std::vector<NewJob> jobs;
  for (const PendingSubmit& submit : submits) {
    const absl::Status wanted = StillWanted(*submit.context);
    absl::StatusOr<NewJob> job =
        wanted.ok() ? CheckedJob(submit.owner, *submit.request) : absl::StatusOr<NewJob>(wanted);
    if (!job.ok()) {
      submit.reactor->Finish(ToGrpcStatus(job.status()));
      continue;
    }
    accepted.push_back(&submit);
    jobs.push_back(*std::move(job));
  }
  std::vector<absl::StatusOr<InsertedJob>> inserted = parts_.store->InsertMany(jobs);
  std::vector<JobRecord> added;
  for (size_t i = 0; i < accepted.size(); ++i) {
    if (!inserted[i].ok()) continue;
    *accepted[i]->response->mutable_job() = ToJob(inserted[i]->job, v1::JOB_VIEW_FULL);
    accepted[i]->response->set_existed(inserted[i]->existed);
    if (inserted[i]->existed) continue;
    parts_.metrics->Submitted();
    added.push_back(std::move(inserted[i]->job));
  }
  const absl::Status queued = QueueSubmitted(added);
  for (size_t i = 0; i < accepted.size(); ++i) {
    accepted[i]->reactor->Finish(ToGrpcStatus(inserted[i].ok() ? queued : inserted[i].status()));
  }
}

absl::Status JobServiceImpl::QueueSubmitted(const std::vector<JobRecord>& added) {
  if (added.empty()) return absl::OkStatus();
  GENWATCH_FAILPOINT("submit_committed");
  parts_.feeder->Enqueue(added);
  return absl::OkStatus();
}

}  // namespace genwatch

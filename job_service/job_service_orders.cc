#include <utility>

#include "common/failpoint.h"
#include "common/log.h"
#include "common/status.h"
#include "common/unary.h"
#include "job_service/ids.h"
#include "job_service/job_proto.h"
#include "job_service/job_service.h"
#include "job_service/job_state.h"
#include "job_service/stable_hash.h"

// JobService's orders on one job.

namespace genwatch {

template <class Request, class Response>
grpc::ServerUnaryReactor* JobServiceImpl::Order(
    grpc::CallbackServerContext* context, Executor& executor, const Request* request,
    Response* response,
    std::function<absl::StatusOr<JobRecord>(const std::string& owner, const Request&)> obey) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  if (absl::Status status = CheckJobId(request->job_id()); !status.ok()) {
    return FinishWith(context, status);
  }
  return RunUnary(
      context, executor,
      [this, owner = *caller, request, response, obey = std::move(obey)]() -> absl::Status {
        absl::StatusOr<JobRecord> job = obey(owner, *request);
        if (!job.ok()) return job.status();
        *response->mutable_job() =
            job->owner_id == owner ? ToJob(*job, v1::JOB_VIEW_FULL) : ToOthersJob(*job);
        parts_.waiters->Look();
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* JobServiceImpl::CancelJob(grpc::CallbackServerContext* context,
                                                    const v1::CancelJobRequest* request,
                                                    v1::CancelJobResponse* response) {
  return Order<v1::CancelJobRequest>(
      context, *parts_.control_executor, request, response,
      [this](const std::string& caller,
             const v1::CancelJobRequest& order) -> absl::StatusOr<JobRecord> {
        absl::StatusOr<JobRecord> job = parts_.control->Cancel(CallerNamed(caller), order.job_id());
        if (job.ok()) {
          GENWATCH_FAILPOINT("cancel_committed");
          parts_.metrics->Cancelled();
        }
        return job;
      });
}

grpc::ServerUnaryReactor* JobServiceImpl::PauseJob(grpc::CallbackServerContext* context,
                                                   const v1::PauseJobRequest* request,
                                                   v1::PauseJobResponse* response) {
  return Order<v1::PauseJobRequest>(
      context, *parts_.control_executor, request, response,
      [this](const std::string& owner, const v1::PauseJobRequest& order) {
        return parts_.control->Pause(owner, order.job_id());
      });
}

grpc::ServerUnaryReactor* JobServiceImpl::ResumeJob(grpc::CallbackServerContext* context,
                                                    const v1::ResumeJobRequest* request,
                                                    v1::ResumeJobResponse* response) {
  return Order<v1::ResumeJobRequest>(
      context, *parts_.executor, request, response,
      [this](const std::string& owner, const v1::ResumeJobRequest& order) {
        return parts_.control->Resume(owner, order.job_id());
      });
}

grpc::ServerUnaryReactor* JobServiceImpl::UpdateJob(grpc::CallbackServerContext* context,
                                                    const v1::UpdateJobRequest* request,
                                                    v1::UpdateJobResponse* response) {
  if (!v1::Priority_IsValid(request->priority()) ||
      request->priority() == v1::PRIORITY_UNSPECIFIED) {
    constexpr char kForm[] = "must be PRIORITY_LOW, PRIORITY_NORMAL or PRIORITY_HIGH";
    return FinishWith(context,
                      WithFieldViolation(Error(absl::StatusCode::kInvalidArgument, "BAD_PRIORITY",
                                               absl::StrCat("priority ", kForm)),
                                         "priority", kForm));
  }
  return Order<v1::UpdateJobRequest>(
      context, *parts_.executor, request, response,
      [this](const std::string& caller, const v1::UpdateJobRequest& order) {
        return parts_.control->SetPriority(CallerNamed(caller), order.job_id(), order.priority());
      });
}

grpc::ServerUnaryReactor* JobServiceImpl::RetryJob(grpc::CallbackServerContext* context,
                                                   const v1::RetryJobRequest* request,
                                                   v1::RetryJobResponse* response) {
  return Order<v1::RetryJobRequest>(
      context, *parts_.executor, request, response,
      [this](const std::string& owner, const v1::RetryJobRequest& order) {
        return Retry(owner, order.job_id());
      });
}

absl::StatusOr<JobRecord> JobServiceImpl::Retry(const std::string& owner,
                                                const std::string& job_id) {
  absl::StatusOr<JobRecord> job = OwnJob(owner, job_id);
  if (!job.ok()) return job;
  if (!MayRetry(job->state)) return WrongState("RetryJob", job_id, job->state);
  if (!job->retried_as.empty()) {
    absl::StatusOr<JobRecord> earlier = OwnJob(owner, job->retried_as);
    // Else it was deleted just now, and the job may be retried again.
    if (!absl::IsNotFound(earlier.status())) return earlier;
  }
  absl::StatusOr<std::string> model = parts_.models->Resolve(job->spec.model());
  if (!model.ok()) return model.status();
  NewJob retry{.job_id = NewJobId(),
               .owner_id = owner,
               .spec_hash = StableHash(job->spec),
               .spec = job->spec,
               .retry_of = job_id,
               .max_failures = options_.max_failures};
  retry.spec.set_model(*model);
  // Of two callers at once the second gets the job of the first.
  absl::StatusOr<InsertedJob> inserted = parts_.store->Insert(retry);
  if (!inserted.ok()) return inserted.status();
  if (!inserted->existed) {
    parts_.metrics->Submitted();
    parts_.feeder->Enqueue({inserted->job});
    LogInfo("job retried", {{"job_id", inserted->job.job_id}, {"retry_of", job_id}});
  }
  return std::move(inserted->job);
}

grpc::ServerUnaryReactor* JobServiceImpl::DeleteJob(grpc::CallbackServerContext* context,
                                                    const v1::DeleteJobRequest* request,
                                                    v1::DeleteJobResponse*) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  if (absl::Status status = CheckJobId(request->job_id()); !status.ok()) {
    return FinishWith(context, status);
  }
  return RunUnary(context, *parts_.executor, [this, owner = *caller, request] {
    const absl::Status status = parts_.control->Delete(owner, request->job_id());
    if (status.ok()) LogInfo("job deleted", {{"job_id", request->job_id()}});
    parts_.waiters->Look();
    return status;
  });
}

}  // namespace genwatch

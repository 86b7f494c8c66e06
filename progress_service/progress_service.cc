#include "progress_service/progress_service.h"

#include <optional>
#include <utility>

#include "common/grpc_status.h"
#include "common/status.h"
#include "common/unary.h"
#include "progress_service/watch_plan.h"

namespace genwatch {
namespace {

absl::Status Answer(const std::optional<ProgressHub::Snapshot>& snapshot, const std::string& owner,
                    const std::string& job_id, v1::GetProgressResponse* response) {
  if (!snapshot.has_value() || snapshot->fixed == nullptr || snapshot->fixed->owner_id() != owner) {
    return JobNotFound(job_id);
  }
  *response->mutable_progress() = snapshot->progress;
  *response->mutable_spec() = snapshot->fixed->spec();
  response->set_cursor(snapshot->cursor);
  return absl::OkStatus();
}

}  // namespace

ProgressServiceImpl::ProgressServiceImpl(const std::string& target, ProgressHub* hub,
                                         Watchers* watchers, IdentityOptions identity)
    : hub_(hub), watchers_(watchers), identity_(identity), ledger_(target) {}

grpc::ServerUnaryReactor* ProgressServiceImpl::GetProgress(grpc::CallbackServerContext* context,
                                                           const v1::GetProgressRequest* request,
                                                           v1::GetProgressResponse* response) {
  const absl::StatusOr<std::string> owner = CallerIdentity(*context, identity_);
  if (!owner.ok()) return FinishWith(context, owner.status());
  const std::string& job_id = request->job_id();
  if (absl::Status status = CheckJobId(job_id, "job_id"); !status.ok()) {
    return FinishWith(context, status);
  }
  if (const auto running = hub_->Running(job_id); running.has_value()) {
    return FinishWith(context, Answer(running, *owner, job_id, response));
  }
  v1::GetJobStatesRequest question;
  question.add_jobs()->set_job_id(job_id);
  question.mutable_jobs(0)->set_want_fixed(true);
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  ledger_.GetJobStates(std::move(question), [this, reactor, response, owner = *owner, job_id](
                                                absl::StatusOr<v1::GetJobStatesResponse> told) {
    if (!told.ok()) {
      reactor->Finish(ToGrpcStatus(Annotate(told.status(), "asking the ledger")));
      return;
    }
    std::optional<ProgressHub::Snapshot> snapshot;
    if (told->jobs_size() > 0) snapshot = hub_->MergeAnswer(told->jobs(0));
    reactor->Finish(ToGrpcStatus(Answer(snapshot, owner, job_id, response)));
  });
  return reactor;
}

grpc::ServerWriteReactor<v1::WatchProgressResponse>* ProgressServiceImpl::WatchProgress(
    grpc::CallbackServerContext* context, const v1::WatchProgressRequest* request) {
  absl::StatusOr<std::string> owner = CallerIdentity(*context, identity_);
  if (!owner.ok()) return RejectStream<v1::WatchProgressResponse>(owner.status());
  absl::StatusOr<WatchPlan> plan = PlanWatch(*request, *std::move(owner));
  if (!plan.ok()) return RejectStream<v1::WatchProgressResponse>(plan.status());
  return watchers_->Watch(context, *std::move(plan));
}

grpc::ServerUnaryReactor* ProgressServiceImpl::CheckWatchers(
    grpc::CallbackServerContext* context, const v1::CheckWatchersRequest* /*request*/,
    v1::CheckWatchersResponse* /*response*/) {
  return FinishWith(context, Error(absl::StatusCode::kUnimplemented, "NOT_YET",
                                   "CheckWatchers does not exist yet"));
}

}  // namespace genwatch

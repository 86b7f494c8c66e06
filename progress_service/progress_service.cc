#include "progress_service/progress_service.h"

#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/grpc_status.h"
#include "common/status.h"
#include "common/unary.h"
#include "progress_service/job_id.h"
#include "progress_service/watch_plan.h"

namespace genwatch {
namespace {

constexpr int kMaxChecks = 1000;  // what the ledger answers in one call

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
    grpc::CallbackServerContext* context, const v1::CheckWatchersRequest* request,
    v1::CheckWatchersResponse* response) {
  if (request->checks_size() > kMaxChecks) {
    return FinishWith(context, Error(absl::StatusCode::kInvalidArgument, "TOO_MANY_CHECKS",
                                     absl::StrCat("at most ", kMaxChecks, " checks a call")));
  }
  // The ledger is asked once for each job that does not run, however many watch it.
  v1::GetJobStatesRequest question;
  std::unordered_map<std::string, std::vector<int>> open;
  for (int i = 0; i < request->checks_size(); ++i) {
    const v1::WatcherCheck& check = request->checks(i);
    response->add_allowed(false);
    if (check.user().empty() || !IsJobId(check.job_id())) continue;
    if (const auto owner = hub_->RunningOwner(check.job_id()); owner.has_value()) {
      response->set_allowed(i, *owner == check.user());
      continue;
    }
    const auto [asked, first] = open.try_emplace(check.job_id());
    asked->second.push_back(i);
    if (!first) continue;
    question.add_jobs()->set_job_id(check.job_id());
    question.mutable_jobs(question.jobs_size() - 1)->set_want_fixed(true);
  }
  if (open.empty()) return FinishWith(context, absl::OkStatus());
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  ledger_.GetJobStates(std::move(question), [reactor, request, response, open = std::move(open)](
                                                absl::StatusOr<v1::GetJobStatesResponse> told) {
    if (!told.ok()) {
      reactor->Finish(ToGrpcStatus(Annotate(told.status(), "asking the ledger")));
      return;
    }
    for (const v1::JobStateEntry& entry : told->jobs()) {
      const auto asked = open.find(entry.job_id());
      if (asked == open.end() || entry.not_found()) continue;
      for (const int i : asked->second) {
        response->set_allowed(i, entry.fixed().owner_id() == request->checks(i).user());
      }
    }
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

}  // namespace genwatch

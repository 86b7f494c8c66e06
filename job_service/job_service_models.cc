#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status.h"
#include "common/string_view.h"
#include "common/unary.h"
#include "job_service/job_service.h"

// JobService's view of the models and their queues.

namespace genwatch {
namespace {

absl::Status NotYet(std::string_view method) {
  return Error(absl::StatusCode::kUnimplemented, "NOT_YET",
               absl::StrCat(ToAbsl(method), " does not exist yet in this release"));
}

}  // namespace

grpc::ServerUnaryReactor* JobServiceImpl::ListModels(grpc::CallbackServerContext* context,
                                                     const v1::ListModelsRequest*,
                                                     v1::ListModelsResponse* response) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  *response = parts_.models->List();
  return FinishWith(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* JobServiceImpl::GetQueue(grpc::CallbackServerContext* context,
                                                   const v1::GetQueueRequest* request,
                                                   v1::GetQueueResponse* response) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  return RunUnary(context, *parts_.executor, [this, owner = *caller, request, response] {
    std::string model = request->model();
    if (!model.empty()) model = parts_.models->Resolve(model).value_or(model);
    absl::StatusOr<v1::GetQueueResponse> queues = parts_.queue_view->Look(owner, model);
    if (queues.ok()) *response = *std::move(queues);
    return queues.status();
  });
}

grpc::ServerUnaryReactor* JobServiceImpl::HoldModel(grpc::CallbackServerContext* context,
                                                    const v1::HoldModelRequest* request,
                                                    v1::HoldModelResponse*) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  if (absl::Status status = CheckHold(request->model(), request->note()); !status.ok()) {
    return FinishWith(context, status);
  }
  return RunUnary(context, *parts_.executor,
                  [this, owner = *caller, request] { return Hold(owner, *request); });
}

absl::Status JobServiceImpl::Hold(const std::string& owner, const v1::HoldModelRequest& request) {
  absl::StatusOr<std::string> model = parts_.models->Resolve(request.model());
  if (!model.ok()) return model.status();
  const absl::Status status = parts_.store->Hold(*model, request.note());
  if (!status.ok()) return status;
  parts_.holds->Forget();
  LogInfo("model held", {{"model", *model}, {"by", owner}, {"note", request.note()}});
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* JobServiceImpl::ReleaseModel(grpc::CallbackServerContext* context,
                                                       const v1::ReleaseModelRequest* request,
                                                       v1::ReleaseModelResponse*) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  if (absl::Status status = CheckHold(request->model(), ""); !status.ok()) {
    return FinishWith(context, status);
  }
  return RunUnary(context, *parts_.executor,
                  [this, owner = *caller, request] { return Release(owner, *request); });
}

absl::Status JobServiceImpl::Release(const std::string& owner,
                                     const v1::ReleaseModelRequest& request) {
  // A model that has left its servers since it was held is released all the same.
  const std::string model = parts_.models->Resolve(request.model()).value_or(request.model());
  absl::Status status = parts_.store->Release(model);
  if (status.ok() && model != request.model()) status = parts_.store->Release(request.model());
  if (!status.ok()) return status;
  parts_.holds->Forget();
  LogInfo("model released", {{"model", model}, {"by", owner}});
  // The polls of other replicas look at least four times a second.
  parts_.look_for_work();
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* JobServiceImpl::GetModelStats(grpc::CallbackServerContext* context,
                                                        const v1::GetModelStatsRequest*,
                                                        v1::GetModelStatsResponse*) {
  return FinishWith(context, NotYet("GetModelStats"));
}

}  // namespace genwatch

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status.h"
#include "common/string_view.h"
#include "common/unary.h"
#include "job_service/job_proto.h"
#include "job_service/job_service.h"
#include "job_service/model_stats.h"

// JobService's view of the models and their queues.

namespace genwatch {
namespace {

constexpr uint32_t kUsualPeriods = 14;
constexpr uint32_t kMostDays = 366;
constexpr uint32_t kMostWeeks = 52;
constexpr size_t kMostModels = 100;
constexpr uint32_t kUsualSamples = 500;

absl::Status Refused(std::string_view field, const std::string& why) {
  return WithFieldViolation(Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST",
                                  absl::StrCat(ToAbsl(field), " ", why)),
                            field, why);
}

}  // namespace

Caller JobServiceImpl::CallerNamed(const std::string& name) const {
  return {.name = name, .is_operator = options_.operators.contains(name)};
}

absl::StatusOr<std::string> JobServiceImpl::OperatorIdentity(
    const grpc::ServerContextBase& context) const {
  absl::StatusOr<std::string> caller = CallerIdentity(context, options_.identity);
  if (!caller.ok() || CallerNamed(*caller).is_operator) return caller;
  return Error(absl::StatusCode::kPermissionDenied, "NOT_AN_OPERATOR",
               "only operators may hold and release models");
}

grpc::ServerUnaryReactor* JobServiceImpl::ListModels(grpc::CallbackServerContext* context,
                                                     const v1::ListModelsRequest*,
                                                     v1::ListModelsResponse* response) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  *response = parts_.models->List();
  return FinishWith(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* JobServiceImpl::EstimateJob(grpc::CallbackServerContext* context,
                                                      const v1::EstimateJobRequest* request,
                                                      v1::EstimateJobResponse* response) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  return RunUnary(context, *parts_.executor, [this, request, response] {
    absl::StatusOr<v1::EstimateJobResponse> estimate = parts_.forecast->Of(*request);
    if (estimate.ok()) *response = *std::move(estimate);
    return estimate.status();
  });
}

grpc::ServerUnaryReactor* JobServiceImpl::GetQueue(grpc::CallbackServerContext* context,
                                                   const v1::GetQueueRequest* request,
                                                   v1::GetQueueResponse* response) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  return RunUnary(context, *parts_.executor, [this, owner = *caller, request, response] {
    std::string model = request->model();
    if (!model.empty()) model = parts_.models->Resolve(model).value_or(model);
    absl::StatusOr<v1::GetQueueResponse> queues =
        parts_.queue_view->Look(CallerNamed(owner), model);
    if (queues.ok()) *response = *std::move(queues);
    return queues.status();
  });
}

grpc::ServerUnaryReactor* JobServiceImpl::HoldModel(grpc::CallbackServerContext* context,
                                                    const v1::HoldModelRequest* request,
                                                    v1::HoldModelResponse*) {
  absl::StatusOr<std::string> caller = OperatorIdentity(*context);
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
  absl::StatusOr<std::string> caller = OperatorIdentity(*context);
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
                                                        const v1::GetModelStatsRequest* request,
                                                        v1::GetModelStatsResponse* response) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  return RunUnary(context, *parts_.executor,
                  [this, request, response] { return Stats(*request, *response); });
}

absl::Status JobServiceImpl::Stats(const v1::GetModelStatsRequest& request,
                                   v1::GetModelStatsResponse& response) {
  const bool weeks = request.period() == v1::ModelStats::PERIOD_WEEK;
  if (!weeks && request.period() != v1::ModelStats::PERIOD_DAY &&
      request.period() != v1::ModelStats::PERIOD_UNSPECIFIED) {
    return Refused("period", "is no period");
  }
  const uint32_t most = weeks ? kMostWeeks : kMostDays;
  if (request.periods() > most) {
    return Refused("periods", absl::StrCat("must be at most ", most));
  }
  const auto period = weeks ? v1::ModelStats::PERIOD_WEEK : v1::ModelStats::PERIOD_DAY;
  const uint32_t periods = request.periods() > 0 ? request.periods() : kUsualPeriods;
  std::string model = request.model();
  if (!model.empty()) model = parts_.models->Resolve(model).value_or(model);
  const absl::StatusOr<std::vector<ModelDayRecord>> days =
      parts_.store->ModelDays(model, FirstDay(DayOf(parts_.clock->Now()), period, periods));
  if (!days.ok()) return days.status();
  std::set<std::string> models;
  for (v1::ModelStats& stats : StatsOf(*days, period)) {
    models.insert(stats.model());
    if (models.size() > kMostModels) break;
    *response.add_stats() = std::move(stats);
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* JobServiceImpl::ListEstimateSamples(
    grpc::CallbackServerContext* context, const v1::ListEstimateSamplesRequest* request,
    v1::ListEstimateSamplesResponse* response) {
  absl::StatusOr<std::string> caller = CallerIdentity(*context, options_.identity);
  if (!caller.ok()) return FinishWith(context, caller.status());
  return RunUnary(context, *parts_.executor,
                  [this, request, response] { return Samples(*request, *response); });
}

absl::Status JobServiceImpl::Samples(const v1::ListEstimateSamplesRequest& request,
                                     v1::ListEstimateSamplesResponse& response) {
  std::string model = request.model();
  if (!model.empty()) model = parts_.models->Resolve(model).value_or(model);
  const size_t limit =
      std::min<size_t>(request.limit() == 0 ? kUsualSamples : request.limit(), kKeptSamples);
  const absl::StatusOr<std::vector<EstimateSampleRecord>> samples =
      parts_.store->ListEstimateSamples(model, limit);
  if (!samples.ok()) return samples.status();
  for (const EstimateSampleRecord& one : *samples) {
    v1::EstimateSample& sample = *response.add_samples();
    sample.set_model(one.model);
    sample.set_share(one.share);
    sample.set_told_ms(one.told_ms);
    sample.set_told_low_ms(one.told_low_ms);
    sample.set_told_high_ms(one.told_high_ms);
    sample.set_true_ms(one.true_ms);
    *sample.mutable_end_time() = ToTimestamp(one.ended_at);
  }
  return absl::OkStatus();
}

}  // namespace genwatch

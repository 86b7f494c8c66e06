#include "job_service/job_lease_service.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "common/failpoint.h"
#include "common/grpc_status.h"
#include "common/log.h"
#include "common/status.h"
#include "common/unary.h"

namespace genwatch {
namespace {

constexpr uint32_t kMostWaitMs = 30'000;
// Each costs every look of the poll; the queue's scripts take some thousands.
constexpr int kMostModels = 1000;

absl::Status CheckWorker(const v1::Worker& worker) {
  if (!worker.instance().empty() && worker.instance().size() <= 64) return absl::OkStatus();
  return WithFieldViolation(Error(absl::StatusCode::kInvalidArgument, "BAD_WORKER",
                                  "worker.instance must have 1 to 64 characters"),
                            "worker.instance", "must have 1 to 64 characters");
}

// A long poll. The broker answers exactly once; a caller that goes away has it answered at once.
class LeaseReactor : public grpc::ServerUnaryReactor {
 public:
  LeaseReactor(LeaseBroker* broker, const v1::LeaseJobsRequest& request,
               v1::LeaseJobsResponse* response)
      : broker_(broker) {
    const absl::Duration wait = absl::Milliseconds(std::min(request.wait_ms(), kMostWaitMs));
    const uint64_t id =
        broker_->Add(request, wait, [this, response](absl::StatusOr<v1::LeaseJobsResponse> answer) {
          const absl::Status status = answer.status();
          if (status.ok()) *response = *std::move(answer);
          Finish(ToGrpcStatus(status));
          Release();
        });
    id_.store(id);
    if (cancelled_.load()) broker_->Cancel(id);
    Release();
  }

  void OnCancel() override {
    cancelled_.store(true);
    if (const uint64_t id = id_.load(); id != 0) broker_->Cancel(id);
  }
  void OnDone() override { Release(); }

 private:
  // The answer may come, and the call be done, before the constructor is: the last of the three
  // deletes.
  void Release() {
    if (references_.fetch_sub(1) == 1) delete this;
  }

  LeaseBroker* const broker_;
  std::atomic<uint64_t> id_ = 0;
  std::atomic<bool> cancelled_ = false;
  std::atomic<int> references_ = 3;
};

}  // namespace

grpc::ServerUnaryReactor* JobLeaseServiceImpl::LeaseJobs(grpc::CallbackServerContext* context,
                                                         const v1::LeaseJobsRequest* request,
                                                         v1::LeaseJobsResponse* response) {
  absl::Status status = CheckWorker(request->worker());
  if (status.ok() && request->models_size() > kMostModels) {
    status = WithFieldViolation(Error(absl::StatusCode::kInvalidArgument, "TOO_MANY_MODELS",
                                      "a poll for jobs may name 1000 models at most"),
                                "models", "at most 1000");
  }
  if (!status.ok()) return FinishWith(context, status);
  return new LeaseReactor(parts_.broker, *request, response);
}

grpc::ServerUnaryReactor* JobLeaseServiceImpl::Heartbeat(grpc::CallbackServerContext* context,
                                                         const v1::HeartbeatRequest* request,
                                                         v1::HeartbeatResponse* response) {
  if (absl::Status status = CheckWorker(request->worker()); !status.ok()) {
    return FinishWith(context, status);
  }
  return RunUnary(context, *parts_.heartbeat_executor,
                  [this, request, response] { return Beat(*request, *response); });
}

absl::Status JobLeaseServiceImpl::Beat(const v1::HeartbeatRequest& request,
                                       v1::HeartbeatResponse& response) {
  const std::vector<v1::HeldJob> held(request.jobs().begin(), request.jobs().end());
  absl::StatusOr<std::vector<v1::StopJob>> stop =
      parts_.store->Heartbeat(request.worker(), request.number(), held);
  if (!stop.ok()) return stop.status();
  std::vector<v1::HeldJob> lost;
  for (const v1::StopJob& order : *stop) {
    if (order.reason() != v1::STOP_REASON_LEASE_LOST) continue;
    v1::HeldJob& lease = lost.emplace_back();
    lease.set_job_id(order.job_id());
    lease.set_version(order.version());
  }
  // Before the answer, after which the worker speaks of them no more.
  if (absl::Status status = WorkerLives(request.worker().instance(), lost); !status.ok()) {
    return status;
  }
  response.mutable_stop()->Assign(stop->begin(), stop->end());
  if (request.has_models()) {
    parts_.models->Update(request.models());
    // The worker sends it again when it changes; other replicas read it within seconds.
    if (absl::Status status = parts_.store->SaveModels(request.models()); !status.ok()) {
      response.set_want_models(true);
    }
  } else if (parts_.models->List().servers().empty()) {
    response.set_want_models(true);
  }
  response.set_make_room(parts_.room->Asked(request.worker().instance()));
  absl::StatusOr<std::vector<JobRecord>> released =
      parts_.store->ReleaseUnheld(request.worker().instance(), request.number(), held);
  if (released.ok() && !released->empty()) {
    LogWarning("leases that the worker never received are released",
               {{"instance", request.worker().instance()}, {"jobs", released->size()}});
    GENWATCH_FAILPOINT("release_committed");
    parts_.feeder->Enqueue(*released);
  }
  return absl::OkStatus();
}

absl::Status JobLeaseServiceImpl::WorkerLives(const std::string& instance,
                                              absl::Span<const v1::HeldJob> lost) {
  if (lost.empty()) return absl::OkStatus();
  const absl::StatusOr<uint32_t> taken_back = parts_.store->TakeBackLosses(instance, lost);
  if (!taken_back.ok()) return taken_back.status();
  if (*taken_back > 0) {
    LogInfo("a worker that was taken for lost lives, its jobs did not kill it",
            {{"instance", instance}, {"losses_taken_back", *taken_back}});
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* JobLeaseServiceImpl::AppendText(grpc::CallbackServerContext* context,
                                                          const v1::AppendTextRequest* request,
                                                          v1::AppendTextResponse* response) {
  return RunUnary(context, *parts_.executor,
                  [this, request, response] { return Append(*request, *response); });
}

absl::Status JobLeaseServiceImpl::Append(const v1::AppendTextRequest& request,
                                         v1::AppendTextResponse& response) {
  const std::vector<v1::TextAppend> appends(request.appends().begin(), request.appends().end());
  absl::StatusOr<std::vector<AppendResult>> results =
      parts_.store->AppendText(request.instance(), appends);
  if (!results.ok()) return results.status();
  GENWATCH_FAILPOINT("append_committed");
  for (size_t i = 0; i < results->size(); ++i) {
    if ((*results)[i].lease_lost) parts_.metrics->WriteRefused("AppendText");
    v1::TextKept& kept = *response.add_kept();
    kept.set_job_id(appends[i].job_id());
    kept.set_lease_lost((*results)[i].lease_lost);
    kept.set_answer_bytes((*results)[i].kept.answer);
    kept.set_thinking_bytes((*results)[i].kept.thinking);
  }
  return absl::OkStatus();
}

}  // namespace genwatch

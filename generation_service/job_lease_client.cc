#include "generation_service/job_lease_client.h"

#include <grpcpp/client_context.h>

#include <chrono>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "common/grpc_channel.h"
#include "common/grpc_status.h"
#include "common/mutex.h"
#include "genwatch/v1/job_lease_service.grpc.pb.h"

namespace genwatch {
namespace {

// What one call needs until gRPC is done with it.
template <typename Request, typename Response>
struct Call {
  grpc::ClientContext context;
  Request request;
  Response response;
  JobLeaseClient::Answer<Response> answer;
};

}  // namespace

struct JobLeaseClient::Calls : std::enable_shared_from_this<Calls> {
  using Context = std::shared_ptr<grpc::ClientContext>;

  Calls(EventLoop* loop_in, const std::string& target)
      : loop(loop_in), stub(v1::JobLeaseService::NewStub(InternalChannel(target))) {}

  // False after Shutdown.
  bool Register(const Context& context, bool lease) {
    MutexLock lock(mutex);
    if (shut_down) return false;
    open.insert(context);
    if (lease) leases.insert(context);
    return true;
  }

  void Unregister(const Context& context) {
    MutexLock lock(mutex);
    open.erase(context);
    leases.erase(context);
    changed.NotifyAll();
  }

  // Outside of the lock: gRPC may end calls inside of TryCancel.
  static void Cancel(const std::set<Context>& contexts) {
    for (const Context& context : contexts) context->TryCancel();
  }

  // `start` hands the call to the stub, with the function to call at its end.
  template <typename Request, typename Response, typename Start>
  void Run(Request request, absl::Duration deadline, Answer<Response> answer, bool lease,
           Start start) {
    auto call = std::make_shared<Call<Request, Response>>();
    call->request = std::move(request);
    call->answer = std::move(answer);
    call->context.set_deadline(std::chrono::system_clock::now() +
                               absl::ToChronoMilliseconds(deadline));
    const Context context(call, &call->context);
    if (!Register(context, lease)) {
      loop->Post([self = shared_from_this(), call] {
        if (!self->answers_dropped) call->answer(absl::CancelledError("the worker shuts down"));
      });
      return;
    }
    start(*call, [self = shared_from_this(), call, context](const grpc::Status& status) {
      self->loop->Post([self, call, status = FromGrpcStatus(status)] {
        if (self->answers_dropped) return;
        if (status.ok()) {
          call->answer(std::move(call->response));
        } else {
          call->answer(status);
        }
      });
      self->Unregister(context);
    });
  }

  EventLoop* const loop;
  const std::unique_ptr<v1::JobLeaseService::Stub> stub;
  bool answers_dropped = false;  // of the loop's thread
  Mutex mutex;
  CondVar changed;
  std::set<Context> open ABSL_GUARDED_BY(mutex);
  std::set<Context> leases ABSL_GUARDED_BY(mutex);  // a part of `open`
  bool shut_down ABSL_GUARDED_BY(mutex) = false;
};

JobLeaseClient::JobLeaseClient(EventLoop* loop, const std::string& target)
    : calls_(std::make_shared<Calls>(loop, target)) {}

JobLeaseClient::~JobLeaseClient() { Shutdown(); }

void JobLeaseClient::LeaseJobs(v1::LeaseJobsRequest request, absl::Duration deadline,
                               Answer<v1::LeaseJobsResponse> answer) {
  calls_->Run<v1::LeaseJobsRequest, v1::LeaseJobsResponse>(
      std::move(request), deadline, std::move(answer), /*lease=*/true,
      [this](auto& call, auto done) {
        calls_->stub->async()->LeaseJobs(&call.context, &call.request, &call.response,
                                         std::move(done));
      });
}

void JobLeaseClient::Heartbeat(v1::HeartbeatRequest request, absl::Duration deadline,
                               Answer<v1::HeartbeatResponse> answer) {
  calls_->Run<v1::HeartbeatRequest, v1::HeartbeatResponse>(
      std::move(request), deadline, std::move(answer), /*lease=*/false,
      [this](auto& call, auto done) {
        calls_->stub->async()->Heartbeat(&call.context, &call.request, &call.response,
                                         std::move(done));
      });
}

void JobLeaseClient::AppendText(v1::AppendTextRequest request, absl::Duration deadline,
                                Answer<v1::AppendTextResponse> answer) {
  calls_->Run<v1::AppendTextRequest, v1::AppendTextResponse>(
      std::move(request), deadline, std::move(answer), /*lease=*/false,
      [this](auto& call, auto done) {
        calls_->stub->async()->AppendText(&call.context, &call.request, &call.response,
                                          std::move(done));
      });
}

void JobLeaseClient::FinishAttempt(v1::FinishAttemptRequest request, absl::Duration deadline,
                                   Answer<v1::FinishAttemptResponse> answer) {
  calls_->Run<v1::FinishAttemptRequest, v1::FinishAttemptResponse>(
      std::move(request), deadline, std::move(answer), /*lease=*/false,
      [this](auto& call, auto done) {
        calls_->stub->async()->FinishAttempt(&call.context, &call.request, &call.response,
                                             std::move(done));
      });
}

void JobLeaseClient::CancelLeaseJobs() {
  std::set<Calls::Context> leases;
  {
    MutexLock lock(calls_->mutex);
    leases = calls_->leases;
  }
  Calls::Cancel(leases);
}

void JobLeaseClient::DropAnswers() { calls_->answers_dropped = true; }

void JobLeaseClient::Shutdown() {
  std::set<Calls::Context> open;
  {
    MutexLock lock(calls_->mutex);
    calls_->shut_down = true;
    open = calls_->open;
  }
  Calls::Cancel(open);
  MutexLock lock(calls_->mutex);
  while (!calls_->open.empty()) calls_->changed.Wait(calls_->mutex);
}

}  // namespace genwatch

#include "progress_service/ledger_client.h"

#include <grpcpp/client_context.h>

#include <chrono>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/grpc_channel.h"
#include "common/grpc_status.h"
#include "common/mutex.h"
#include "genwatch/v1/job_feed_service.grpc.pb.h"

namespace genwatch {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(2);
constexpr absl::Duration kTextDeadline = absl::Seconds(5);

}  // namespace

struct LedgerClient::Impl {
  template <class Request, class Response>
  struct Call {
    grpc::ClientContext context;
    Request request;
    Response response;
    Answer<Response> answer;
  };

  explicit Impl(const std::string& target)
      : stub(v1::JobFeedService::NewStub(InternalChannel(target))) {}

  ~Impl() {
    std::vector<std::shared_ptr<grpc::ClientContext>> open;
    {
      MutexLock lock(mutex);
      open.assign(contexts.begin(), contexts.end());
    }
    for (const auto& context : open) context->TryCancel();
    MutexLock lock(mutex);
    while (!contexts.empty()) idle.Wait(mutex);
  }

  // `method` starts the call on the stub's asynchronous interface.
  template <class Request, class Response, class Method>
  void Start(absl::Duration deadline, Request request, Answer<Response> answer, Method method) {
    auto call = std::make_shared<Call<Request, Response>>();
    call->request = std::move(request);
    call->answer = std::move(answer);
    call->context.set_deadline(std::chrono::system_clock::now() +
                               absl::ToChronoMilliseconds(deadline));
    std::shared_ptr<grpc::ClientContext> context(call, &call->context);
    {
      MutexLock lock(mutex);
      contexts.insert(context);
    }
    method(&call->context, &call->request, &call->response,
           [this, call, context](const grpc::Status& status) {
             if (status.ok()) {
               call->answer(std::move(call->response));
             } else {
               call->answer(FromGrpcStatus(status));
             }
             call->answer = nullptr;
             MutexLock lock(mutex);
             contexts.erase(context);
             if (contexts.empty()) idle.NotifyAll();
           });
  }

  const std::unique_ptr<v1::JobFeedService::Stub> stub;
  Mutex mutex;
  CondVar idle;
  std::unordered_set<std::shared_ptr<grpc::ClientContext>> contexts ABSL_GUARDED_BY(mutex);
};

LedgerClient::LedgerClient(const std::string& target) : impl_(std::make_unique<Impl>(target)) {}

LedgerClient::~LedgerClient() = default;

void LedgerClient::GetJobStates(v1::GetJobStatesRequest request,
                                Answer<v1::GetJobStatesResponse> answer) {
  impl_->Start(kDeadline, std::move(request), std::move(answer), [this](auto&&... arguments) {
    impl_->stub->async()->GetJobStates(std::forward<decltype(arguments)>(arguments)...);
  });
}

void LedgerClient::ReadTexts(v1::ReadTextsRequest request, Answer<v1::ReadTextsResponse> answer) {
  impl_->Start(kTextDeadline, std::move(request), std::move(answer), [this](auto&&... arguments) {
    impl_->stub->async()->ReadTexts(std::forward<decltype(arguments)>(arguments)...);
  });
}

void LedgerClient::RecordProgress(v1::RecordProgressRequest request,
                                  Answer<v1::RecordProgressResponse> answer) {
  impl_->Start(kDeadline, std::move(request), std::move(answer), [this](auto&&... arguments) {
    impl_->stub->async()->RecordProgress(std::forward<decltype(arguments)>(arguments)...);
  });
}

void LedgerClient::RecordScores(v1::RecordScoresRequest request,
                                Answer<v1::RecordScoresResponse> answer) {
  impl_->Start(kDeadline, std::move(request), std::move(answer), [this](auto&&... arguments) {
    impl_->stub->async()->RecordScores(std::forward<decltype(arguments)>(arguments)...);
  });
}

void LedgerClient::ListActive(v1::ListActiveRequest request,
                              Answer<v1::ListActiveResponse> answer) {
  impl_->Start(kDeadline, std::move(request), std::move(answer), [this](auto&&... arguments) {
    impl_->stub->async()->ListActive(std::forward<decltype(arguments)>(arguments)...);
  });
}

}  // namespace genwatch

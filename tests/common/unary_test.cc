#include "common/unary.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "common/identity.h"
#include "common/mutex.h"
#include "common/status.h"
#include "genwatch/v1/progress_service.grpc.pb.h"
#include "tests/support/await.h"
#include "tests/support/grpc_test_server.h"
#include "tests/support/notification.h"

namespace genwatch {
namespace {

using v1::GetProgressRequest;
using v1::GetProgressResponse;
using v1::ProgressService;
using v1::WatchProgressRequest;
using v1::WatchProgressResponse;

// GetProgress runs `call` on the executor; WatchProgress is refused; CheckWatchers answers at once.
class TestService : public ProgressService::CallbackService {
 public:
  explicit TestService(Executor& executor) : executor_(executor) {}

  using Call = std::function<absl::Status(const GetProgressRequest&, GetProgressResponse&)>;

  void SetCall(Call call) {
    MutexLock lock(mutex_);
    call_ = std::move(call);
  }

  bool CallHasCome() {
    MutexLock lock(mutex_);
    return last_context_ != nullptr;
  }

  // While the call waits for the executor, its context lives.
  bool LastCallIsCancelled() {
    MutexLock lock(mutex_);
    return last_context_ == nullptr || last_context_->IsCancelled();
  }

  grpc::ServerUnaryReactor* GetProgress(grpc::CallbackServerContext* context,
                                        const GetProgressRequest* request,
                                        GetProgressResponse* response) override {
    {
      MutexLock lock(mutex_);
      last_context_ = context;
    }
    return RunUnary(context, executor_,
                    [this, request, response] { return TheCall()(*request, *response); });
  }

  grpc::ServerWriteReactor<WatchProgressResponse>* WatchProgress(
      grpc::CallbackServerContext* /*context*/, const WatchProgressRequest* /*request*/) override {
    return RejectStream<WatchProgressResponse>(
        Error(absl::StatusCode::kResourceExhausted, "TOO_MANY", "too many watchers"));
  }

  grpc::ServerUnaryReactor* CheckWatchers(grpc::CallbackServerContext* context,
                                          const v1::CheckWatchersRequest* /*request*/,
                                          v1::CheckWatchersResponse* /*response*/) override {
    const auto user = CallerIdentity(*context, {});
    return FinishWith(
        context, user.ok() ? Error(absl::StatusCode::kNotFound, "TOLD", *user) : user.status());
  }

 private:
  Call TheCall() {
    MutexLock lock(mutex_);
    return call_;
  }

  Executor& executor_;
  Mutex mutex_;
  Call call_ ABSL_GUARDED_BY(mutex_);
  grpc::CallbackServerContext* last_context_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

class UnaryTest : public ::testing::Test {
 protected:
  absl::Status GetProgress(const std::string& job_id, GetProgressResponse& response,
                           grpc::ClientContext* context = nullptr) {
    GetProgressRequest request;
    request.set_job_id(job_id);
    const auto own = TestContext();
    return FromGrpcStatus(
        stub_->GetProgress(context == nullptr ? own.get() : context, request, &response));
  }

  // Occupies the executor's only thread until `release_`.
  void Occupy() {
    Notification started;
    ASSERT_TRUE(executor_
                    .Submit([this, &started] {
                      started.Notify();
                      release_.WaitForNotification();
                    })
                    .ok());
    started.WaitForNotification();
  }

  Executor executor_{"test", 1, 1};
  TestService service_{executor_};
  GrpcTestServer server_{{&service_}};
  std::unique_ptr<ProgressService::Stub> stub_ = ProgressService::NewStub(server_.channel());
  Notification release_;
};

TEST_F(UnaryTest, TheCallsResponseAndStatusReachTheClient) {
  service_.SetCall([](const GetProgressRequest& request, GetProgressResponse& response) {
    if (request.job_id() == "job_2") {
      return Error(absl::StatusCode::kNotFound, "JOB_NOT_FOUND", "no such job");
    }
    response.set_cursor("cursor of " + request.job_id());
    return absl::OkStatus();
  });
  GetProgressResponse response;
  EXPECT_TRUE(GetProgress("job_1", response).ok());
  EXPECT_EQ(response.cursor(), "cursor of job_1");
  const absl::Status refused = GetProgress("job_2", response);
  EXPECT_EQ(refused.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(refused), "JOB_NOT_FOUND");
}

TEST_F(UnaryTest, AFullExecutorIsAnsweredAtOnce) {
  service_.SetCall([](const auto&, auto&) { return absl::OkStatus(); });
  Occupy();
  ASSERT_TRUE(executor_.Submit([] {}).ok());
  GetProgressResponse response;
  const absl::Status refused = GetProgress("job_1", response);
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused), "EXECUTOR_FULL");
  EXPECT_TRUE(RetryAfterOf(refused).has_value());
  release_.Notify();
}

TEST_F(UnaryTest, AnExecutorThatShutDownIsAnsweredAtOnce) {
  executor_.Shutdown();
  GetProgressResponse response;
  EXPECT_EQ(ReasonOf(GetProgress("job_1", response)), "SHUTTING_DOWN");
}

TEST_F(UnaryTest, ACallWhoseDeadlinePassedWhileItWaitedIsNotRun) {
  std::atomic<int> ran = 0;
  service_.SetCall([&ran](const auto&, auto&) {
    ++ran;
    return absl::OkStatus();
  });
  Occupy();
  // On a slow machine the time may be over before the server has read the call.
  do {
    GetProgressResponse response;
    const auto context = TestContext("", absl::Seconds(1));
    EXPECT_EQ(GetProgress("job_1", response, context.get()).code(),
              absl::StatusCode::kDeadlineExceeded);
  } while (!service_.CallHasCome());
  // The server counts the same time from when it read the call, a moment later.
  EXPECT_TRUE(Await([this] { return service_.LastCallIsCancelled(); }));
  release_.Notify();
  executor_.Shutdown();
  EXPECT_EQ(ran, 0);
}

TEST_F(UnaryTest, ACallCancelledWhileItWaitedIsNotRun) {
  std::atomic<int> ran = 0;
  service_.SetCall([&ran](const auto&, auto&) {
    ++ran;
    return absl::OkStatus();
  });
  Occupy();
  GetProgressResponse response;
  const auto context = TestContext();
  std::thread canceller([&] {
    EXPECT_TRUE(Await([this] { return executor_.queued() == 1; }));
    context->TryCancel();
  });
  EXPECT_EQ(GetProgress("job_1", response, context.get()).code(), absl::StatusCode::kCancelled);
  canceller.join();
  EXPECT_TRUE(Await([this] { return service_.LastCallIsCancelled(); }));
  release_.Notify();
  executor_.Shutdown();
  EXPECT_EQ(ran, 0);
}

TEST_F(UnaryTest, ARefusedStreamEndsWithItsStatusAndNoMessage) {
  const auto context = TestContext();
  const auto reader = stub_->WatchProgress(context.get(), {});
  WatchProgressResponse response;
  EXPECT_FALSE(reader->Read(&response));
  const absl::Status status = FromGrpcStatus(reader->Finish());
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY");
}

TEST_F(UnaryTest, TheCallersIdentityArrivesOverTheWire) {
  v1::CheckWatchersResponse response;
  const absl::Status known =
      FromGrpcStatus(stub_->CheckWatchers(TestContext("ann").get(), {}, &response));
  EXPECT_EQ(known.message(), "ann");
  const absl::Status unknown =
      FromGrpcStatus(stub_->CheckWatchers(TestContext().get(), {}, &response));
  EXPECT_EQ(ReasonOf(unknown), "NO_IDENTITY");
}

}  // namespace
}  // namespace genwatch

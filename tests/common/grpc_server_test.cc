#include "common/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/grpc_channel.h"
#include "common/status.h"
#include "common/unary.h"
#include "genwatch/v1/progress_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/support/await.h"
#include "tests/support/grpc_test_server.h"
#include "tests/support/notification.h"

namespace genwatch {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;
using v1::ProgressService;

// GetProgress calls `entered`, then waits for `release` or the cancellation of the call.
class SlowService : public ProgressService::CallbackService {
 public:
  Notification entered;
  Notification release;

  ~SlowService() override { executor_.Shutdown(); }

  grpc::ServerUnaryReactor* GetProgress(grpc::CallbackServerContext* context,
                                        const v1::GetProgressRequest* /*request*/,
                                        v1::GetProgressResponse* response) override {
    return RunUnary(context, executor_, [this, context, response] {
      entered.Notify();
      Await([&] { return release.HasBeenNotified() || context->IsCancelled(); });
      response->set_cursor("done");
      return absl::OkStatus();
    });
  }

 private:
  Executor executor_{"slow", 2, 10};
};

std::string HealthOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  const grpc::Status status =
      Health::NewStub(channel)->Check(TestContext().get(), request, &response);
  return status.ok() ? HealthCheckResponse::ServingStatus_Name(response.status())
                     : absl::StrCat("error ", status.error_code());
}

// What the server's reflection answers to "list the services" (field 7 of the request, empty), as
// raw bytes; the proto of reflection is not installed with gRPC.
absl::StatusOr<std::string> ReflectedServices(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::GenericStub stub(channel);
  const grpc::Slice request("\x3A\x00", 2);
  const grpc::ByteBuffer request_buffer(&request, 1);
  grpc::ByteBuffer response;
  const auto context = TestContext();
  std::promise<grpc::Status> done;
  stub.UnaryCall(context.get(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                 grpc::StubOptions(), &request_buffer, &response,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  const absl::Status status = FromGrpcStatus(done.get_future().get());
  if (!status.ok()) return status;
  grpc::Slice bytes;
  if (!response.DumpToSingleSlice(&bytes).ok()) return absl::InternalError("no bytes");
  return std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
}

TEST(GrpcServerTest, ReadinessIsSetLivenessIsAlways) {
  SlowService service;
  auto server = GrpcServer::Start({}, {&service});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = InternalChannel((*server)->address());
  EXPECT_EQ(HealthOf(channel, "liveness"), "SERVING");
  EXPECT_EQ(HealthOf(channel, "readiness"), "NOT_SERVING");
  EXPECT_EQ(HealthOf(channel, ""), "NOT_SERVING");
  EXPECT_EQ(HealthOf(channel, "nonsense"), "error 5");
  (*server)->SetServing(true);
  EXPECT_EQ(HealthOf(channel, "readiness"), "SERVING");
  EXPECT_EQ(HealthOf(channel, ""), "SERVING");
  (*server)->SetServing(false);
  EXPECT_EQ(HealthOf(channel, "liveness"), "SERVING");
  EXPECT_EQ(HealthOf(channel, "readiness"), "NOT_SERVING");
}

TEST(GrpcServerTest, ReflectionIsThereOnlyWhenAskedFor) {
  SlowService service;
  GrpcServerOptions with;
  with.reflection = true;
  GrpcTestServer reflecting({&service}, with);
  const auto services = ReflectedServices(reflecting.channel());
  ASSERT_TRUE(services.ok()) << services.status();
  EXPECT_THAT(*services,
              AllOf(HasSubstr("genwatch.v1.ProgressService"), HasSubstr("grpc.health.v1.Health")));

  SlowService other;
  GrpcTestServer silent({&other});
  EXPECT_EQ(ReflectedServices(silent.channel()).status().code(), absl::StatusCode::kUnimplemented);
}

TEST(GrpcServerTest, APortInUseIsNamedWithItsFlag) {
  SlowService service;
  auto first = GrpcServer::Start({}, {&service});
  ASSERT_TRUE(first.ok());
  GrpcServerOptions options;
  options.port = (*first)->port();
  const auto second = GrpcServer::Start(options, {&service});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(second.status()), "LISTEN_FAILED");
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(absl::StrCat("port ", options.port, " is in use; choose another --port")));
}

TEST(GrpcServerTest, AHostThatIsNotOursIsNamed) {
  GrpcServerOptions options;
  SlowService service;
  options.host = "192.0.2.1";  // reserved for documentation
  const auto server = GrpcServer::Start(options, {&service});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("192.0.2.1:0"));
}

TEST(GrpcServerTest, TheAddressHasThePortThatWasFound) {
  SlowService service;
  auto server = GrpcServer::Start({}, {&service});
  ASSERT_TRUE(server.ok());
  EXPECT_GT((*server)->port(), 0);
  EXPECT_EQ((*server)->address(), absl::StrCat("127.0.0.1:", (*server)->port()));
}

TEST(GrpcServerTest, AMessageOverTheLimitIsRefused) {
  SlowService service;
  service.release.Notify();
  GrpcServerOptions options;
  options.max_receive_bytes = 1000;
  GrpcTestServer server({&service}, options);
  const auto stub = ProgressService::NewStub(server.channel());
  v1::GetProgressRequest request;
  request.set_job_id(std::string(1001, 'x'));
  v1::GetProgressResponse response;
  EXPECT_EQ(stub->GetProgress(TestContext().get(), request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(GrpcServerTest, DrainSaysNotServingAtOnceAndLetsRunningCallsEnd) {
  SlowService service;
  GrpcServerOptions options;
  options.drain = absl::Seconds(30);
  GrpcTestServer server({&service}, options);
  const auto health = Health::NewStub(server.channel());
  const auto watch_context = TestContext();
  const auto watch = health->Watch(watch_context.get(), {});
  HealthCheckResponse state;
  ASSERT_TRUE(watch->Read(&state));
  ASSERT_EQ(state.status(), HealthCheckResponse::SERVING);

  std::future<std::string> call = std::async(std::launch::async, [&] {
    v1::GetProgressResponse response;
    const auto stub = ProgressService::NewStub(server.channel());
    return stub->GetProgress(TestContext().get(), {}, &response).ok() ? response.cursor()
                                                                      : "failed";
  });
  service.entered.WaitForNotification();
  std::thread drain([&] { server.server().Drain(); });

  ASSERT_TRUE(watch->Read(&state));
  EXPECT_EQ(state.status(), HealthCheckResponse::NOT_SERVING);
  watch_context->TryCancel();
  server.server().SetServing(true);  // no effect any more
  service.release.Notify();
  EXPECT_EQ(call.get(), "done");
  drain.join();
  EXPECT_EQ(HealthOf(server.channel(), "liveness"), "error 14");
}

TEST(GrpcServerTest, DrainCancelsWhatRunsPastTheDeadline) {
  SlowService service;
  GrpcServerOptions options;
  options.drain = absl::Milliseconds(100);
  GrpcTestServer server({&service}, options);
  std::future<grpc::Status> call = std::async(std::launch::async, [&] {
    v1::GetProgressResponse response;
    return ProgressService::NewStub(server.channel())
        ->GetProgress(TestContext().get(), {}, &response);
  });
  service.entered.WaitForNotification();
  server.server().Drain();
  EXPECT_FALSE(call.get().ok());
  server.server().Drain();  // again: no effect
}

// A channel that is only kept alive by pings, as between calls.
std::shared_ptr<grpc::Channel> PingingChannel(const std::string& address, int interval_ms) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, interval_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

TEST(GrpcServerTest, PingsWithoutCallsArePermittedAtTheAgreedRate) {
  for (const bool permitted : {true, false}) {
    GrpcServerOptions options;
    options.min_client_ping_interval = permitted ? absl::Milliseconds(20) : absl::Seconds(100);
    SlowService service;
    GrpcTestServer server({&service}, options);
    const auto channel = PingingChannel(server.address(), 50);
    ASSERT_EQ(HealthOf(channel, "liveness"), "SERVING");
    // Three pings too many and the server says GOAWAY.
    const bool lost = Await([&] { return channel->GetState(false) != GRPC_CHANNEL_READY; },
                            permitted ? absl::Milliseconds(500) : absl::Seconds(20));
    EXPECT_EQ(lost, !permitted);
  }
}

}  // namespace
}  // namespace genwatch

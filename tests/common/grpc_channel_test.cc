#include "common/grpc_channel.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/grpc_server.h"
#include "common/string_view.h"
#include "genwatch/v1/progress_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/support/await.h"
#include "tests/support/grpc_test_server.h"

namespace genwatch {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class AnyService : public v1::ProgressService::CallbackService {};

grpc::Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel, bool wait_for_ready) {
  const auto context = TestContext();
  context->set_wait_for_ready(wait_for_ready);
  HealthCheckRequest request;
  request.set_service("liveness");
  HealthCheckResponse response;
  return Health::NewStub(channel)->Check(context.get(), request, &response);
}

TEST(InternalChannelTest, ReachesAServerByEitherPolicy) {
  AnyService service;
  GrpcTestServer server({&service});
  EXPECT_TRUE(CheckHealth(InternalChannel(server.address()), false).ok());
  EXPECT_TRUE(CheckHealth(InternalChannel("dns:///" + server.address()), false).ok());
  EXPECT_TRUE(CheckHealth(InternalChannel(server.address(), "pick_first"), false).ok());
}

TEST(InternalChannelTest, GoesOnWithTheOtherOfTwoAddresses) {
  AnyService service;
  GrpcTestServer stays({&service});
  auto goes = GrpcServer::Start({}, {&service});
  ASSERT_TRUE(goes.ok());
  const auto channel = InternalChannel(absl::StrCat((*goes)->address(), ",", stays.address()));
  ASSERT_TRUE(CheckHealth(channel, false).ok());
  goes->reset();
  // The call that finds the connection broken may still fail.
  EXPECT_TRUE(Await([&] { return CheckHealth(channel, false).ok(); }));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(CheckHealth(channel, true).ok());
}

TEST(CheckTargetTest, TakesWhatAChannelCanReach) {
  for (const char* target :
       {"127.0.0.1:50051", "job-service:50051", "10.0.0.1:50051,10.0.0.2:50051",
        "dns:///job-service:50051", "ipv6:[::1]:1,[::1]:2", "unix:/run/job"}) {
    EXPECT_TRUE(CheckTarget(target).ok()) << target;
  }
}

TEST(CheckTargetTest, NamesTheAddressThatCantStandInAList) {
  for (const char* bad : {"job-service:50051", "10.0.0.2", "10.0.0.2:0", "10.0.0.2:65536", ""}) {
    const absl::Status status = CheckTarget(absl::StrCat("10.0.0.1:50051,", bad));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(ToStd(status.message()), testing::HasSubstr(absl::StrCat("'", bad, "'")));
  }
  EXPECT_FALSE(CheckTarget("").ok());
}

TEST(InternalChannelTest, FindsAServerAgainThatCameBack) {
  AnyService service;
  auto server = GrpcServer::Start({}, {&service});
  ASSERT_TRUE(server.ok());
  GrpcServerOptions options;
  options.port = (*server)->port();
  const auto channel = InternalChannel((*server)->address());
  ASSERT_TRUE(CheckHealth(channel, false).ok());
  server->reset();
  ASSERT_EQ(CheckHealth(channel, false).error_code(), grpc::StatusCode::UNAVAILABLE);
  server = GrpcServer::Start(options, {&service});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_TRUE(CheckHealth(channel, true).ok());
}

// Accepts each connection and closes it.
class DeadEnd {
 public:
  DeadEnd() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 16), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~DeadEnd() { close(fd_); }

  int port() const { return port_; }

  // True if there was a connection.
  bool CloseNext() const {
    const int connection = accept(fd_, nullptr, nullptr);
    if (connection < 0) return false;
    close(connection);
    return true;
  }

 private:
  const int fd_;
  int port_ = 0;
};

TEST(InternalChannelTest, TriesAgainEachSecondHoweverOftenItFailed) {
  const DeadEnd dead_end;
  const auto channel = InternalChannel(absl::StrCat("127.0.0.1:", dead_end.port()));
  // An attempt at such a peer takes the whole second that it may take. gRPC's defaults (20 s for an
  // attempt, and a wait that grows by 1.6 from 1 s) would make 1 in these 10 s; a wait that grows
  // alone would make 5.
  int attempts = 0;
  EXPECT_TRUE(Await(
      [&] {
        channel->GetState(/*try_to_connect=*/true);
        if (dead_end.CloseNext()) ++attempts;
        return attempts >= 6;
      },
      absl::Seconds(10)));
}

}  // namespace
}  // namespace genwatch

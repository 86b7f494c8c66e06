#include "common/server_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"

ABSL_DECLARE_FLAG(std::string, host);
ABSL_DECLARE_FLAG(int, port);
ABSL_DECLARE_FLAG(int, metrics_port);
ABSL_DECLARE_FLAG(std::string, log_level);
ABSL_DECLARE_FLAG(double, drain_seconds);
ABSL_DECLARE_FLAG(bool, dev_identity);

namespace genwatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ServerFlagsTest : public ::testing::Test {
 protected:
  static std::string Faults() {
    Problems problems;
    ServerOptionsFromFlags(problems);
    return std::string(problems.ToStatus().message());
  }

 private:
  absl::FlagSaver flags_;
};

TEST_F(ServerFlagsTest, DefaultsAreSafe) {
  Problems problems;
  const ServerOptions options = ServerOptionsFromFlags(problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(options.host, "127.0.0.1");
  EXPECT_FALSE(options.reflection);
  EXPECT_FALSE(options.dev_identity);
  EXPECT_EQ(options.drain, absl::Seconds(10));
}

TEST_F(ServerFlagsTest, EachServerHasItsOwnDefaultPorts) {
  SetServerFlagDefaults(50051, 9091);
  Problems problems;
  const ServerOptions options = ServerOptionsFromFlags(problems);
  EXPECT_EQ(options.port, 50051);
  EXPECT_EQ(options.metrics_port, 9091);
}

TEST_F(ServerFlagsTest, AllFaultsAreReported) {
  absl::SetFlag(&FLAGS_host, "");
  absl::SetFlag(&FLAGS_port, 70'000);
  absl::SetFlag(&FLAGS_metrics_port, -1);
  absl::SetFlag(&FLAGS_log_level, "loud");
  absl::SetFlag(&FLAGS_drain_seconds, -1);
  EXPECT_THAT(Faults(), AllOf(HasSubstr("--host: is empty"), HasSubstr("--port: 70000"),
                              HasSubstr("--metrics_port: -1"), HasSubstr("--log_level: 'loud'"),
                              HasSubstr("--drain_seconds: -1")));
}

TEST_F(ServerFlagsTest, TheTwoPortsDiffer) {
  absl::SetFlag(&FLAGS_port, 5000);
  absl::SetFlag(&FLAGS_metrics_port, 5000);
  EXPECT_THAT(Faults(), HasSubstr("5000 is --port already"));
}

TEST_F(ServerFlagsTest, DevIdentityNeedsALoopbackHost) {
  absl::SetFlag(&FLAGS_dev_identity, true);
  EXPECT_EQ(Faults(), "");
  absl::SetFlag(&FLAGS_host, "0.0.0.0");
  EXPECT_THAT(Faults(), HasSubstr("--dev_identity: needs a loopback --host, not '0.0.0.0'"));
}

TEST(IsLoopbackHostTest, KnowsLoopbackFromOthers) {
  for (const char* const host : {"localhost", "127.0.0.1", "127.255.0.3", "::1", "[::1]"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* const host :
       {"", "0.0.0.0", "::", "[::]", "10.0.0.1", "128.0.0.1", "127.0.0.1.example.com",
        "localhost.example.com", "127.1", "[", "[]"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

}  // namespace
}  // namespace genwatch

// The program as it is started: flags, readiness, the console, signals.

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/grpc_channel.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/progress_service/progress_fixture.h"
#include "tests/support/await.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace genwatch {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class ProgramTest : public ::testing::Test {
 protected:
  void Start(const std::vector<std::string>& flags) {
    ChildProcessOptions options;
    options.argv = {GENWATCH_PROGRESS_SERVICE, "--log_format=json"};
    options.argv.insert(options.argv.end(), flags.begin(), flags.end());
    options.output_path = dir_.File("log");
    auto started = ChildProcess::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    process_ = *std::move(started);
  }

  std::string Output() const {
    std::ifstream in(dir_.File("log"), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // Where it serves, as it says; empty as long as it does not.
  std::string Address() const {
    for (const absl::string_view line : absl::StrSplit(Output(), '\n')) {
      if (!absl::StrContains(line, "\"serving\"")) continue;
      const std::string text(line);
      const size_t key = text.find("\"address\":\"");
      if (key == std::string::npos) continue;
      const size_t start = key + std::string("\"address\":\"").size();
      return text.substr(start, text.find('"', start) - start);
    }
    return "";
  }

  bool Ready() const {
    const auto stub = grpc::health::v1::Health::NewStub(InternalChannel(Address(), "pick_first"));
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service("readiness");
    grpc::health::v1::HealthCheckResponse response;
    return stub->Check(&context, request, &response).ok() &&
           response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
  }

  TempDir dir_;
  std::unique_ptr<ChildProcess> process_;
};

TEST_F(ProgramTest, IsReadyOnceTheLedgerAnswersAndEndsOnASignal) {
  FakeLedger ledger;
  ledger.SetDown(true);
  Start({"--port=0", "--metrics_port=0", absl::StrCat("--job_service=", ledger.address()),
         "--generation=127.0.0.1:1"});
  ASSERT_TRUE(Await([&] { return !Address().empty() && ledger.state_calls() > 0; })) << Output();
  EXPECT_FALSE(Ready());

  ledger.SetDown(false);
  EXPECT_TRUE(Await([&] { return Ready(); })) << Output();

  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 0) << Output();
}

TEST_F(ProgramTest, TheConsoleShowsALineForEachRunningJob) {
  FakeLedger ledger;
  FakeWorker worker;
  Start({"--port=0", "--metrics_port=0", absl::StrCat("--job_service=", ledger.address()),
         absl::StrCat("--generation=", worker.address())});
  const std::string job = JobIdOf(7);
  ledger.Submit(job, "ada");
  const auto bases = ledger.Lease(job, false);
  worker.Begin(job, bases.back().version(), bases);
  for (int i = 0; i < 12; ++i) worker.Append(job, "word ");

  ASSERT_TRUE(Await([&] { return absl::StrContains(Output(), "Progress: 12 tokens"); }))
      << Output();
  EXPECT_THAT(Output(), ContainsRegex(absl::StrCat("\nProgress: 12 tokens \\| 50.0 tok/s \\| "
                                                   "[0-9]+% \\| 0.3s elapsed \\| ",
                                                   job, "\n")));
  EXPECT_TRUE(Await([&] { return !ledger.recordings().empty(); }));
}

TEST_F(ProgramTest, AllBadFlagsAreToldAtOnce) {
  Start({"--port=99999", "--max_text_bytes=1", "--max_watchers=0",
         "--generation=", "--dev_identity", "--host=0.0.0.0"});

  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 1);
  for (const char* flag :
       {"--port", "--max_text_bytes", "--max_watchers", "--generation", "--dev_identity"}) {
    EXPECT_THAT(Output(), HasSubstr(flag));
  }
}

TEST_F(ProgramTest, APortInUseIsNamed) {
  FakeLedger other;
  const std::string port = other.address().substr(other.address().find(':') + 1);
  Start({absl::StrCat("--port=", port), "--metrics_port=0"});

  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 1);
  EXPECT_THAT(Output(), HasSubstr(port));
  EXPECT_THAT(Output(), HasSubstr("--port"));
}

}  // namespace
}  // namespace genwatch

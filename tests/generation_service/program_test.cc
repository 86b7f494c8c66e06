// The program as it is started: flags, a model server over HTTP, a ledger over gRPC, signals.

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/grpc_channel.h"
#include "genwatch/v1/generation_service.grpc.pb.h"
#include "tests/generation_service/fake_ledger.h"
#include "tests/generation_service/scripted_server.h"
#include "tests/support/await.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace genwatch {
namespace {

using testing::HasSubstr;
using testing::Not;

class ProgramTest : public testing::Test {
 protected:
  void Start(std::vector<std::string> flags) {
    ChildProcessOptions options;
    options.argv = {GENWATCH_GENERATION_SERVICE, "--log_format=json"};
    options.argv.insert(options.argv.end(), flags.begin(), flags.end());
    options.output_path = dir_.File("log");
    auto started = ChildProcess::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    process_ = *std::move(started);
  }

  std::string Log() {
    std::ifstream in(dir_.File("log"), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // What an Ollama with one model says of itself. False if the request is another.
  static bool AnswerLook(const std::string& request, ScriptedConnection& connection) {
    if (request.find("GET /api/version ") == 0) {
      connection.Write(WholeAnswer("200 OK", R"({"version":"0.24.0"})"));
    } else if (request.find("GET /api/tags ") == 0) {
      connection.Write(WholeAnswer(
          "200 OK", R"({"models":[{"name":"m","digest":"d","capabilities":["completion"],)"
                    R"("details":{"context_length":8192}}]})"));
    } else if (request.find("GET /api/ps ") == 0) {
      connection.Write(WholeAnswer("200 OK", R"({"models":[]})"));
    } else if (request.find("\"prompt\"") == std::string::npos) {
      connection.Write(WholeAnswer("200 OK", R"({"done":true,"done_reason":"load"})"));
    } else {
      return false;
    }
    return true;
  }

  // An Ollama with one model, which answers each job with `text` in single bytes.
  static ScriptedServer::Script Ollama(const std::string& text) {
    return [text](ScriptedConnection& connection) {
      while (true) {
        const std::string request = connection.ReadRequest();
        if (request.empty()) return;
        if (!AnswerLook(request, connection)) {
          const std::string body =
              absl::StrCat("{\"response\":\"", text, "\",\"done\":false}\n",
                           "{\"response\":\"\",\"done\":true,\"done_reason\":\"stop\"}\n");
          connection.Write(kStreamHead);
          for (const char byte : body) connection.WriteChunk(std::string_view(&byte, 1));
          connection.Write(kLastChunk);
        }
      }
    };
  }

  static v1::LeasedJob Job(const std::string& job_id) {
    v1::LeasedJob job;
    job.set_job_id(job_id);
    job.set_version(2);
    job.set_attempt(1);
    job.mutable_spec()->set_model("m");
    job.mutable_spec()->set_prompt("hi");
    job.add_bases()->set_version(2);
    return job;
  }

  TempDir dir_;
  std::unique_ptr<ChildProcess> process_;
};

TEST_F(ProgramTest, RunsAJobAndEndsOnASignal) {
  FakeLedger ledger;
  ScriptedServer ollama(Ollama("caf\xC3\xA9"));
  Start({"--port=0", "--metrics_port=0", absl::StrCat("--job_service=", ledger.address()),
         absl::StrCat("--ollama_url=", ollama.url())});
  ledger.Submit(Job("job_1"));
  ASSERT_TRUE(Await([&] { return ledger.finished().size() == 1; })) << Log();
  EXPECT_EQ(ledger.finished()[0].request.outcome(), v1::OUTCOME_COMPLETED);
  EXPECT_EQ(ledger.finished()[0].answer, "caf\xC3\xA9");
  const v1::HeartbeatRequest heartbeat = ledger.heartbeats().back();
  EXPECT_THAT(heartbeat.worker().instance(), testing::MatchesRegex("w_[0-9a-f]{16}"));
  EXPECT_EQ(heartbeat.worker().server_url(), ollama.url());

  // The address that it tells is its own.
  const auto stub =
      v1::GenerationService::NewStub(InternalChannel(heartbeat.worker().address(), "pick_first"));
  grpc::ClientContext context;
  v1::GetCapacityResponse capacity;
  ASSERT_TRUE(stub->GetCapacity(&context, {}, &capacity).ok());
  EXPECT_EQ(capacity.instance(), heartbeat.worker().instance());

  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 0) << Log();
}

TEST_F(ProgramTest, LoadingIsSeenOnceAndNotAskedForWhereTheFlagForbidsIt) {
  for (const bool preload : {true, false}) {
    FakeLedger ledger;
    std::atomic<int> preloads = 0;
    ScriptedServer ollama([&preloads](ScriptedConnection& connection) {
      for (std::string request = connection.ReadRequest(); !request.empty();
           request = connection.ReadRequest()) {
        if (request.find("POST /api/generate ") == 0 &&
            request.find("\"prompt\"") == std::string::npos) {
          ++preloads;
        }
        if (preloads > 0 && request.find("GET /api/ps ") == 0) {
          connection.Write(
              WholeAnswer("200 OK", R"({"models":[{"name":"m:latest","context_length":8192}]})"));
          continue;
        }
        if (AnswerLook(request, connection)) continue;
        connection.Write(kStreamHead);
        connection.WriteChunk("{\"response\":\"yes\",\"done\":true,\"done_reason\":\"stop\"}\n");
        connection.Write(kLastChunk);
      }
    });
    Start({"--port=0", "--metrics_port=0", absl::StrCat("--preload=", preload),
           absl::StrCat("--job_service=", ledger.address()),
           absl::StrCat("--ollama_url=", ollama.url())});
    for (size_t jobs = 1; jobs <= 3; ++jobs) {
      ledger.Submit(Job(absl::StrCat("job_", jobs)));
      ASSERT_TRUE(Await([&] { return ledger.finished().size() == jobs; })) << Log();
      EXPECT_EQ(ledger.finished().back().answer, "yes");
    }
    // The next ones find the model loaded.
    EXPECT_EQ(preloads, preload ? 1 : 0);
    process_->Signal(SIGTERM);
    EXPECT_EQ(process_->Wait(absl::Seconds(20)), 0) << Log();
  }
}

TEST_F(ProgramTest, RunsWithoutAModelServerForBenchmarks) {
  FakeLedger ledger;
  Start({"--port=0", "--metrics_port=0", "--model_client=noop", "--max_concurrent=8",
         absl::StrCat("--job_service=", ledger.address())});
  for (int i = 0; i < 20; ++i) {
    v1::LeasedJob job = Job(absl::StrCat("job_", i));
    job.mutable_spec()->set_model("noop");
    ledger.Submit(job);
  }
  ASSERT_TRUE(Await([&] { return ledger.finished().size() == 20; })) << Log();
  for (const FakeLedger::Finished& finished : ledger.finished()) {
    EXPECT_EQ(finished.request.outcome(), v1::OUTCOME_COMPLETED);
    EXPECT_EQ(finished.answer, "ok");
  }
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 0) << Log();
}

// An Ollama whose answers begin and don't end.
class DrainTest : public ProgramTest {
 protected:
  DrainTest()
      : ollama_([this](ScriptedConnection& connection) {
          while (true) {
            const std::string request = connection.ReadRequest();
            if (request.empty()) return;
            if (!AnswerLook(request, connection)) {
              connection.Write(kStreamHead);
              connection.WriteChunk("{\"response\":\"so far\",\"done\":false}\n");
              while (!finish_ && !connection.AwaitClose(absl::Milliseconds(20))) {
              }
              if (!finish_) return;
              connection.WriteChunk("{\"response\":\" and on\",\"done\":true}\n");
              connection.Write(kLastChunk);
            }
          }
        }) {}

  void StartJob(double drain_seconds) {
    Start({"--port=0", "--metrics_port=0", absl::StrCat("--drain_seconds=", drain_seconds),
           absl::StrCat("--job_service=", ledger_.address()),
           absl::StrCat("--ollama_url=", ollama_.url())});
    ledger_.Submit(Job("job_1"));
    ASSERT_TRUE(Await([&] { return ledger_.kept_answer("job_1") == "so far"; })) << Log();
  }

  bool AwaitDraining() {
    return Await([&] { return ledger_.heartbeats().back().draining(); });
  }

  std::atomic<bool> finish_ = false;
  FakeLedger ledger_;
  ScriptedServer ollama_;
};

// Stopping the worker of the first system killed the job that it ran.
TEST_F(DrainTest, SeedDefect11RunningJobsMayFinish) {
  StartJob(60);
  process_->Signal(SIGTERM);
  ASSERT_TRUE(AwaitDraining()) << Log();
  EXPECT_TRUE(ledger_.finished().empty());
  finish_ = true;
  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 0) << Log();
  ASSERT_EQ(ledger_.finished().size(), 1u);
  EXPECT_EQ(ledger_.finished()[0].request.outcome(), v1::OUTCOME_COMPLETED);
  EXPECT_EQ(ledger_.finished()[0].answer, "so far and on");
}

TEST_F(DrainTest, JobsThatDoNotFinishAreHandedOverWithTheirText) {
  StartJob(0.2);
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 0) << Log();
  ASSERT_EQ(ledger_.finished().size(), 1u);
  EXPECT_EQ(ledger_.finished()[0].request.outcome(), v1::OUTCOME_HANDED_OVER);
  EXPECT_EQ(ledger_.finished()[0].answer, "so far");
}

TEST_F(DrainTest, SecondSignalHandsOverAtOnce) {
  StartJob(600);
  process_->Signal(SIGTERM);
  ASSERT_TRUE(AwaitDraining()) << Log();
  EXPECT_TRUE(ledger_.finished().empty());
  process_->Signal(SIGINT);
  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 0) << Log();
  ASSERT_EQ(ledger_.finished().size(), 1u);
  EXPECT_EQ(ledger_.finished()[0].request.outcome(), v1::OUTCOME_HANDED_OVER);
  EXPECT_EQ(ledger_.finished()[0].answer, "so far");
}

TEST_F(DrainTest, ThirdSignalEndsAHandOverThatHangs) {
  StartJob(600);
  ledger_.FailFinishes(absl::UnavailableError("no database"));
  process_->Signal(SIGTERM);
  ASSERT_TRUE(AwaitDraining()) << Log();
  process_->Signal(SIGTERM);
  ASSERT_TRUE(Await([&] { return ledger_.finish_calls() > 0; })) << Log();
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 128 + SIGTERM) << Log();
}

TEST_F(ProgramTest, HeadersOfTheFileAreSentAndNotLogged) {
  std::ofstream(dir_.File("headers")) << "Authorization: Bearer hunter2\n";
  FakeLedger ledger;
  std::atomic<bool> sent = false;
  ScriptedServer ollama([&](ScriptedConnection& connection) {
    if (connection.ReadRequest().find("\r\nAuthorization: Bearer hunter2\r\n") !=
        std::string::npos) {
      sent = true;
    }
  });
  Start({"--port=0", "--metrics_port=0", absl::StrCat("--job_service=", ledger.address()),
         absl::StrCat("--ollama_url=", ollama.url()),
         absl::StrCat("--ollama_header_file=", dir_.File("headers"))});
  EXPECT_TRUE(Await([&] { return sent.load(); }));
  EXPECT_TRUE(Await([&] { return ledger.last_heartbeat() > 0; }));
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 0);
  EXPECT_THAT(Log(), Not(HasSubstr("hunter2")));
}

TEST_F(ProgramTest, AllThatIsWrongWithTheFlagsIsToldAtOnce) {
  Start({"--ollama_url=ftp://x", "--model_client=gpt", "--max_concurrent=0", "--host=0.0.0.0",
         "--job_service="});
  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 1);
  const std::string log = Log();
  for (const char* flag :
       {"--ollama_url", "--model_client", "--max_concurrent", "--advertise", "--job_service"}) {
    EXPECT_THAT(log, HasSubstr(flag));
  }
}

TEST_F(ProgramTest, PortInUseIsNamed) {
  FakeLedger holder;
  Start({absl::StrCat("--port=", holder.port()), "--metrics_port=0"});
  EXPECT_EQ(process_->Wait(absl::Seconds(20)), 1);
  EXPECT_THAT(Log(), HasSubstr(absl::StrCat(holder.port())));
}

}  // namespace
}  // namespace genwatch

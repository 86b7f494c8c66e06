// The program and the simulator: whatever a model makes of a partial answer, and wherever it was
// cut, the job ends with the text that it would have had in one go.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/utf8.h"
#include "tests/generation_service/fake_ledger.h"
#include "tests/support/await.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace genwatch {
namespace {

class KeptTextProgramTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(
        Start({GENWATCH_OLLAMA_SIM, "--port", "0", "--num_parallel", "4"}, "sim", simulator_));
    const std::string announced = "listening on ";
    ASSERT_TRUE(Await([&] { return Read("sim").find('\n') != std::string::npos; }));
    const std::string log = Read("sim");
    ASSERT_NE(log.find(announced), std::string::npos) << log;
    const size_t url = log.find(announced) + announced.size();
    ASSERT_NO_FATAL_FAILURE(
        Start({GENWATCH_GENERATION_SERVICE, "--port=0", "--metrics_port=0", "--max_concurrent=4",
               absl::StrCat("--job_service=", ledger_.address()),
               absl::StrCat("--ollama_url=", log.substr(url, log.find('\n', url) - url))},
              "log", worker_));
  }

  void Start(std::vector<std::string> argv, const char* output,
             std::unique_ptr<ChildProcess>& process) {
    ChildProcessOptions options;
    options.argv = std::move(argv);
    options.output_path = dir_.File(output);
    auto started = ChildProcess::Start(options);
    ASSERT_TRUE(started.ok()) << started.status();
    process = *std::move(started);
  }

  std::string Read(const char* name) {
    std::ifstream in(dir_.File(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  static v1::LeasedJob Job(const std::string& job_id, const std::string& orders) {
    v1::LeasedJob job;
    job.set_job_id(job_id);
    job.set_version(4);
    job.set_attempt(2);
    job.mutable_spec()->set_model("sim-fast:1b");
    job.mutable_spec()->set_prompt(
        absl::StrCat("Tell me of the sea. [[sim: tokens=60 rate=2000 ", orders, "]]"));
    job.add_bases()->set_version(4);
    return job;
  }

  TempDir dir_;
  FakeLedger ledger_;
  std::unique_ptr<ChildProcess> simulator_;
  std::unique_ptr<ChildProcess> worker_;
};

TEST_P(KeptTextProgramTest, TextIsThatOfOneGoWhereverItWasCut) {
  ledger_.Submit(Job("job_whole", ""));
  ASSERT_TRUE(Await([&] { return ledger_.finished().size() == 1; })) << Read("log");
  const std::string whole = ledger_.finished()[0].answer;
  ASSERT_GT(whole.size(), 150u);

  size_t jobs = 1;
  for (size_t cut = 10; cut <= whole.size(); cut += 7) {
    const std::string kept(TruncateUtf8(whole, cut));
    v1::LeasedJob job = Job(absl::StrCat("job_", cut), absl::StrCat("prefill=", GetParam()));
    job.set_answer(kept);
    job.mutable_bases(0)->set_answer(static_cast<uint32_t>(kept.size()));
    ledger_.Keep(job.job_id(), kept);
    ledger_.Submit(job);
    ++jobs;
  }
  ASSERT_TRUE(Await([&] { return ledger_.finished().size() == jobs; }, absl::Seconds(50)))
      << ledger_.finished().size() << " of " << jobs << "\n"
      << Read("log");
  for (const FakeLedger::Finished& finished : ledger_.finished()) {
    EXPECT_EQ(finished.request.outcome(), v1::OUTCOME_COMPLETED) << finished.request.reason();
    EXPECT_EQ(finished.answer, whole) << finished.request.job_id();
  }
  const std::string way = GetParam();
  if (way != "continue" && way != "echo") return;
  // Starting over would be right as well, but is not what is wanted here.
  const std::string log = Read("log");
  size_t gone_on = 0;
  for (size_t at = log.find("goes on from"); at != std::string::npos;
       at = log.find("goes on from", at + 1)) {
    ++gone_on;
  }
  EXPECT_GT(gone_on, jobs / 2);
}

INSTANTIATE_TEST_SUITE_P(Ways, KeptTextProgramTest,
                         testing::Values("continue", "restart", "refuse", "echo", "overlap",
                                         "other"),
                         [](const auto& way) { return std::string(way.param); });

}  // namespace
}  // namespace genwatch

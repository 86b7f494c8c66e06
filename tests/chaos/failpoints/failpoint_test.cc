#include "common/failpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "common/status.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace genwatch {
namespace {

using testing::HasSubstr;

absl::StatusOr<int> Answer() {
  GENWATCH_FAILPOINT("answer");
  return 42;
}

std::vector<bool> Failures(const std::string& spec, int reaches) {
  EXPECT_TRUE(failpoint::Arm(spec).ok());
  std::vector<bool> failed;
  for (int i = 0; i < reaches; ++i) failed.push_back(!Answer().ok());
  return failed;
}

int Sum(const std::vector<bool>& failed) {
  return static_cast<int>(std::count(failed.begin(), failed.end(), true));
}

std::string Contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(FailpointTest, DoesNothingUnlessItIsArmed) {
  ASSERT_TRUE(failpoint::Arm("another=error").ok());
  EXPECT_EQ(Answer().value(), 42);
  EXPECT_EQ(failpoint::Injected("answer"), 0U);
}

TEST(FailpointTest, AnErrorIsReturnedByTheFunctionAndSaysWhereItComesFrom) {
  ASSERT_TRUE(failpoint::Arm("answer=error").ok());
  const absl::Status status = Answer().status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ(ReasonOf(status), "FAILPOINT");
  EXPECT_THAT(std::string(status.message()), HasSubstr("answer"));
}

TEST(FailpointTest, HappensAtMostAsOftenAsItIsTold) {
  EXPECT_EQ(Failures("answer=error*2", 5), (std::vector<bool>{true, true, false, false, false}));
  EXPECT_EQ(failpoint::Injected("answer"), 2U);
}

TEST(FailpointTest, TheSeedDecidesWhichOnesAreHit) {
  const auto seven = Failures("answer=error@1in3; seed=7", 300);
  EXPECT_EQ(seven, Failures("answer=error@1in3; seed=7", 300));
  EXPECT_NE(seven, Failures("answer=error@1in3; seed=8", 300));
  EXPECT_GT(Sum(seven), 50);
  EXPECT_LT(Sum(seven), 150);
  EXPECT_EQ(Sum(Failures("answer=error@1in3*10;seed=7", 300)), 10);
}

TEST(FailpointTest, ADelayLetsTheCallGoOn) {
  ASSERT_TRUE(failpoint::Arm("answer=delay(20)").ok());
  const absl::Time start = absl::Now();
  EXPECT_EQ(Answer().value(), 42);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(20));
}

TEST(FailpointTest, WhatIsNoRuleIsRefusedAndChangesNothing) {
  ASSERT_TRUE(failpoint::Arm("answer=error").ok());
  for (const char* spec : {"answer", "answer=", "answer=explode", "=crash", "answer=delay",
                           "answer=delay(x)", "answer=error@3", "answer=error@1in0",
                           "answer=error*0", "answer=error*x", "answer=error!", "seed=x"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(failpoint::Arm(spec))) << spec;
  }
  EXPECT_FALSE(Answer().ok());
  ASSERT_TRUE(failpoint::Arm("").ok());
  EXPECT_TRUE(Answer().ok());
}

TEST(FailpointDeathTest, ACrashIsASigkillAndIsNotedBefore) {
  const TempDir dir;
  setenv("GENWATCH_FAILPOINTS_LOG", dir.File("log").c_str(), 1);
  ASSERT_TRUE(failpoint::Arm("answer=crash").ok());
  EXPECT_EXIT(Answer().IgnoreError(), testing::KilledBySignal(SIGKILL), "");
  unsetenv("GENWATCH_FAILPOINTS_LOG");
  EXPECT_EQ(Contents(dir.File("log")), "answer crash\n");
}

TEST(FailpointTest, AProgramRefusesASpecThatItDoesNotUnderstand) {
  ChildProcessOptions options;
  options.argv = {GENWATCH_JOB_SERVICE_FAULTY, "--version"};
  const TempDir dir;
  options.output_path = dir.File("log");
  options.environment = {"GENWATCH_FAILPOINTS=submit_committed=explode"};
  auto process = ChildProcess::Start(options);
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_EQ((*process)->Wait(absl::Seconds(20)), 2);
  EXPECT_THAT(Contents(dir.File("log")), HasSubstr("submit_committed=explode"));
}

TEST(FailpointTest, OnlyTheFaultyProgramHoldsAny) {
  const std::vector<std::string> traces = {
      "submit_committed", "jobs_popped",      "lease_committed",    "release_committed",
      "append_committed", "finish_committed", "reap_committed",     "rebuild_page_added",
      "retries_taken",    "cancel_committed", "GENWATCH_FAILPOINTS"};
  const std::string faulty = Contents(GENWATCH_JOB_SERVICE_FAULTY);
  for (const std::string& trace : traces) EXPECT_NE(faulty.find(trace), std::string::npos) << trace;
  for (const char* program :
       {GENWATCH_JOB_SERVICE, GENWATCH_GENERATION_SERVICE, GENWATCH_PROGRESS_SERVICE}) {
    const std::string contents = Contents(program);
    EXPECT_GT(contents.size(), 100'000U);
    for (const std::string& trace : traces) {
      EXPECT_EQ(contents.find(trace), std::string::npos) << program << " " << trace;
    }
  }
}

}  // namespace
}  // namespace genwatch

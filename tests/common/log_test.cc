#include "common/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/log_every.h"
#include "tests/support/fake_clock.h"

namespace genwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class LogTest : public ::testing::Test {
 protected:
  void TearDown() override {
    SetLogSinkForTesting(nullptr);
    ASSERT_TRUE(InitLogging({}).ok());
  }

  void Capture() {
    SetLogSinkForTesting([this](std::string_view line) { lines_.emplace_back(line); });
  }

  std::vector<std::string> lines_;
};

TEST_F(LogTest, LevelsBelowTheChosenAreNotWritten) {
  Capture();
  ASSERT_TRUE(InitLogging({.service = "s", .level = "warning", .format = "json"}).ok());
  LogDebug("a");
  LogInfo("b");
  LogWarning("c");
  LogError("d", {{"k", 1}});
  EXPECT_THAT(lines_,
              ElementsAre(EndsWith(R"("severity":"WARNING","service":"s","msg":"c"})"),
                          EndsWith(R"("severity":"ERROR","service":"s","msg":"d","k":1})")));
  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));
  EXPECT_TRUE(LogEnabled(LogLevel::kError));
}

TEST_F(LogTest, UnknownLevelAndFormatAreBothReported) {
  const absl::Status status = InitLogging({.service = "s", .level = "loud", .format = "xml"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--log_level: 'loud'"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--log_format: 'xml'"));
}

TEST_F(LogTest, LinesGoToStderrAsJsonWhenItIsNoTerminal) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(InitLogging({.service = "s", .level = "info", .format = "auto"}).ok());
  LogInfo("hello", {{"n", 1}});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              EndsWith("\"severity\":\"INFO\",\"service\":\"s\",\"msg\":\"hello\",\"n\":1}\n"));
}

TEST_F(LogTest, LinesOfManyThreadsDoNotMix) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(InitLogging({.service = "s", .level = "info", .format = "json"}).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < 200; ++j) LogInfo("line", {{"text", std::string(300, 'x')}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string output = testing::internal::GetCapturedStderr();
  const std::vector<std::string> lines = absl::StrSplit(output, '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), 800u);
  for (const std::string& line : lines) {
    EXPECT_TRUE(line.starts_with("{\"ts\":") && line.ends_with("xxx\"}")) << line;
  }
}

TEST_F(LogTest, ARepeatedFailureIsLoggedOncePerIntervalWithACount) {
  Capture();
  ASSERT_TRUE(InitLogging({.service = "s", .level = "info", .format = "json"}).ok());
  FakeClock clock;
  LogEvery every(absl::Seconds(10), &clock);
  const auto fail = [&every] { every.Log(LogLevel::kWarning, "down", {{"k", 1}}); };
  fail();
  clock.Advance(absl::Seconds(9));
  fail();
  fail();
  clock.Advance(absl::Seconds(1));
  fail();
  clock.Advance(absl::Seconds(10));
  fail();
  EXPECT_THAT(lines_, ElementsAre(EndsWith(R"("k":1})"), EndsWith(R"("k":1,"suppressed":2})"),
                                  EndsWith(R"("k":1})")));
}

TEST_F(LogTest, AfterAResetTheNextFailureIsLoggedAtOnce) {
  FakeClock clock;
  LogEvery every(absl::Seconds(10), &clock);
  EXPECT_FALSE(every.Reset());
  EXPECT_EQ(every.Due(), 0u);
  EXPECT_EQ(every.Due(), std::nullopt);
  EXPECT_TRUE(every.Reset());
  EXPECT_FALSE(every.Reset());
  EXPECT_EQ(every.Due(), 0u);
}

}  // namespace
}  // namespace genwatch

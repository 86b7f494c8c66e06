#include "tests/support/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/support/await.h"
#include "tests/support/temp_dir.h"

namespace genwatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

bool ProcessExists(pid_t pid) { return kill(pid, 0) == 0; }

TEST(RunProgramTest, ReturnsTheOutput) {
  const auto output = RunProgram({"sh", "-c", "echo out; echo err >&2"});
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*output, "out\nerr\n");
}

TEST(RunProgramTest, AFailureCarriesStatusAndOutput) {
  const auto output = RunProgram({"sh", "-c", "echo broken; exit 3"});
  EXPECT_THAT(std::string(output.status().message()),
              AllOf(HasSubstr("sh ended with 3"), HasSubstr("broken")));
}

TEST(RunProgramTest, OneThatDoesNotExistIsNotFound) {
  EXPECT_EQ(RunProgram({"no-such-program-here"}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FindProgram("no-such-program-here"), "");
  EXPECT_EQ(FindProgram("/bin/sh"), "/bin/sh");
}

TEST(RunProgramTest, ReadsTheGivenFileAsStdin) {
  const TempDir dir;
  std::ofstream(dir.File("in")) << "hello";
  EXPECT_EQ(RunProgram({"cat"}, dir.File("in")).value_or("failed"), "hello");
}

TEST(RunProgramTest, OneThatHangsIsEnded) {
  const auto output = RunProgram({"sleep", "1000"}, "/dev/null", absl::Milliseconds(50));
  EXPECT_THAT(std::string(output.status().message()), HasSubstr("took longer than 50ms"));
}

TEST(ChildProcessTest, SeesTheEnvironmentAndItsOwnAdditions) {
  const TempDir dir;
  ChildProcessOptions options;
  options.argv = {"sh", "-c", "echo $HOME $EXTRA"};
  options.environment = {"EXTRA=more", "HOME=/somewhere"};
  options.output_path = dir.File("out");
  auto process = ChildProcess::Start(options);
  ASSERT_TRUE(process.ok());
  EXPECT_EQ((*process)->Wait(absl::Seconds(20)), 0);
  std::ifstream out(dir.File("out"));
  std::string line;
  std::getline(out, line);
  EXPECT_EQ(line, "/somewhere more");
}

TEST(ChildProcessTest, StopIsCleanWhereTheProgramAllowsIt) {
  const TempDir dir;
  ChildProcessOptions options;
  options.argv = {"sh", "-c", "trap 'exit 7' TERM; echo ready; while true; do sleep 0.01; done"};
  options.output_path = dir.File("out");
  auto process = ChildProcess::Start(options);
  ASSERT_TRUE(process.ok());
  EXPECT_TRUE(Await([&dir] {
    std::ifstream out(dir.File("out"));
    std::string line;
    return static_cast<bool>(std::getline(out, line));
  }));
  EXPECT_TRUE((*process)->Running());
  EXPECT_EQ((*process)->Stop(), 7);
  EXPECT_FALSE((*process)->Running());
}

TEST(ChildProcessTest, OneThatIgnoresTermIsKilled) {
  const TempDir dir;
  ChildProcessOptions options;
  options.argv = {"sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.01; done"};
  options.output_path = dir.File("out");
  auto process = ChildProcess::Start(options);
  ASSERT_TRUE(process.ok());
  EXPECT_TRUE(Await([&dir] {
    std::ifstream out(dir.File("out"));
    std::string line;
    return static_cast<bool>(std::getline(out, line));
  }));
  EXPECT_EQ((*process)->Stop(absl::Milliseconds(100)), 128 + SIGKILL);
}

TEST(ChildProcessTest, DestructionEndsIt) {
  pid_t pid = 0;
  {
    auto process = ChildProcess::Start({.argv = {"sleep", "1000"}});
    ASSERT_TRUE(process.ok());
    pid = (*process)->pid();
    EXPECT_TRUE(ProcessExists(pid));
  }
  EXPECT_FALSE(ProcessExists(pid));
}

TEST(ChildProcessTest, TheEndOfTheStartingThreadDoesNotEndIt) {
  std::unique_ptr<ChildProcess> process;
  std::thread([&process] { process = *ChildProcess::Start({.argv = {"sleep", "1000"}}); }).join();
  EXPECT_FALSE(Await([&process] { return !process->Running(); }, absl::Milliseconds(100)));
}

// A "test" that starts a child, tells its pid, and crashes.
[[noreturn]] void CrashWithAChild(const std::string& pid_path) {
  auto process = ChildProcess::Start({.argv = {"sleep", "1000"}});
  std::ofstream(pid_path) << (process.ok() ? (*process)->pid() : 0) << std::flush;
  raise(SIGKILL);
  std::abort();
}

TEST(ChildProcessDeathTest, ItDiesWithTheTestThatCrashes) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";  // in a fresh process
  const char* const inherited = std::getenv("CHILD_PROCESS_TEST_PID");
  // Not in the process that crashes: nobody would remove it.
  const auto dir = inherited == nullptr ? std::make_unique<TempDir>() : nullptr;
  const std::string pid_path = dir != nullptr ? dir->File("pid") : inherited;
  setenv("CHILD_PROCESS_TEST_PID", pid_path.c_str(), 1);
  EXPECT_EXIT(CrashWithAChild(pid_path), testing::KilledBySignal(SIGKILL), "");
  unsetenv("CHILD_PROCESS_TEST_PID");
  pid_t child = 0;
  std::ifstream(pid_path) >> child;
  ASSERT_GT(child, 0);
  EXPECT_TRUE(Await([child] {
    // Gone, or a zombie that init has not reaped yet.
    std::ifstream stat(absl::StrCat("/proc/", child, "/stat"));
    std::string id, name, state;
    return !(stat >> id >> name >> state) || state == "Z";
  }));
}

}  // namespace
}  // namespace genwatch

// The program itself: what it prints, how it ends.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/ollama_sim/test_support.h"

namespace genwatch::ollama_sim {
namespace {

using testing::HasSubstr;

// A started ollama_sim; killed at the latest when this goes.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) abort();
    output_ = UniqueFd(ends[0]);
    const UniqueFd child_output(ends[1]);
    arguments.insert(arguments.begin(), OLLAMA_SIM_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(child_output.get(), STDOUT_FILENO);
      dup2(child_output.get(), STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
  }
  ~Program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  std::string ReadLine() {
    std::string line;
    char c = 0;
    while (read(output_.get(), &c, 1) == 1 && c != '\n') line += c;
    return line;
  }
  std::string ReadAll() {
    std::string all;
    char c = 0;
    while (read(output_.get(), &c, 1) == 1) all += c;
    return all;
  }
  void Signal(int number) const { kill(pid_, number); }
  // The exit code, or -1 if a signal ended it.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  UniqueFd output_;
  pid_t pid_ = -1;
};

int PortIn(const std::string& line) { return std::stoi(line.substr(line.rfind(':') + 1)); }

TEST(ProgramTest, ItPrintsWhereItListensAndEndsCleanlyOnSigterm) {
  const std::filesystem::path log = std::filesystem::path(testing::TempDir()) /
                                    ("ollama_sim_" + std::to_string(getpid()) + ".log");
  Program program({"--port", "0", "--speed", "100", "--log", log});
  const std::string line = program.ReadLine();
  ASSERT_TRUE(line.starts_with("ollama_sim listening on http://127.0.0.1:")) << line;
  const int port = PortIn(line);
  EXPECT_EQ(Get(port, "/").body, "Ollama is running");
  // Also while somebody listens.
  TestConnection stalled(port);
  stalled.Send(
      PostRequest("/api/generate", GenerateBody("sim-bench:1b", "hi [[sim: stall_after=2]]")));
  stalled.ReadThrough(";\"");
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 0);
  stalled.ReadToEnd();
  EXPECT_FALSE(stalled.timed_out());
  std::ostringstream events;
  events << std::ifstream(log).rdbuf();
  EXPECT_THAT(events.str(), HasSubstr("\"event\":\"first_byte\",\"request\":1"));
  std::filesystem::remove(log);
}

TEST(ProgramTest, APortInUseIsSaid) {
  const TestServer taken;
  Program program({"--port", std::to_string(taken.port())});
  EXPECT_THAT(program.ReadAll(), HasSubstr("Address already in use"));
  EXPECT_EQ(program.Wait(), 1);
}

TEST(ProgramTest, AMistakeInTheFlagsIsSaid) {
  Program program({"--speed", "fast"});
  EXPECT_THAT(program.ReadAll(), HasSubstr("bad value 'fast' for --speed"));
  EXPECT_EQ(program.Wait(), 2);
}

TEST(ProgramTest, TwoProgramsWithTheSameSeedSayTheSame) {
  const auto text = [](const std::string& seed) {
    Program program({"--port=0", "--speed=1000", "--load_speed=1000", "--seed=" + seed});
    return ReadBody(
               Generate(PortIn(program.ReadLine()), "sim-medium:8b", "Why is the sky blue?").body)
        .text;
  };
  const std::string first = text("5");
  EXPECT_GT(first.size(), 100u);
  EXPECT_EQ(text("5"), first);
  EXPECT_NE(text("6"), first);
}

}  // namespace
}  // namespace genwatch::ollama_sim

#include "tests/support/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/executor.h"
#include "tests/support/await.h"
#include "tests/support/temp_dir.h"

namespace genwatch {
namespace {

// The kernel sends PR_SET_PDEATHSIG when the *thread* that forked ends, so all children are forked
// by one thread that lives as long as the process. Never destroyed.
Executor& ForkingThread() {
  static Executor* const executor = new Executor("fork", /*threads=*/1, /*queue_limit=*/1000);
  return *executor;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Everything that the child needs after fork, prepared before: a child of a process with threads
// may only make async-signal-safe calls.
struct Plan {
  std::string program;
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string stdin_path;
  std::string output_path;
};

[[noreturn]] void BecomeProgram(const Plan& plan, char* const* argv, char* const* environment,
                                pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // the parent died before prctl
  // What a test blocked or ignores is none of the child's business.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const int input = open(plan.stdin_path.c_str(), O_RDONLY);
  if (input < 0) _exit(126);
  dup2(input, STDIN_FILENO);
  if (!plan.output_path.empty()) {
    const int output = open(plan.output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (output < 0) _exit(126);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
  }
  // Descriptors of the test (listening sockets!) must not live on in the child.
  closefrom(3);
  execve(plan.program.c_str(), argv, environment);
  _exit(127);
}

int ShellStatus(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : "";
  const char* const path = std::getenv("PATH");
  std::istringstream folders(
      absl::StrCat(path == nullptr ? "/usr/bin:/bin" : path, ":/usr/sbin:/sbin:/usr/local/sbin"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = absl::StrCat(folder, "/", name);
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    const ChildProcessOptions& options) {
  if (options.argv.empty()) return absl::InvalidArgumentError("no program given");
  Plan plan;
  plan.program = FindProgram(options.argv[0]);
  if (plan.program.empty()) {
    return absl::NotFoundError(absl::StrCat("there is no program '", options.argv[0], "'"));
  }
  plan.argv = options.argv;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    plan.environment.emplace_back(*variable);
  }
  for (const std::string& variable : options.environment) {
    const std::string name = variable.substr(0, variable.find('=') + 1);
    std::erase_if(plan.environment,
                  [&name](const std::string& own) { return own.starts_with(name); });
    plan.environment.push_back(variable);
  }
  plan.stdin_path = options.stdin_path;
  plan.output_path = options.output_path;

  const std::vector<char*> argv = Pointers(plan.argv);
  const std::vector<char*> environment = Pointers(plan.environment);
  const pid_t parent = getpid();
  std::promise<pid_t> forked;
  const absl::Status submitted = ForkingThread().Submit([&] {
    const pid_t pid = fork();
    if (pid == 0) BecomeProgram(plan, argv.data(), environment.data(), parent);
    forked.set_value(pid);
  });
  if (!submitted.ok()) return submitted;
  const pid_t pid = forked.get_future().get();
  if (pid < 0) return absl::InternalError("fork failed");
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid));
}

ChildProcess::~ChildProcess() {
  if (!Running()) return;
  Signal(SIGKILL);
  Wait(absl::InfiniteDuration());
}

bool ChildProcess::Running() {
  if (exit_status_.has_value()) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_status_ = ShellStatus(status);
  return false;
}

void ChildProcess::Signal(int signal) {
  // Not reaped yet, so the pid can't belong to anybody else.
  if (Running()) kill(pid_, signal);
}

std::optional<int> ChildProcess::Wait(absl::Duration deadline) {
  if (!Await([this] { return !Running(); }, deadline)) return std::nullopt;
  return exit_status_;
}

int ChildProcess::Stop(absl::Duration deadline) {
  Signal(SIGTERM);
  Signal(SIGCONT);
  if (const auto status = Wait(deadline); status.has_value()) return *status;
  Signal(SIGKILL);
  return Wait(absl::InfiniteDuration()).value_or(128 + SIGKILL);
}

absl::StatusOr<std::string> RunProgram(const std::vector<std::string>& argv,
                                       const std::string& stdin_path, absl::Duration deadline) {
  const TempDir dir;
  ChildProcessOptions options;
  options.argv = argv;
  options.stdin_path = stdin_path;
  options.output_path = dir.File("output");
  auto process = ChildProcess::Start(options);
  if (!process.ok()) return process.status();
  const auto status = (*process)->Wait(deadline);
  const std::string output = ReadFile(options.output_path);
  if (status == 0) return output;
  return absl::InternalError(absl::StrCat(
      argv[0],
      status.has_value() ? absl::StrCat(" ended with ", *status)
                         : absl::StrCat(" took longer than ", absl::FormatDuration(deadline)),
      ": ", output));
}

}  // namespace genwatch

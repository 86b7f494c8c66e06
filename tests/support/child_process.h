#ifndef GENWATCH_TESTS_SUPPORT_CHILD_PROCESS_H_
#define GENWATCH_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace genwatch {

struct ChildProcessOptions {
  std::vector<std::string> argv;         // argv[0] is looked up in PATH and the sbin directories
  std::vector<std::string> environment;  // "NAME=value", added to the test's own
  std::string stdin_path = "/dev/null";
  std::string output_path;  // stdout and stderr, appended; empty: the test's own
};

// A program started by a test. It dies with the test, also when the test crashes, and is only ever
// signalled by its pid. The destructor kills and reaps it. Not thread-safe.
class ChildProcess {
 public:
  // NOT_FOUND when there is no such program.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const ChildProcessOptions& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool Running();

  // No effect when it has ended.
  void Signal(int signal);

  // The exit status as a shell has it (128 + signal when killed by one); nullopt if it still runs
  // after `deadline`.
  std::optional<int> Wait(absl::Duration deadline);

  // SIGTERM, and SIGKILL if it still runs after `deadline`. The exit status.
  int Stop(absl::Duration deadline = absl::Seconds(20));

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  std::optional<int> exit_status_;
};

// Where the program is (PATH, then /usr/sbin, /sbin, /usr/local/sbin); empty if nowhere.
std::string FindProgram(const std::string& name);

// Runs to the end. The output (stdout and stderr) if it exits with 0; else INTERNAL with the
// output, or NOT_FOUND.
absl::StatusOr<std::string> RunProgram(const std::vector<std::string>& argv,
                                       const std::string& stdin_path = "/dev/null",
                                       absl::Duration deadline = absl::Seconds(60));

}  // namespace genwatch

#endif  // GENWATCH_TESTS_SUPPORT_CHILD_PROCESS_H_

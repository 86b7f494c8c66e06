#ifndef GENWATCH_TESTS_CHAOS_HARNESS_SERVICE_PROCESS_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_SERVICE_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/support/child_process.h"

namespace genwatch::chaos {

// A program of ours that is killed, stopped and started again, always with the same flags and thus
// at the same address. Signals go to its pid alone. Not thread-safe.
class ServiceProcess {
 public:
  // `name` names its log, logs/<name>.log, which all its lives share.
  ServiceProcess(std::string name, std::vector<std::string> argv,
                 std::vector<std::string> environment, const std::string& logs);

  const std::string& name() const { return name_; }
  // 0 before the first start.
  pid_t pid() const { return process_ == nullptr ? 0 : process_->pid(); }
  bool Running() { return process_ != nullptr && process_->Running(); }
  // Times that it was started.
  int lives() const { return lives_; }

  // "NAME=value", for the lives to come, in place of what it had.
  void SetEnvironment(std::vector<std::string> environment);
  // Does not wait until it serves.
  absl::Status Start();
  // SIGKILL and the wait for its end. False if it did not run, so that nothing was injected.
  bool Kill();
  // SIGSTOP, SIGCONT, SIGTERM. False if it did not run.
  bool Pause();
  bool Resume();
  bool Terminate();
  // The exit status after Terminate; DEADLINE_EXCEEDED if it still runs.
  absl::StatusOr<int> AwaitEnd(absl::Duration deadline);

  // What this life has logged so far.
  std::string Log() const;
  const std::string& log_path() const { return log_path_; }
  // The value of a text field of the newest log record of this life that has it, such as "address"
  // or "instance"; empty if there is none.
  std::string LoggedField(const std::string& field) const;

 private:
  const std::string name_;
  ChildProcessOptions options_;
  const std::string log_path_;
  std::unique_ptr<ChildProcess> process_;
  size_t log_start_ = 0;
  int lives_ = 0;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_SERVICE_PROCESS_H_

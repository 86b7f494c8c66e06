#ifndef GENWATCH_TESTS_SUPPORT_PRIVATE_REDIS_H_
#define GENWATCH_TESTS_SUPPORT_PRIVATE_REDIS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace genwatch {

// A real Redis server of the test's own, on a unix socket in a temporary directory, without
// network, with an append-only file synced each second. It ends with the test. Not thread-safe;
// clients of the server may be.
class PrivateRedis {
 public:
  // A new running server. FAILED_PRECONDITION, naming the package to install, when there is none.
  static absl::StatusOr<std::unique_ptr<PrivateRedis>> Create();

  // The one that all tests of this process share, started by the first call; ends the process with
  // a clear message if that fails. Do not stop it; use FLUSHALL or own key prefixes.
  static PrivateRedis& Shared();

  ~PrivateRedis();

  const std::string& socket_path() const { return socket_path_; }

  // One command through redis-cli; its answer as printed, without the last newline. An error answer
  // is INTERNAL.
  absl::StatusOr<std::string> Command(const std::vector<std::string>& command);

  // For fault tests. Start keeps the data and waits until it answers (a new run_id); Stop shuts
  // down cleanly; Kill is SIGKILL (up to a second of writes may be lost); Wipe removes the data,
  // and starts it again if it ran; Pause and Resume stop the process and let it go on (a hang).
  absl::Status Start();
  void Stop();
  void Kill();
  absl::Status Wipe();
  void Pause();
  void Resume();
  bool Running();

 private:
  PrivateRedis();

  TempDir dir_;
  std::string data_dir_;
  std::string socket_path_;
  std::string log_path_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_SUPPORT_PRIVATE_REDIS_H_

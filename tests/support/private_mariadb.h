#ifndef GENWATCH_TESTS_SUPPORT_PRIVATE_MARIADB_H_
#define GENWATCH_TESTS_SUPPORT_PRIVATE_MARIADB_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace genwatch {

struct PrivateMariaDbOptions {
  // "NAME=value", added to the server's environment.
  std::vector<std::string> environment;
};

// A real MariaDB server of the test's own: a mariadbd on a unix socket in a temporary directory,
// without network. Its user "root" has no password. Works as root and as any user. It ends with the
// test. Not thread-safe; clients of the server may be.
class PrivateMariaDb {
 public:
  // A new running server, for tests that stop and kill it; takes about a second.
  // FAILED_PRECONDITION, naming the packages to install, when there is no MariaDB.
  static absl::StatusOr<std::unique_ptr<PrivateMariaDb>> Create(PrivateMariaDbOptions options = {});

  // The one that all tests of this process share, started by the first call; ends the process with
  // a clear message if that fails, because a missing server is a failure and no reason to skip. Do
  // not stop it; use CreateDatabase for a fresh start.
  static PrivateMariaDb& Shared();

  ~PrivateMariaDb();

  const std::string& socket_path() const { return socket_path_; }
  static std::string user() { return "root"; }

  // A fresh database (utf8mb4) with all migrations applied, job_service/migrations/*.up.sql of the
  // checkout by default, in the order of their names. Its name.
  absl::StatusOr<std::string> CreateDatabase();
  absl::StatusOr<std::string> CreateDatabase(const std::string& migrations_dir);
  absl::StatusOr<std::string> CreateEmptyDatabase();

  // Runs SQL through the mariadb client; what it prints (tab-separated, no header).
  absl::StatusOr<std::string> Execute(const std::string& database, const std::string& sql);

  // For fault tests. Start keeps the data and waits until it answers; Stop shuts down cleanly; Kill
  // is SIGKILL; Pause and Resume stop the process and let it go on (a hang).
  absl::Status Start();
  void Stop();
  void Kill();
  void Pause();
  void Resume();
  bool Running();

 private:
  explicit PrivateMariaDb(PrivateMariaDbOptions options);

  const PrivateMariaDbOptions options_;
  TempDir dir_;
  std::string data_dir_;
  std::string socket_path_;
  std::string log_path_;
  int databases_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_SUPPORT_PRIVATE_MARIADB_H_

#include "tests/support/private_mariadb.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/await.h"
#include "tests/support/mariadb_data_folder.h"

namespace genwatch {
namespace {

constexpr char kInstallHint[] =
    "MariaDB is needed for this test: apt-get install mariadb-server mariadb-client";

absl::Status CheckInstalled() {
  for (const char* const program : {"mariadbd", "mariadb-install-db", "mariadb", "mariadb-admin"}) {
    if (FindProgram(program).empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("there is no program '", program, "'. ", kInstallHint));
    }
  }
  return absl::OkStatus();
}

// The server refuses to run as root unless told so.
void AddUser(std::vector<std::string>& argv) {
  if (geteuid() == 0) argv.emplace_back("--user=root");
}

absl::StatusOr<std::vector<std::string>> MigrationFiles(const std::string& dir) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    if (entry.path().string().ends_with(".up.sql")) files.push_back(entry.path().string());
  }
  if (files.empty()) {
    return absl::NotFoundError(absl::StrCat("there are no migrations (*.up.sql) in ", dir));
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

PrivateMariaDb::PrivateMariaDb(PrivateMariaDbOptions options)
    : options_(std::move(options)),
      data_dir_(dir_.File("data")),
      socket_path_(dir_.File("m.sock")),
      log_path_(dir_.File("mariadbd.log")) {}

PrivateMariaDb::~PrivateMariaDb() = default;  // the data is thrown away: no clean shutdown needed

absl::StatusOr<std::unique_ptr<PrivateMariaDb>> PrivateMariaDb::Create(
    PrivateMariaDbOptions options) {
  if (const absl::Status status = CheckInstalled(); !status.ok()) return status;
  std::unique_ptr<PrivateMariaDb> server(new PrivateMariaDb(std::move(options)));
  if (const absl::Status status = MakeMariaDbDataFolder(server->data_dir_, GENWATCH_TEST_CACHE_DIR);
      !status.ok())
    return status;
  if (const absl::Status status = server->Start(); !status.ok()) return status;
  return server;
}

PrivateMariaDb& PrivateMariaDb::Shared() {
  // Destroyed at exit, which removes its folder.
  static const std::unique_ptr<PrivateMariaDb> server = [] {
    auto created = Create();
    if (!created.ok()) {
      std::cerr << "FATAL: " << created.status() << std::endl;
      std::_Exit(1);
    }
    return *std::move(created);
  }();
  return *server;
}

absl::Status PrivateMariaDb::Start() {
  if (Running()) return absl::OkStatus();
  ChildProcessOptions options;
  options.argv = {"mariadbd", "--no-defaults", "--datadir=" + data_dir_,
                  // A server that starts removes temporary tables in its tmpdir, others' too.
                  "--tmpdir=" + dir_.path(), "--socket=" + socket_path_,
                  "--pid-file=" + dir_.File("m.pid"), "--skip-networking",
                  "--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci",
                  "--default-time-zone=+00:00", "--max-connections=200",
                  "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M",
                  "--performance-schema=OFF"};
  AddUser(options.argv);
  options.environment = options_.environment;
  options.output_path = log_path_;
  auto process = ChildProcess::Start(options);
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  const bool up = Await(
      [this] {
        return !process_->Running() ||
               RunProgram({"mariadb-admin", "--no-defaults", "--socket=" + socket_path_,
                           "--user=" + user(), "ping"})
                   .ok();
      },
      absl::Seconds(60));
  if (up && process_->Running()) return absl::OkStatus();
  std::ifstream log(log_path_);
  return absl::InternalError(absl::StrCat("mariadbd does not come up: ",
                                          std::string(std::istreambuf_iterator<char>(log), {})));
}

absl::StatusOr<std::string> PrivateMariaDb::CreateEmptyDatabase() {
  const std::string name = absl::StrCat("genwatch_test_", ++databases_);
  const auto created = Execute(
      "",
      absl::StrCat("CREATE DATABASE ", name, " CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"));
  if (!created.ok()) return created.status();
  return name;
}

absl::StatusOr<std::string> PrivateMariaDb::CreateDatabase() {
  return CreateDatabase(GENWATCH_SOURCE_DIR "/job_service/migrations");
}

absl::StatusOr<std::string> PrivateMariaDb::CreateDatabase(const std::string& migrations_dir) {
  const auto files = MigrationFiles(migrations_dir);
  if (!files.ok()) return files.status();
  auto name = CreateEmptyDatabase();
  if (!name.ok()) return name;
  for (const std::string& file : *files) {
    const auto applied = RunProgram({"mariadb", "--no-defaults", "--socket=" + socket_path_,
                                     "--user=" + user(), "--default-character-set=utf8mb4", *name},
                                    file);
    if (!applied.ok()) {
      return absl::InternalError(
          absl::StrCat("migration ", file, ": ", applied.status().message()));
    }
  }
  return name;
}

absl::StatusOr<std::string> PrivateMariaDb::Execute(const std::string& database,
                                                    const std::string& sql) {
  std::vector<std::string> argv = {"mariadb",
                                   "--no-defaults",
                                   "--socket=" + socket_path_,
                                   "--user=" + user(),
                                   "--default-character-set=utf8mb4",
                                   "--batch",
                                   "--skip-column-names",
                                   "--execute=" + sql};
  if (!database.empty()) argv.push_back(database);
  return RunProgram(argv);
}

void PrivateMariaDb::Stop() {
  if (Running()) process_->Stop(absl::Seconds(60));
}

void PrivateMariaDb::Kill() {
  if (!Running()) return;
  process_->Signal(SIGKILL);
  process_->Wait(absl::InfiniteDuration());
}

void PrivateMariaDb::Pause() {
  if (Running()) process_->Signal(SIGSTOP);
}

void PrivateMariaDb::Resume() {
  if (Running()) process_->Signal(SIGCONT);
}

bool PrivateMariaDb::Running() { return process_ != nullptr && process_->Running(); }

}  // namespace genwatch

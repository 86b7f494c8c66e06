#include "tests/support/mariadb_data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace genwatch {
namespace {

namespace fs = std::filesystem;

// What decides how a data folder looks, its place aside.
std::vector<std::string> InstallSettings() {
  std::vector<std::string> settings = {"--no-defaults", "--auth-root-authentication-method=normal",
                                       "--skip-test-db", "--innodb-log-file-size=16M",
                                       // Small containers can't look up their own name.
                                       "--force"};
  // The server refuses to run as root unless told so.
  if (geteuid() == 0) settings.emplace_back("--user=root");
  return settings;
}

absl::Status Install(const std::string& data_dir) {
  const TempDir temp;
  std::vector<std::string> argv = {"mariadb-install-db"};
  for (const std::string& setting : InstallSettings()) argv.push_back(setting);
  argv.push_back("--datadir=" + data_dir);
  argv.push_back("--tmpdir=" + temp.path());
  return RunProgram(argv).status();
}

absl::StatusOr<std::string> TemplateName() {
  const absl::StatusOr<std::string> version =
      RunProgram({"mariadbd", "--no-defaults", "--version"});
  if (!version.ok()) return version.status();
  std::string key = *version;
  for (const std::string& setting : InstallSettings()) absl::StrAppend(&key, "\n", setting);
  return absl::StrFormat("mariadb-%016x", std::hash<std::string>()(key));
}

// Held by one process at a time; the kernel takes it back from one that dies.
class FileLock {
 public:
  explicit FileLock(const std::string& path)
      : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (file_ >= 0 && flock(file_, LOCK_EX) != 0) Close();
  }
  ~FileLock() { Close(); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  bool held() const { return file_ >= 0; }

 private:
  void Close() {
    if (file_ >= 0) close(file_);
    file_ = -1;
  }

  int file_;
};

// The template appears by a rename, so it is there as a whole or not at all.
absl::Status MakeTemplate(const std::string& path) {
  const FileLock lock(path + ".lock");
  if (!lock.held()) return absl::InternalError(absl::StrCat("can't lock ", path, ".lock"));
  std::error_code error;
  if (fs::exists(path, error)) return absl::OkStatus();  // made while we waited
  const std::string unfinished = path + ".unfinished";
  fs::remove_all(unfinished, error);
  if (absl::Status status = Install(unfinished); !status.ok()) return status;
  fs::rename(unfinished, path, error);
  if (error) return absl::InternalError(absl::StrCat(path, ": ", error.message()));
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeMariaDbDataFolder(const std::string& data_dir, const std::string& cache_dir) {
  std::error_code error;
  fs::create_directories(cache_dir, error);
  // The build folder of somebody else: then without a template.
  if (access(cache_dir.c_str(), W_OK) != 0) return Install(data_dir);
  const absl::StatusOr<std::string> name = TemplateName();
  if (!name.ok()) return name.status();
  const std::string path = absl::StrCat(cache_dir, "/", *name);
  if (!fs::exists(path, error)) {
    if (absl::Status status = MakeTemplate(path); !status.ok()) return status;
  }
  return RunProgram({"cp", "-a", "--reflink=auto", path, data_dir}).status();
}

}  // namespace genwatch

#include "tests/support/private_redis.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "tests/support/await.h"

namespace genwatch {
namespace {

absl::Status CheckInstalled() {
  for (const char* const program : {"redis-server", "redis-cli"}) {
    if (FindProgram(program).empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "there is no program '", program,
          "'. Redis is needed for this test: apt-get install redis-server redis-tools"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

PrivateRedis::PrivateRedis()
    : data_dir_(dir_.File("data")),
      socket_path_(dir_.File("r.sock")),
      log_path_(dir_.File("redis.log")) {
  std::error_code ignored;
  std::filesystem::create_directory(data_dir_, ignored);
}

PrivateRedis::~PrivateRedis() = default;

absl::StatusOr<std::unique_ptr<PrivateRedis>> PrivateRedis::Create() {
  if (const absl::Status status = CheckInstalled(); !status.ok()) return status;
  std::unique_ptr<PrivateRedis> server(new PrivateRedis());
  if (const absl::Status status = server->Start(); !status.ok()) return status;
  return server;
}

PrivateRedis& PrivateRedis::Shared() {
  // Destroyed at exit, which removes its folder.
  static const std::unique_ptr<PrivateRedis> server = [] {
    auto created = Create();
    if (!created.ok()) {
      std::cerr << "FATAL: " << created.status() << std::endl;
      std::_Exit(1);
    }
    return *std::move(created);
  }();
  return *server;
}

absl::StatusOr<std::string> PrivateRedis::Command(const std::vector<std::string>& command) {
  // -e: an error answer is an error of redis-cli.
  std::vector<std::string> argv = {"redis-cli", "-e", "-s", socket_path_};
  argv.insert(argv.end(), command.begin(), command.end());
  auto output = RunProgram(argv);
  if (output.ok() && output->ends_with('\n')) output->pop_back();
  return output;
}

absl::Status PrivateRedis::Start() {
  if (Running()) return absl::OkStatus();
  ChildProcessOptions options;
  options.argv = {"redis-server",
                  "--port",
                  "0",
                  "--unixsocket",
                  socket_path_,
                  "--dir",
                  data_dir_,
                  "--appendonly",
                  "yes",
                  "--appendfsync",
                  "everysec",
                  "--save",
                  "",
                  "--daemonize",
                  "no"};
  options.output_path = log_path_;
  auto process = ChildProcess::Start(options);
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  // It answers LOADING, an error, until the append-only file is read.
  const bool up =
      Await([this] { return !process_->Running() || Command({"PING"}).value_or("") == "PONG"; });
  if (up && process_->Running()) return absl::OkStatus();
  std::ifstream log(log_path_);
  return absl::InternalError(absl::StrCat("redis-server does not come up: ",
                                          std::string(std::istreambuf_iterator<char>(log), {})));
}

void PrivateRedis::Stop() {
  if (Running()) process_->Stop();
}

void PrivateRedis::Kill() {
  if (!Running()) return;
  process_->Signal(SIGKILL);
  process_->Wait(absl::InfiniteDuration());
}

absl::Status PrivateRedis::Wipe() {
  const bool was_running = Running();
  Kill();
  std::error_code error;
  std::filesystem::remove_all(data_dir_, error);
  std::filesystem::create_directory(data_dir_, error);
  if (error) return absl::InternalError(absl::StrCat("can't empty ", data_dir_));
  return was_running ? Start() : absl::OkStatus();
}

void PrivateRedis::Pause() {
  if (Running()) process_->Signal(SIGSTOP);
}

void PrivateRedis::Resume() {
  if (Running()) process_->Signal(SIGCONT);
}

bool PrivateRedis::Running() { return process_ != nullptr && process_->Running(); }

}  // namespace genwatch

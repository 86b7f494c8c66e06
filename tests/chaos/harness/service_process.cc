#include "tests/chaos/harness/service_process.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace genwatch::chaos {

ServiceProcess::ServiceProcess(std::string name, std::vector<std::string> argv,
                               std::vector<std::string> environment, const std::string& logs)
    : name_(std::move(name)), log_path_(absl::StrCat(logs, "/", name_, ".log")) {
  options_.argv = std::move(argv);
  options_.environment = std::move(environment);
  options_.output_path = log_path_;
}

void ServiceProcess::SetEnvironment(std::vector<std::string> environment) {
  options_.environment = std::move(environment);
}

absl::Status ServiceProcess::Start() {
  if (Running()) return absl::OkStatus();
  std::error_code none_yet;
  const auto size = std::filesystem::file_size(log_path_, none_yet);
  log_start_ = none_yet ? 0 : size;
  auto process = ChildProcess::Start(options_);
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  ++lives_;
  return absl::OkStatus();
}

bool ServiceProcess::Kill() {
  if (!Running()) return false;
  process_->Signal(SIGKILL);
  process_->Wait(absl::InfiniteDuration());
  return true;
}

bool ServiceProcess::Pause() {
  if (!Running()) return false;
  process_->Signal(SIGSTOP);
  return true;
}

bool ServiceProcess::Resume() {
  if (!Running()) return false;
  process_->Signal(SIGCONT);
  return true;
}

bool ServiceProcess::Terminate() {
  if (!Running()) return false;
  process_->Signal(SIGTERM);
  return true;
}

absl::StatusOr<int> ServiceProcess::AwaitEnd(absl::Duration deadline) {
  if (process_ == nullptr) return absl::FailedPreconditionError(name_ + " was never started");
  if (const std::optional<int> status = process_->Wait(deadline)) return *status;
  return absl::DeadlineExceededError(
      absl::StrCat(name_, " still runs after ", absl::FormatDuration(deadline)));
}

std::string ServiceProcess::Log() const {
  std::ifstream file(log_path_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(log_start_));
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string ServiceProcess::LoggedField(const std::string& field) const {
  const std::string log = Log();
  const std::string key = absl::StrCat("\"", field, "\":\"");
  const size_t at = log.rfind(key);
  if (at == std::string::npos) return "";
  const size_t start = at + key.size();
  const size_t end = log.find('"', start);
  return end == std::string::npos ? "" : log.substr(start, end - start);
}

}  // namespace genwatch::chaos

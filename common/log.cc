#include "common/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log_format.h"
#include "common/mutex.h"
#include "common/problems.h"

namespace genwatch {
namespace {

// spdlog does the writing (one locked write and flush per line, on stderr); the lines are ours.
std::shared_ptr<spdlog::logger> MakeWriter() {
  auto writer =
      std::make_shared<spdlog::logger>("stderr", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  writer->set_pattern("%v");
  writer->set_level(spdlog::level::trace);
  return writer;
}

class State {
 public:
  void Configure(std::string service, bool json, LogLevel level) {
    MutexLock lock(mutex_);
    service_ = std::move(service);
    json_ = json;
    level_.store(level, std::memory_order_relaxed);
  }

  void SetSink(std::function<void(std::string_view)> sink) {
    MutexLock lock(mutex_);
    sink_ = std::move(sink);
  }

  bool Enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }

  void Write(LogLevel level, std::string_view message, absl::Span<const LogField> fields) {
    const absl::Time now = absl::Now();
    MutexLock lock(mutex_);
    const std::string line = json_ ? FormatJson(now, level, service_, message, fields)
                                   : FormatText(now, level, message, fields);
    if (sink_ != nullptr) {
      sink_(line);
    } else {
      writer_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
    }
  }

 private:
  const std::shared_ptr<spdlog::logger> writer_ = MakeWriter();
  std::atomic<LogLevel> level_ = LogLevel::kInfo;
  Mutex mutex_;  // one line at a time
  std::string service_ ABSL_GUARDED_BY(mutex_);
  bool json_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void(std::string_view)> sink_ ABSL_GUARDED_BY(mutex_);
};

// Never destroyed: threads may log while the process ends.
State& GlobalState() {
  static State* const state = new State();
  return *state;
}

std::optional<LogLevel> ParseLevel(std::string_view level) {
  if (level == "debug") return LogLevel::kDebug;
  if (level == "info") return LogLevel::kInfo;
  if (level == "warning") return LogLevel::kWarning;
  if (level == "error") return LogLevel::kError;
  return std::nullopt;
}

}  // namespace

void CheckLogOptions(const LogOptions& options, Problems& problems) {
  if (!ParseLevel(options.level).has_value()) {
    problems.Add("--log_level",
                 absl::StrCat("'", options.level, "' is not one of debug, info, warning, error"));
  }
  if (options.format != "auto" && options.format != "json" && options.format != "text") {
    problems.Add("--log_format",
                 absl::StrCat("'", options.format, "' is not one of auto, json, text"));
  }
}

absl::Status InitLogging(const LogOptions& options) {
  Problems problems;
  CheckLogOptions(options, problems);
  if (!problems.empty()) return problems.ToStatus();
  const bool json =
      options.format == "json" || (options.format == "auto" && isatty(STDERR_FILENO) == 0);
  GlobalState().Configure(options.service, json, *ParseLevel(options.level));
  return absl::OkStatus();
}

bool LogEnabled(LogLevel level) { return GlobalState().Enabled(level); }

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  LogFields(level, message, fields);
}

void LogFields(LogLevel level, std::string_view message, absl::Span<const LogField> fields) {
  if (LogEnabled(level)) GlobalState().Write(level, message, fields);
}

void LogDebug(std::string_view message, std::initializer_list<LogField> fields) {
  Log(LogLevel::kDebug, message, fields);
}

void LogInfo(std::string_view message, std::initializer_list<LogField> fields) {
  Log(LogLevel::kInfo, message, fields);
}

void LogWarning(std::string_view message, std::initializer_list<LogField> fields) {
  Log(LogLevel::kWarning, message, fields);
}

void LogError(std::string_view message, std::initializer_list<LogField> fields) {
  Log(LogLevel::kError, message, fields);
}

void SetLogSinkForTesting(std::function<void(std::string_view line)> sink) {
  GlobalState().SetSink(std::move(sink));
}

}  // namespace genwatch

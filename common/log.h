#ifndef GENWATCH_COMMON_LOG_H_
#define GENWATCH_COMMON_LOG_H_

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/log_field.h"
#include "common/problems.h"

namespace genwatch {

// The process's log, on stderr: JSON lines {ts, severity, service, msg, and the fields}, or text
// that reads well on a terminal. One call is one line, whatever the strings hold: control
// characters are escaped, invalid UTF-8 is replaced. All functions are thread-safe; a call costs a
// write, so nothing that happens per token is logged, and what may repeat goes through LogEvery
// (common/log_every.h).

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogOptions {
  std::string service;          // the process's name: "job_service"
  std::string level = "info";   // debug | info | warning | error
  std::string format = "auto";  // auto (text if stderr is a terminal, else json) | json | text
};

// Adds what is wrong with the level or the format to `problems`, as --log_level and --log_format.
void CheckLogOptions(const LogOptions& options, Problems& problems);

// Called once, early in main. Without it lines of level info and above appear as text.
// INVALID_ARGUMENT on an unknown level or format.
absl::Status InitLogging(const LogOptions& options);

// True if a line of this level would be written.
bool LogEnabled(LogLevel level);

// Log(LogLevel::kInfo, "job leased", {{"job_id", id}, {"attempt", 3}}); `message` is constant text
// that can be searched for: what varies belongs into fields.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// The same for fields put together at run time.
void LogFields(LogLevel level, std::string_view message, absl::Span<const LogField> fields);

void LogDebug(std::string_view message, std::initializer_list<LogField> fields = {});
void LogInfo(std::string_view message, std::initializer_list<LogField> fields = {});
void LogWarning(std::string_view message, std::initializer_list<LogField> fields = {});
void LogError(std::string_view message, std::initializer_list<LogField> fields = {});

// Tests only: finished lines go to `sink` instead of stderr, one call at a time; null restores.
void SetLogSinkForTesting(std::function<void(std::string_view line)> sink);

}  // namespace genwatch

#endif  // GENWATCH_COMMON_LOG_H_

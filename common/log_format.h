#ifndef GENWATCH_COMMON_LOG_FORMAT_H_
#define GENWATCH_COMMON_LOG_FORMAT_H_

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/log.h"

namespace genwatch {

// One log line without its newline. Pure functions; thread-safe. Both end the line nowhere but at
// its end, whatever the strings hold.

// {"ts":"2024-01-01T00:00:00.000Z","severity":"INFO","service":"s","msg":"m", fields...}
std::string FormatJson(absl::Time time, LogLevel level, std::string_view service,
                       std::string_view message, absl::Span<const LogField> fields);

// "00:00:00.000 INFO    job leased  job_id=job_1 attempt=3" in local time; strings with spaces are
// quoted.
std::string FormatText(absl::Time time, LogLevel level, std::string_view message,
                       absl::Span<const LogField> fields);

}  // namespace genwatch

#endif  // GENWATCH_COMMON_LOG_FORMAT_H_

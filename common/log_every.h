#ifndef GENWATCH_COMMON_LOG_EVERY_H_
#define GENWATCH_COMMON_LOG_EVERY_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mutex.h"

namespace genwatch {

// Keeps a failure that repeats from flooding the log: the first is logged at once, later ones at
// most once per interval, with a field "suppressed" that counts those left out in between. One
// object per place that logs. Thread-safe.
class LogEvery {
 public:
  explicit LogEvery(absl::Duration interval, const Clock* clock = RealClock());

  // Logs, or counts.
  void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

  // The bare decision: how many were suppressed since the last line if one is due now, else nullopt
  // (and this one is counted).
  std::optional<uint64_t> Due();

  // The trouble is over: the next failure is logged at once. True if there was any since the last
  // Reset, so that the caller logs the recovery once.
  bool Reset();

 private:
  const absl::Duration interval_;
  const Clock* const clock_;
  Mutex mutex_;
  std::optional<absl::Duration> last_ ABSL_GUARDED_BY(mutex_);
  uint64_t suppressed_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace genwatch

#endif  // GENWATCH_COMMON_LOG_EVERY_H_

#include "common/log_every.h"

#include <utility>
#include <vector>

namespace genwatch {

LogEvery::LogEvery(absl::Duration interval, const Clock* clock)
    : interval_(interval), clock_(clock) {}

void LogEvery::Log(LogLevel level, std::string_view message,
                   std::initializer_list<LogField> fields) {
  const auto suppressed = Due();
  if (!suppressed.has_value()) return;
  std::vector<LogField> all(fields);
  if (*suppressed > 0) all.emplace_back("suppressed", *suppressed);
  LogFields(level, message, all);
}

std::optional<uint64_t> LogEvery::Due() {
  const absl::Duration now = clock_->Monotonic();
  MutexLock lock(mutex_);
  if (last_.has_value() && now - *last_ < interval_) {
    ++suppressed_;
    return std::nullopt;
  }
  last_ = now;
  return std::exchange(suppressed_, 0);
}

bool LogEvery::Reset() {
  MutexLock lock(mutex_);
  suppressed_ = 0;
  return std::exchange(last_, std::nullopt).has_value();
}

}  // namespace genwatch

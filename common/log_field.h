#ifndef GENWATCH_COMMON_LOG_FIELD_H_
#define GENWATCH_COMMON_LOG_FIELD_H_

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/string_view.h"

namespace genwatch {

// One field of a log line: {"job_id", id}, {"attempt", 3}, {"wait", absl::Seconds(2)}. A duration
// is written in milliseconds under its key with "_ms" appended. A value of a string type is only
// referred to: a field lives no longer than the call that it is passed to. Not thread-safe.
class LogField {
 public:
  using Value =
      std::variant<bool, int64_t, uint64_t, double, std::string_view, absl::Duration, absl::Status>;

  LogField(std::string_view key, bool value) : key_(key), value_(value) {}
  template <typename T>
  requires(std::integral<T> && !std::same_as<T, bool>) LogField(std::string_view key, T value)
      : key_(key), value_(Widen(value)) {}
  template <std::floating_point T>
  LogField(std::string_view key, T value) : key_(key), value_(static_cast<double>(value)) {}
  template <typename T>
  requires std::convertible_to<const T&, std::string_view> LogField(std::string_view key,
                                                                    const T& value)
      : key_(key), value_(std::string_view(value)) {}
  LogField(std::string_view key, absl::string_view value) : key_(key), value_(ToStd(value)) {}
  LogField(std::string_view key, absl::Duration value) : key_(key), value_(value) {}
  LogField(std::string_view key, const absl::Status& value) : key_(key), value_(value) {}

  std::string_view key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  template <typename T>
  static auto Widen(T value) {
    if constexpr (std::is_signed_v<T>) {
      return static_cast<int64_t>(value);
    } else {
      return static_cast<uint64_t>(value);
    }
  }

  std::string_view key_;
  Value value_;
};

// The field "error": code, reason and message.
inline LogField ErrorField(const absl::Status& status) { return LogField("error", status); }

}  // namespace genwatch

#endif  // GENWATCH_COMMON_LOG_FIELD_H_

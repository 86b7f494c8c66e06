#ifndef GENWATCH_JOB_SERVICE_MARIADB_VALUE_H_
#define GENWATCH_JOB_SERVICE_MARIADB_VALUE_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"

namespace genwatch::mariadb {

// A string bound as bytes: no character set, nothing checked or converted.
struct Bytes {
  std::string_view data;
};

// A value bound to a `?`. Strings are UTF-8 text and only referred to: they outlive the call.
class Param {
 public:
  using Value =
      std::variant<std::monostate, int64_t, uint64_t, double, std::string_view, Bytes, absl::Time>;

  // Implicit, so that a call lists its values as they are.
  // NOLINTBEGIN(google-explicit-constructor)
  Param(std::nullopt_t) {}
  template <std::integral T>
  Param(T value) {
    if constexpr (std::is_signed_v<T>) {
      value_ = static_cast<int64_t>(value);
    } else {
      value_ = static_cast<uint64_t>(value);
    }
  }
  Param(double value) : value_(value) {}
  Param(std::string_view value) : value_(value) {}
  Param(const std::string& value) : value_(std::string_view(value)) {}
  Param(const char* value) : value_(std::string_view(value)) {}
  Param(Bytes value) : value_(value) {}
  Param(absl::Time value) : value_(value) {}
  template <typename T>
  Param(const std::optional<T>& value) {
    if (value.has_value()) value_ = Param(*value).value();
  }
  // NOLINTEND(google-explicit-constructor)

  const Value& value() const { return value_; }

 private:
  Value value_;
};

// A cell of a result: NULL, a whole number, a number, a string (text or bytes) or a time (UTC).
using Cell = std::variant<std::monostate, int64_t, uint64_t, double, std::string, absl::Time>;
using Row = std::vector<Cell>;

// Reads the cells of a row from left to right, in the order of the SELECT's columns. NULL reads as
// zero, empty or the epoch, except through the Optional readers; so does a cell of another type,
// which is a fault of the program and stops a debug build. Not thread-safe; the row outlives it.
class RowReader {
 public:
  explicit RowReader(const Row& row, size_t first = 0) : row_(row), next_(first) {}

  uint64_t Uint64();
  uint32_t Uint32() { return static_cast<uint32_t>(Uint64()); }
  bool Bool() { return Uint64() != 0; }
  double Double();
  const std::string& Text();
  absl::Time Time();

  std::optional<uint32_t> OptionalUint32();
  std::optional<double> OptionalDouble();
  std::optional<absl::Time> OptionalTime();

 private:
  const Cell& Next();
  bool NextIsNull() const;

  const Row& row_;
  size_t next_;
};

}  // namespace genwatch::mariadb

#endif  // GENWATCH_JOB_SERVICE_MARIADB_VALUE_H_

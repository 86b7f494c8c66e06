#include "job_service/mariadb/value.h"

#include <cassert>

namespace genwatch::mariadb {

const Cell& RowReader::Next() {
  static const Cell kNull;
  assert(next_ < row_.size());
  return next_ < row_.size() ? row_[next_++] : kNull;
}

bool RowReader::NextIsNull() const {
  return next_ >= row_.size() || std::holds_alternative<std::monostate>(row_[next_]);
}

uint64_t RowReader::Uint64() {
  const Cell& cell = Next();
  if (const auto* const value = std::get_if<uint64_t>(&cell)) return *value;
  if (const auto* const value = std::get_if<int64_t>(&cell)) return static_cast<uint64_t>(*value);
  assert(std::holds_alternative<std::monostate>(cell));
  return 0;
}

double RowReader::Double() {
  const Cell& cell = Next();
  if (const auto* const value = std::get_if<double>(&cell)) return *value;
  if (const auto* const value = std::get_if<int64_t>(&cell)) return static_cast<double>(*value);
  if (const auto* const value = std::get_if<uint64_t>(&cell)) return static_cast<double>(*value);
  assert(std::holds_alternative<std::monostate>(cell));
  return 0;
}

const std::string& RowReader::Text() {
  static const std::string kEmpty;
  const Cell& cell = Next();
  if (const auto* const value = std::get_if<std::string>(&cell)) return *value;
  assert(std::holds_alternative<std::monostate>(cell));
  return kEmpty;
}

absl::Time RowReader::Time() {
  const Cell& cell = Next();
  if (const auto* const value = std::get_if<absl::Time>(&cell)) return *value;
  assert(std::holds_alternative<std::monostate>(cell));
  return absl::UnixEpoch();
}

std::optional<uint32_t> RowReader::OptionalUint32() {
  const bool null = NextIsNull();
  const uint32_t value = Uint32();
  return null ? std::nullopt : std::make_optional(value);
}

std::optional<double> RowReader::OptionalDouble() {
  const bool null = NextIsNull();
  const double value = Double();
  return null ? std::nullopt : std::make_optional(value);
}

std::optional<absl::Time> RowReader::OptionalTime() {
  const bool null = NextIsNull();
  const absl::Time value = Time();
  return null ? std::nullopt : std::make_optional(value);
}

}  // namespace genwatch::mariadb

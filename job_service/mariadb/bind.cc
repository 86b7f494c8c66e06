#include "job_service/mariadb/bind.h"

#include <algorithm>
#include <type_traits>

namespace genwatch::mariadb {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

// Where a string parameter has no characters the library still wants a pointer.
char* Characters(std::string_view text) {
  return const_cast<char*>(text.data() != nullptr ? text.data() : "");
}

std::string_view CharactersOf(const Param::Value& value) {
  if (const auto* const bytes = std::get_if<Bytes>(&value)) return bytes->data;
  return std::get<std::string_view>(value);
}

enum_field_types TypeOf(const Param::Value& value) {
  return std::visit(
      [](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, int64_t> || std::is_same_v<T, uint64_t>) {
          return MYSQL_TYPE_LONGLONG;
        } else if constexpr (std::is_same_v<T, double>) {
          return MYSQL_TYPE_DOUBLE;
        } else if constexpr (std::is_same_v<T, std::string_view>) {
          return MYSQL_TYPE_STRING;
        } else if constexpr (std::is_same_v<T, Bytes>) {
          return MYSQL_TYPE_BLOB;
        } else if constexpr (std::is_same_v<T, absl::Time>) {
          return MYSQL_TYPE_DATETIME;
        } else {
          return MYSQL_TYPE_NULL;
        }
      },
      value);
}

}  // namespace

MYSQL_TIME ToMysqlTime(absl::Time time) {
  const absl::Time second = absl::FromUnixSeconds(absl::ToUnixSeconds(time));
  const absl::CivilSecond civil = absl::ToCivilSecond(second, absl::UTCTimeZone());
  MYSQL_TIME result = {};
  result.year = static_cast<unsigned int>(civil.year());
  result.month = civil.month();
  result.day = civil.day();
  result.hour = civil.hour();
  result.minute = civil.minute();
  result.second = civil.second();
  result.second_part = static_cast<unsigned long>(absl::ToInt64Microseconds(time - second));
  result.time_type = MYSQL_TIMESTAMP_DATETIME;
  return result;
}

absl::Time FromMysqlTime(const MYSQL_TIME& time) {
  const absl::CivilSecond civil(time.year, time.month, time.day, time.hour, time.minute,
                                time.second);
  return absl::FromCivil(civil, absl::UTCTimeZone()) +
         absl::Microseconds(static_cast<int64_t>(time.second_part) % kMicrosPerSecond);
}

ParamBinding::ParamBinding(absl::Span<const Param> params)
    : times_(params.size()), binds_(params.size()) {
  for (size_t i = 0; i < params.size(); ++i) {
    const Param::Value& value = params[i].value();
    MYSQL_BIND& bind = binds_[i];
    bind = {};
    bind.buffer_type = TypeOf(value);
    switch (bind.buffer_type) {
      case MYSQL_TYPE_LONGLONG:
        bind.is_unsigned = std::holds_alternative<uint64_t>(value);
        // Signed and unsigned have one representation.
        bind.buffer = const_cast<void*>(
            bind.is_unsigned ? static_cast<const void*>(std::get_if<uint64_t>(&value))
                             : static_cast<const void*>(std::get_if<int64_t>(&value)));
        break;
      case MYSQL_TYPE_DOUBLE:
        bind.buffer = const_cast<double*>(std::get_if<double>(&value));
        break;
      case MYSQL_TYPE_DATETIME:
        times_[i] = ToMysqlTime(std::get<absl::Time>(value));
        bind.buffer = &times_[i];
        break;
      case MYSQL_TYPE_STRING:
      case MYSQL_TYPE_BLOB: {
        const std::string_view text = CharactersOf(value);
        bind.buffer = Characters(text);
        bind.buffer_length = text.size();
        bind.length = &bind.buffer_length;
        break;
      }
      default:
        break;
    }
  }
}

ArrayBinding::ArrayBinding(absl::Span<const std::vector<Param>> rows) {
  const size_t width = rows.empty() ? 0 : rows[0].size();
  columns_.resize(width);
  binds_.resize(width);
  for (size_t c = 0; c < width; ++c) {
    Column& column = columns_[c];
    MYSQL_BIND& bind = binds_[c];
    bind = {};
    bind.buffer_type = MYSQL_TYPE_NULL;
    for (const std::vector<Param>& row : rows) {
      const enum_field_types type = TypeOf(row[c].value());
      if (type == MYSQL_TYPE_NULL) continue;
      bind.buffer_type = type;
      bind.is_unsigned = std::holds_alternative<uint64_t>(row[c].value());
      break;
    }
    column.indicators.resize(rows.size(), STMT_INDICATOR_NULL);
    column.lengths.resize(rows.size());
    switch (bind.buffer_type) {
      case MYSQL_TYPE_LONGLONG:
        column.integers.resize(rows.size());
        bind.buffer = column.integers.data();
        break;
      case MYSQL_TYPE_DOUBLE:
        column.doubles.resize(rows.size());
        bind.buffer = column.doubles.data();
        break;
      case MYSQL_TYPE_DATETIME:
        column.times.resize(rows.size());
        for (const MYSQL_TIME& time : column.times) column.pointers.push_back(&time);
        bind.buffer = column.pointers.data();
        break;
      default:
        if (bind.buffer_type == MYSQL_TYPE_NULL) bind.buffer_type = MYSQL_TYPE_STRING;
        column.pointers.resize(rows.size(), "");
        bind.buffer = column.pointers.data();
        bind.length = column.lengths.data();
        break;
    }
    bind.u.indicator = column.indicators.data();
    for (size_t r = 0; r < rows.size(); ++r) {
      const Param::Value& value = rows[r][c].value();
      if (TypeOf(value) != bind.buffer_type) continue;  // NULL
      column.indicators[r] = STMT_INDICATOR_NONE;
      switch (bind.buffer_type) {
        case MYSQL_TYPE_LONGLONG:
          column.integers[r] = std::holds_alternative<uint64_t>(value)
                                   ? static_cast<int64_t>(std::get<uint64_t>(value))
                                   : std::get<int64_t>(value);
          break;
        case MYSQL_TYPE_DOUBLE:
          column.doubles[r] = std::get<double>(value);
          break;
        case MYSQL_TYPE_DATETIME:
          column.times[r] = ToMysqlTime(std::get<absl::Time>(value));
          break;
        default: {
          const std::string_view text = CharactersOf(value);
          column.pointers[r] = Characters(text);
          column.lengths[r] = text.size();
          break;
        }
      }
    }
  }
}

ResultBinding::ResultBinding(absl::Span<const MYSQL_FIELD> fields)
    : columns_(fields.size()), binds_(fields.size()) {
  for (size_t i = 0; i < fields.size(); ++i) {
    Column& column = columns_[i];
    MYSQL_BIND& bind = binds_[i];
    bind = {};
    bind.is_null = &column.is_null;
    bind.length = &column.length;
    bind.error = &column.error;
    switch (fields[i].type) {
      case MYSQL_TYPE_TINY:
      case MYSQL_TYPE_SHORT:
      case MYSQL_TYPE_INT24:
      case MYSQL_TYPE_LONG:
      case MYSQL_TYPE_LONGLONG:
      case MYSQL_TYPE_YEAR:
        bind.buffer_type = MYSQL_TYPE_LONGLONG;
        bind.buffer = &column.integer;
        bind.is_unsigned = (fields[i].flags & UNSIGNED_FLAG) != 0;
        break;
      case MYSQL_TYPE_FLOAT:
      case MYSQL_TYPE_DOUBLE:
      case MYSQL_TYPE_DECIMAL:
      case MYSQL_TYPE_NEWDECIMAL:
        bind.buffer_type = MYSQL_TYPE_DOUBLE;
        bind.buffer = &column.number;
        break;
      case MYSQL_TYPE_DATETIME:
      case MYSQL_TYPE_TIMESTAMP:
        bind.buffer_type = MYSQL_TYPE_DATETIME;
        bind.buffer = &column.time;
        break;
      default:
        column.string.resize(std::max<size_t>(fields[i].max_length, 1));
        bind.buffer_type = MYSQL_TYPE_BLOB;
        bind.buffer = column.string.data();
        bind.buffer_length = column.string.size();
        break;
    }
  }
}

Row ResultBinding::ReadRow() const {
  Row row(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (column.is_null) continue;
    switch (binds_[i].buffer_type) {
      case MYSQL_TYPE_LONGLONG:
        if (binds_[i].is_unsigned) {
          row[i] = static_cast<uint64_t>(column.integer);
        } else {
          row[i] = column.integer;
        }
        break;
      case MYSQL_TYPE_DOUBLE:
        row[i] = column.number;
        break;
      case MYSQL_TYPE_DATETIME:
        row[i] = FromMysqlTime(column.time);
        break;
      default:
        row[i] = std::string(column.string.data(),
                             std::min<size_t>(column.length, column.string.size()));
        break;
    }
  }
  return row;
}

}  // namespace genwatch::mariadb

#include "progress_service/cursor.h"

#include <array>
#include <charconv>
#include <cstddef>

#include "absl/strings/str_cat.h"

namespace genwatch {
namespace {

// "c1", a hash of 16 digits, five numbers of at most 10 digits, "e", and 7 dots.
constexpr size_t kMaxCursorBytes = 2 + 16 + 5 * 10 + 1 + 7;

constexpr size_t kFields = 7;
constexpr size_t kFieldsWithMark = 8;

// Decimal, no sign, no leading zeros, 32 bits.
bool ParseNumber(std::string_view text, uint32_t* number) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  if (text.size() > 1 && text.front() == '0') return false;
  const char* const end = text.data() + text.size();
  const auto [parsed_to, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && parsed_to == end;
}

bool ParseOffset(std::string_view text, std::optional<uint32_t>* offset) {
  if (text == "-") return true;
  return ParseNumber(text, &offset->emplace());
}

// Exactly 16 lower-case hexadecimal digits.
bool ParseHash(std::string_view text, uint64_t* hash) {
  if (text.size() != 16) return false;
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  std::from_chars(text.data(), text.data() + text.size(), *hash, 16);
  return true;
}

std::string OffsetText(std::optional<uint32_t> offset) {
  return offset.has_value() ? absl::StrCat(*offset) : "-";
}

}  // namespace

uint64_t JobHash(std::string_view job_id) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : job_id) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

std::string FormatCursor(const Cursor& cursor) {
  return absl::StrCat("c1.", absl::Hex(cursor.job_hash, absl::kZeroPad16), ".", cursor.version, ".",
                      cursor.sequence, ".", cursor.text_version, ".", OffsetText(cursor.answer),
                      ".", OffsetText(cursor.thinking), cursor.terminal ? ".e" : "");
}

std::optional<Cursor> ParseCursor(std::string_view text) {
  if (text.size() > kMaxCursorBytes) return std::nullopt;
  std::array<std::string_view, kFieldsWithMark> fields;
  size_t count = 0;
  for (;;) {
    if (count == fields.size()) return std::nullopt;
    const size_t dot = text.find('.');
    fields[count++] = text.substr(0, dot);
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  if (count < kFields || fields[0] != "c1") return std::nullopt;
  Cursor cursor;
  if (count == kFieldsWithMark) {
    if (fields[kFields] != "e") return std::nullopt;
    cursor.terminal = true;
  }
  if (!ParseHash(fields[1], &cursor.job_hash) || !ParseNumber(fields[2], &cursor.version) ||
      !ParseNumber(fields[3], &cursor.sequence) || !ParseNumber(fields[4], &cursor.text_version) ||
      !ParseOffset(fields[5], &cursor.answer) || !ParseOffset(fields[6], &cursor.thinking)) {
    return std::nullopt;
  }
  return cursor;
}

}  // namespace genwatch

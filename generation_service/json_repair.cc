#include "generation_service/json_repair.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "common/utf8.h"

namespace genwatch {
namespace {

constexpr std::string_view kReplacementEscape = "\\ufffd";
constexpr size_t kEscapeBytes = 6;         // of \uXXXX
constexpr size_t kSafeIntegerDigits = 18;  // always fit into 64 bits

// The code unit of the \uXXXX escape at the front of `text`, if there is one.
std::optional<uint32_t> UnicodeEscape(std::string_view text) {
  if (text.size() < kEscapeBytes || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  uint32_t unit = 0;
  for (const char c : text.substr(2, 4)) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
    const int digit = absl::ascii_isdigit(static_cast<unsigned char>(c))
                          ? c - '0'
                          : absl::ascii_tolower(static_cast<unsigned char>(c)) - 'a' + 10;
    unit = unit * 16 + static_cast<uint32_t>(digit);
  }
  return unit;
}

bool IsHighSurrogate(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowSurrogate(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

// Copies the escape at the front of `text`, which starts with a backslash. How many bytes it took.
size_t CopyEscape(std::string_view text, std::string& out) {
  const std::optional<uint32_t> unit = UnicodeEscape(text);
  if (!unit.has_value()) {
    const std::string_view escape = text.substr(0, 2);
    out.append(escape);
    return escape.size();
  }
  if (IsHighSurrogate(*unit)) {
    const std::optional<uint32_t> next = UnicodeEscape(text.substr(kEscapeBytes));
    if (next.has_value() && IsLowSurrogate(*next)) {
      out.append(text.substr(0, 2 * kEscapeBytes));
      return 2 * kEscapeBytes;
    }
  }
  const bool alone = IsHighSurrogate(*unit) || IsLowSurrogate(*unit);
  out.append(alone ? kReplacementEscape : text.substr(0, kEscapeBytes));
  return kEscapeBytes;
}

bool IsNumberByte(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '+' || c == '.' ||
         c == 'e' || c == 'E';
}

// Copies the number at the front of `text`. How many bytes it took.
size_t CopyNumber(std::string_view text, std::string& out) {
  size_t length = 1;
  bool integer = true;
  while (length < text.size() && IsNumberByte(text[length])) {
    integer = integer && absl::ascii_isdigit(static_cast<unsigned char>(text[length]));
    ++length;
  }
  out.append(text.substr(0, length));
  if (integer && length > kSafeIntegerDigits) out.append(".0");
  return length;
}

}  // namespace

std::string RepairJson(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 8);
  bool in_string = false;
  size_t i = 0;
  while (i < json.size()) {
    const char c = json[i];
    if (in_string && c == '\\') {
      i += CopyEscape(json.substr(i), out);
      continue;
    }
    if (!in_string && (c == '-' || absl::ascii_isdigit(static_cast<unsigned char>(c)))) {
      i += CopyNumber(json.substr(i), out);
      continue;
    }
    if (c == '"') in_string = !in_string;
    out.push_back(c);
    ++i;
  }
  return ReplaceInvalidUtf8(out);
}

}  // namespace genwatch

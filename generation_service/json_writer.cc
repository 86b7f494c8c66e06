#include "generation_service/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace genwatch {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace

void JsonWriter::Key(std::string_view key) {
  Separate();
  Quote(key);
  text_.push_back(':');
  comma_ = false;
}

void JsonWriter::String(std::string_view value) {
  Separate();
  Quote(value);
}

void JsonWriter::Bool(bool value) { Json(value ? "true" : "false"); }

void JsonWriter::Integer(int64_t value) { Json(std::to_string(value)); }

void JsonWriter::Number(double value) {
  if (!std::isfinite(value)) return Json("null");
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  Json(std::string_view(buffer.data(), static_cast<size_t>(end - buffer.data())));
}

void JsonWriter::Json(std::string_view json) {
  Separate();
  text_.append(json);
}

void JsonWriter::Open(char bracket) {
  Separate();
  text_.push_back(bracket);
  comma_ = false;
}

void JsonWriter::Close(char bracket) {
  text_.push_back(bracket);
  comma_ = true;
}

void JsonWriter::Separate() {
  if (std::exchange(comma_, true)) text_.push_back(',');
}

void JsonWriter::Quote(std::string_view value) {
  text_.push_back('"');
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text_.push_back('\\');
      text_.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      text_.append("\\u00");
      text_.push_back(kHexDigits[static_cast<unsigned char>(c) >> 4]);
      text_.push_back(kHexDigits[static_cast<unsigned char>(c) & 0xF]);
    } else {
      text_.push_back(c);
    }
  }
  text_.push_back('"');
}

}  // namespace genwatch

#include "tests/ollama_sim/json_reader.h"

#include <cstdlib>

#include "tests/ollama_sim/utf8.h"

namespace genwatch::ollama_sim {
namespace {

constexpr size_t kEscapeLength = 6;  // \uXXXX

// The code unit of an escape at the start of `text`, or -1.
int CodeUnit(std::string_view text) {
  if (text.size() < kEscapeLength || !text.starts_with("\\u")) return -1;
  const std::string digits(text.substr(2, 4));
  char* end = nullptr;
  const long value = std::strtol(digits.c_str(), &end, 16);
  return end == digits.c_str() + 4 ? static_cast<int>(value) : -1;
}

bool IsHigh(int unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLow(int unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

}  // namespace

std::string RepairJsonText(std::string_view json) {
  const std::string valid = ToValidUtf8(json);
  std::string out;
  std::string_view rest = valid;
  while (!rest.empty()) {
    if (rest.front() != '\\' || rest.size() < 2) {
      out.push_back(rest.front());
      rest.remove_prefix(1);
      continue;
    }
    size_t take = 2;
    const int unit = CodeUnit(rest);
    if (unit >= 0) take = kEscapeLength;
    if (IsHigh(unit) && IsLow(CodeUnit(rest.substr(kEscapeLength)))) take = 2 * kEscapeLength;
    if ((IsHigh(unit) && take == kEscapeLength) || IsLow(unit)) {
      out += "\\ufffd";
    } else {
      out.append(rest.substr(0, take));
    }
    rest.remove_prefix(take);
  }
  return out;
}

simdjson::error_code JsonReader::Parse(std::string_view text, simdjson::dom::element* root) {
  simdjson::error_code error = parser_.parse(text.data(), text.size()).get(*root);
  if (error == simdjson::STRING_ERROR || error == simdjson::UTF8_ERROR) {
    const std::string repaired = RepairJsonText(text);
    error = parser_.parse(repaired).get(*root);
  }
  return error;
}

}  // namespace genwatch::ollama_sim

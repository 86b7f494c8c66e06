#include "tests/ollama_sim/json_writer.h"

#include <cstdio>

#include "tests/ollama_sim/utf8.h"

namespace genwatch::ollama_sim {
namespace {

void AppendEscape(uint32_t unit, std::string* out) {
  char text[16];
  std::snprintf(text, sizeof(text), "\\u%04x", unit);
  *out += text;
}

bool AppendShortEscape(uint32_t value, std::string* out) {
  switch (value) {
    case '"':
      *out += "\\\"";
      return true;
    case '\\':
      *out += "\\\\";
      return true;
    case '\b':
      *out += "\\b";
      return true;
    case '\f':
      *out += "\\f";
      return true;
    case '\n':
      *out += "\\n";
      return true;
    case '\r':
      *out += "\\r";
      return true;
    case '\t':
      *out += "\\t";
      return true;
    default:
      return false;
  }
}

bool NeedsEscape(uint32_t value, JsonEscapes escapes) {
  if (value < 0x20 || IsSurrogate(value)) return true;
  if (escapes == JsonEscapes::kAscii) return value > 0x7E;
  return value == '<' || value == '>' || value == '&' || value == 0x2028 || value == 0x2029;
}

// Most of all text: it stands for itself, whatever the escapes.
bool IsPlain(char c) {
  return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

}  // namespace

void AppendJsonString(std::string_view text, JsonEscapes escapes, std::string* out) {
  out->push_back('"');
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && IsPlain(text[plain])) ++plain;
    out->append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const CodePoint point = ReadCodePoint(text);
    if (AppendShortEscape(point.value, out)) {
      // done
    } else if (!point.valid) {
      *out += "\\ufffd";
    } else if (!NeedsEscape(point.value, escapes)) {
      out->append(text.substr(0, point.bytes));
    } else if (point.value >= 0x10000) {
      AppendEscape(0xD800 + ((point.value - 0x10000) >> 10), out);
      AppendEscape(0xDC00 + ((point.value - 0x10000) & 0x3FF), out);
    } else {
      AppendEscape(point.value, out);
    }
    text.remove_prefix(point.bytes);
  }
  out->push_back('"');
}

void JsonObject::Key(std::string_view key) {
  if (!first_) out_->push_back(',');
  first_ = false;
  out_->push_back('"');
  out_->append(key);
  out_->append("\":");
}

JsonObject& JsonObject::Text(std::string_view key, std::string_view value) {
  Key(key);
  AppendJsonString(value, escapes_, out_);
  return *this;
}

JsonObject& JsonObject::Raw(std::string_view key, std::string_view json) {
  Key(key);
  out_->append(json);
  return *this;
}

std::string ErrorJson(std::string_view message) {
  std::string out;
  JsonObject(&out).Text("error", message).Close();
  return out;
}

}  // namespace genwatch::ollama_sim

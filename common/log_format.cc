#include "common/log_format.h"

#include <cmath>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status.h"
#include "common/utf8.h"

namespace genwatch {
namespace {

const char* Severity(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARNING";
    case LogLevel::kError:
      return "ERROR";
  }
  return "ERROR";
}

// C0, DEL, C1 (which terminals obey as well), and the two separators that some readers of lines
// take for the end of one. `text` is valid UTF-8.
size_t ControlBytes(std::string_view text) {
  const auto first = static_cast<uint8_t>(text[0]);
  if (first < 0x20 || first == 0x7F) return 1;
  if (first == 0xC2 && static_cast<uint8_t>(text[1]) < 0xA0) return 2;
  if (text.substr(0, 3) == "\xE2\x80\xA8" || text.substr(0, 3) == "\xE2\x80\xA9") return 3;
  return 0;
}

uint32_t CodePoint(std::string_view character) {
  if (character.size() == 1) return static_cast<uint8_t>(character[0]);
  if (character.size() == 2) return static_cast<uint8_t>(character[1]);  // C1: U+0080 to U+009F
  return 0x2000u | (static_cast<uint8_t>(character[2]) & 0x3Fu);         // U+2028, U+2029
}

// Escapes as JSON strings have them, which text lines use as well; there, outside of quotes, `"`
// and
// `\` stay as they are.
void AppendEscaped(std::string& out, std::string_view text, bool quoted = true) {
  const std::string valid = ReplaceInvalidUtf8(text);
  std::string_view rest = valid;
  while (!rest.empty()) {
    if (const size_t bytes = ControlBytes(rest); bytes > 0) {
      switch (rest[0]) {
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        default:
          absl::StrAppendFormat(&out, "\\u%04x", CodePoint(rest.substr(0, bytes)));
      }
      rest.remove_prefix(bytes);
      continue;
    }
    if (quoted && (rest[0] == '"' || rest[0] == '\\')) out += '\\';
    out += rest[0];
    rest.remove_prefix(1);
  }
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  AppendEscaped(out, text);
  out += '"';
}

bool IsPlainWord(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7F) return false;
  }
  return true;  // bytes above ASCII are negative, so not plain
}

std::string Number(double value) { return absl::StrFormat("%.12g", value); }

double Milliseconds(absl::Duration duration) {
  return std::round(absl::ToDoubleMicroseconds(duration)) / 1000;
}

std::string StatusText(const absl::Status& status) {
  std::string text = absl::StatusCodeToString(status.code());
  if (const std::string reason = ReasonOf(status); !reason.empty()) {
    absl::StrAppend(&text, " (", reason, ")");
  }
  if (!status.message().empty()) absl::StrAppend(&text, ": ", status.message());
  return text;
}

void AppendJsonNumber(std::string& out, double value) {
  if (std::isfinite(value)) {
    out += Number(value);
  } else {
    AppendQuoted(out, Number(value));  // JSON has no word for it
  }
}

struct JsonField {
  std::string& out;
  std::string_view key;

  void Key(std::string_view suffix = "") {
    out += ",\"";
    AppendEscaped(out, key);
    out.append(suffix).append("\":");
  }
  void operator()(bool value) {
    Key();
    out += value ? "true" : "false";
  }
  void operator()(int64_t value) {
    Key();
    absl::StrAppend(&out, value);
  }
  void operator()(uint64_t value) {
    Key();
    absl::StrAppend(&out, value);
  }
  void operator()(double value) {
    Key();
    AppendJsonNumber(out, value);
  }
  void operator()(std::string_view value) {
    Key();
    AppendQuoted(out, value);
  }
  void operator()(absl::Duration value) {
    Key("_ms");
    AppendJsonNumber(out, Milliseconds(value));
  }
  void operator()(const absl::Status& value) {
    Key();
    AppendQuoted(out, StatusText(value));
  }
};

struct TextField {
  std::string& out;
  std::string_view key;

  void Key(std::string_view suffix = "") {
    out += ' ';
    AppendEscaped(out, key);
    out.append(suffix).append("=");
  }
  void operator()(bool value) {
    Key();
    out += value ? "true" : "false";
  }
  void operator()(int64_t value) {
    Key();
    absl::StrAppend(&out, value);
  }
  void operator()(uint64_t value) {
    Key();
    absl::StrAppend(&out, value);
  }
  void operator()(double value) {
    Key();
    out += Number(value);
  }
  void operator()(std::string_view value) {
    Key();
    if (IsPlainWord(value)) {
      out += value;
    } else {
      AppendQuoted(out, value);
    }
  }
  void operator()(absl::Duration value) {
    Key();
    out += absl::FormatDuration(value);
  }
  void operator()(const absl::Status& value) { (*this)(std::string_view(StatusText(value))); }
};

}  // namespace

std::string FormatJson(absl::Time time, LogLevel level, std::string_view service,
                       std::string_view message, absl::Span<const LogField> fields) {
  std::string line =
      absl::FormatTime("{\"ts\":\"%Y-%m-%dT%H:%M:%E3SZ\"", time, absl::UTCTimeZone());
  absl::StrAppend(&line, ",\"severity\":\"", Severity(level), "\",\"service\":");
  AppendQuoted(line, service);
  line += ",\"msg\":";
  AppendQuoted(line, message);
  for (const LogField& field : fields) std::visit(JsonField{line, field.key()}, field.value());
  line += '}';
  return line;
}

std::string FormatText(absl::Time time, LogLevel level, std::string_view message,
                       absl::Span<const LogField> fields) {
  std::string line = absl::FormatTime("%H:%M:%E3S ", time, absl::LocalTimeZone());
  absl::StrAppendFormat(&line, "%-7s ", Severity(level));
  AppendEscaped(line, message, /*quoted=*/false);
  if (!fields.empty()) line += ' ';
  for (const LogField& field : fields) std::visit(TextField{line, field.key()}, field.value());
  return line;
}

}  // namespace genwatch

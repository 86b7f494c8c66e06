#include "generation_service/answer_line.h"

#include <simdjson.h>

#include <cmath>
#include <utility>

#include "generation_service/json_repair.h"

namespace genwatch {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// Lines are some 100 bytes; the rare larger one (a long `context`) must not pin its memory.
constexpr size_t kKeptBufferBytes = 64 << 10;

std::string_view StringOf(const element& value) {
  std::string_view text;
  return value.get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

// Counts may be written as 42, 42.0 or 4.2e1.
std::optional<double> CountOf(const element& value) {
  double number;
  if (value.get_double().get(number) != simdjson::SUCCESS) return std::nullopt;
  if (!std::isfinite(number) || number < 0) return std::nullopt;
  return number;
}

// The wire has integer nanoseconds.
absl::Duration DurationOf(const element& value) {
  const std::optional<double> nanoseconds = CountOf(value);
  return nanoseconds.has_value() ? absl::Nanoseconds(*nanoseconds) : absl::ZeroDuration();
}

// {"error": "text"}, or {"error": {"message": "text"}} as some proxies have it.
std::string ErrorOf(const element& value) {
  object details;
  if (value.get_object().get(details) != simdjson::SUCCESS) return std::string(StringOf(value));
  element message;
  if (details.at_key("message").get(message) == simdjson::SUCCESS) {
    const std::string_view text = StringOf(message);
    if (!text.empty()) return std::string(text);
  }
  return simdjson::minify(value);
}

void ReadMessage(const element& value, AnswerLine& line) {
  object message;
  if (value.get_object().get(message) != simdjson::SUCCESS) return;
  for (const auto& [key, field] : message) {
    if (key == "content") line.answer = StringOf(field);
    if (key == "thinking") line.thinking = StringOf(field);
  }
}

AnswerLine ReadObject(const object& fields) {
  AnswerLine line;
  for (const auto& [key, value] : fields) {
    if (key == "response") {
      line.answer = StringOf(value);
    } else if (key == "thinking") {
      line.thinking = StringOf(value);
    } else if (key == "message") {
      ReadMessage(value, line);
    } else if (key == "done") {
      bool done;
      line.done = value.get_bool().get(done) == simdjson::SUCCESS && done;
    } else if (key == "error") {
      line.error = ErrorOf(value);
    } else if (key == "done_reason") {
      line.statistics.done_reason = std::string(StringOf(value));
    } else if (key == "prompt_eval_count") {
      line.statistics.prompt_tokens = CountOf(value);
    } else if (key == "eval_count") {
      line.statistics.completion_tokens = CountOf(value);
    } else if (key == "total_duration") {
      line.statistics.total = DurationOf(value);
    } else if (key == "load_duration") {
      line.statistics.load = DurationOf(value);
    } else if (key == "prompt_eval_duration") {
      line.statistics.prompt_eval = DurationOf(value);
    } else if (key == "eval_duration") {
      line.statistics.eval = DurationOf(value);
    }
  }
  return line;
}

bool MayBeRepaired(simdjson::error_code error) {
  return error == simdjson::STRING_ERROR || error == simdjson::UTF8_ERROR ||
         error == simdjson::NUMBER_ERROR;
}

}  // namespace

struct AnswerLineReader::Impl {
  simdjson::dom::parser parser;
  std::string padded;  // the parser reads some bytes past the end of its input

  simdjson::error_code Parse(std::string_view line, object& fields) {
    padded.assign(line);
    padded.append(simdjson::SIMDJSON_PADDING, ' ');
    element root;
    if (const auto error = parser.parse(padded.data(), line.size(), false).get(root)) return error;
    return root.get_object().get(fields);
  }
};

AnswerLineReader::AnswerLineReader() : impl_(std::make_unique<Impl>()) {}
AnswerLineReader::~AnswerLineReader() = default;
AnswerLineReader::AnswerLineReader(AnswerLineReader&&) noexcept = default;
AnswerLineReader& AnswerLineReader::operator=(AnswerLineReader&&) noexcept = default;

std::optional<AnswerLine> AnswerLineReader::Read(std::string_view line) {
  if (impl_->padded.capacity() > kKeptBufferBytes && line.size() <= kKeptBufferBytes) {
    impl_ = std::make_unique<Impl>();
  }
  object fields;
  simdjson::error_code error = impl_->Parse(line, fields);
  if (MayBeRepaired(error)) error = impl_->Parse(RepairJson(line), fields);
  if (error != simdjson::SUCCESS) return std::nullopt;
  return ReadObject(fields);
}

}  // namespace genwatch

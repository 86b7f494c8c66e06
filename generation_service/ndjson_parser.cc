#include "generation_service/ndjson_parser.h"

#include <optional>
#include <utility>

namespace genwatch {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\r";

std::string_view Trim(std::string_view line) {
  const size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

NdjsonParser::NdjsonParser(size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

void NdjsonParser::Feed(std::string_view bytes, Sink sink) {
  while (state_ == State::kReading && !bytes.empty()) {
    const size_t newline = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, newline);
    if (partial_.size() + piece.size() > max_line_bytes_) {
      state_ = State::kFailed;
      partial_ = std::string();
      sink(AnswerMalformed{AnswerMalformed::Kind::kLineTooLong});
      return;
    }
    if (newline == std::string_view::npos) {
      partial_.append(piece);
      return;
    }
    bytes.remove_prefix(newline + 1);
    if (partial_.empty()) {
      TakeLine(piece, /*complete=*/true, sink);
    } else {
      partial_.append(piece);
      TakeLine(std::exchange(partial_, {}), /*complete=*/true, sink);
    }
  }
}

void NdjsonParser::Finish(Sink sink) {
  if (state_ == State::kReading) TakeLine(std::exchange(partial_, {}), /*complete=*/false, sink);
}

void NdjsonParser::TakeLine(std::string_view line, bool complete, Sink sink) {
  if (std::exchange(at_start_, false) && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  line = Trim(line);
  if (line.empty()) return;
  const std::optional<AnswerLine> parsed = reader_.Read(line);
  if (!parsed.has_value()) {
    if (!complete) return;
    state_ = State::kFailed;
    sink(AnswerMalformed{AnswerMalformed::Kind::kNotJson});
    return;
  }
  if (!parsed->error.empty()) {
    state_ = State::kFailed;
    sink(AnswerError{parsed->error});
    return;
  }
  // The final object may carry text that the server had held back.
  if (!parsed->done || !parsed->answer.empty() || !parsed->thinking.empty()) {
    sink(AnswerText{parsed->answer, parsed->thinking});
  }
  if (parsed->done) {
    state_ = State::kDone;
    sink(AnswerDone{parsed->statistics});
  }
}

}  // namespace genwatch

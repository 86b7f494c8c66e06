#ifndef GENWATCH_GENERATION_SERVICE_ANSWER_LINE_H_
#define GENWATCH_GENERATION_SERVICE_ANSWER_LINE_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "generation_service/answer_event.h"

namespace genwatch {

// One object of an answer, of /api/generate or /api/chat. What is absent, null or of another type
// than it should be is empty.
struct AnswerLine {
  std::string_view answer;
  std::string_view thinking;
  bool done = false;
  std::string error;  // not empty: the server reports a failure
  AnswerStatistics statistics;
};

// Reads such objects. Strings with lone surrogates, invalid UTF-8 and integers of any size are
// taken, as the reference decoders do it. Not thread-safe. Keeps a buffer for the next line, but
// not a large one.
class AnswerLineReader {
 public:
  AnswerLineReader();
  ~AnswerLineReader();
  AnswerLineReader(AnswerLineReader&&) noexcept;
  AnswerLineReader& operator=(AnswerLineReader&&) noexcept;

  // nullopt: it is not one JSON object. The views live until the next call.
  std::optional<AnswerLine> Read(std::string_view line);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_ANSWER_LINE_H_

#ifndef GENWATCH_GENERATION_SERVICE_NDJSON_PARSER_H_
#define GENWATCH_GENERATION_SERVICE_NDJSON_PARSER_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "generation_service/answer_event.h"
#include "generation_service/answer_line.h"

namespace genwatch {

// Reads the body of a model server's answer: JSON objects, one a line, of /api/generate or
// /api/chat, or a single object (stream:false). It is fed with pieces cut anywhere, also inside a
// character, an escape or a line end, and yields the same events however they were cut.
//
// A body is complete if and only if AnswerDone was seen (state kDone): servers close a stream
// cleanly without it when something went wrong. A byte order mark at the start, blank lines and CR
// before LF mean nothing. No I/O. Not thread-safe; must not be destroyed by its sink.
class NdjsonParser {
 public:
  enum class State {
    kReading,
    kDone,    // AnswerDone was yielded
    kFailed,  // AnswerError or AnswerMalformed was yielded
  };
  using Sink = absl::FunctionRef<void(const AnswerEvent&)>;

  // A final line may hold the numbers of all tokens of the context, about 6 bytes each: 16 MiB is
  // twice what the reference client takes.
  static constexpr size_t kMaxLineBytes = 16 << 20;

  explicit NdjsonParser(size_t max_line_bytes = kMaxLineBytes);

  // The next piece of the body. After kDone or kFailed it is ignored.
  void Feed(std::string_view bytes, Sink sink);

  // The body has ended. A last line without newline counts if it is complete; a piece of one is
  // dropped.
  void Finish(Sink sink);

  State state() const { return state_; }

 private:
  void TakeLine(std::string_view line, bool complete, Sink sink);

  const size_t max_line_bytes_;
  State state_ = State::kReading;
  bool at_start_ = true;
  std::string partial_;  // the beginning of a line whose end has not come
  AnswerLineReader reader_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_NDJSON_PARSER_H_

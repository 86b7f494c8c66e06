#ifndef GENWATCH_GENERATION_SERVICE_ANSWER_EVENT_H_
#define GENWATCH_GENERATION_SERVICE_ANSWER_EVENT_H_

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/time/time.h"

namespace genwatch {

// What a model server's answer says, event by event. Plain data; string_views live as long as the
// call that hands the event over.

// New text, valid UTF-8, cut at character borders. Either may be empty; both empty is a chunk
// without text (held back by the server, or a role announcement).
struct AnswerText {
  std::string_view answer;
  std::string_view thinking;
};

// The model's own numbers. The server leaves zeros out, so an absent count is unknown, not 0, and a
// zero duration is unknown as well.
struct AnswerStatistics {
  std::string done_reason;  // stop, length, load, unload, or a new word; empty where absent
  std::optional<double> prompt_tokens;
  std::optional<double> completion_tokens;  // thinking included
  absl::Duration total;
  absl::Duration load;
  absl::Duration prompt_eval;
  absl::Duration eval;
};

// The object with done:true. Nothing follows.
struct AnswerDone {
  AnswerStatistics statistics;
};

// The server reported a failure inside the stream, in its own words. Nothing follows.
struct AnswerError {
  std::string text;
};

// What came is no answer. Nothing follows.
struct AnswerMalformed {
  enum class Kind { kNotJson, kLineTooLong };
  Kind kind;
};

using AnswerEvent = std::variant<AnswerText, AnswerDone, AnswerError, AnswerMalformed>;

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_ANSWER_EVENT_H_

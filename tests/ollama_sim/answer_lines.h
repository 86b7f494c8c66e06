#ifndef GENWATCH_TESTS_OLLAMA_SIM_ANSWER_LINES_H_
#define GENWATCH_TESTS_OLLAMA_SIM_ANSWER_LINES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/ollama_sim/answer.h"
#include "tests/ollama_sim/api_request.h"
#include "tests/ollama_sim/directive.h"

namespace genwatch::ollama_sim {

// The numbers of a done object. 0 means absent, as with Go's omitempty.
struct Statistics {
  int64_t total_ns = 0;
  int64_t load_ns = 0;
  int prompt_eval_count = 0;
  int64_t prompt_eval_ns = 0;
  int eval_count = 0;
  int64_t eval_ns = 0;
};

class SseLines;

// Writes the JSON objects of one answer, with the oddities that a directive asks for.
class AnswerLines {
 public:
  AnswerLines(const ApiRequest& request, std::string_view model, const Directive& directive)
      : api_(request.api),
        dialect_(request.dialect),
        include_usage_(request.include_usage),
        model_(model),
        directive_(directive) {}

  // An object with done:false. `padding` adds an unknown field of so many bytes.
  std::string ChunkLine(const Chunk& chunk, int64_t wall_ns, int64_t padding = 0) const;
  // The object with done:true, which carries `last` (usually empty) as well.
  std::string DoneLine(const Chunk& last, std::string_view done_reason,
                       const Statistics& statistics, int context_ints, int64_t wall_ns) const;
  // The answer as one object, for requests that don't stream.
  std::string WholeLine(const Chunk& whole, std::string_view done_reason,
                        const Statistics& statistics, int64_t wall_ns) const;
  std::string ErrorLine(std::string_view text) const;
  // What follows an object.
  std::string_view LineEnd() const {
    if (dialect_ != Dialect::kOllama) return directive_.crlf ? "\r\n\r\n" : "\n\n";
    return directive_.crlf ? "\r\n" : "\n";
  }

 private:
  SseLines Sse() const;
  std::string Object(const Chunk& chunk, bool done, std::string_view done_reason,
                     const Statistics* statistics, int context_ints, int64_t wall_ns,
                     int64_t padding) const;

  const Api api_;
  const Dialect dialect_;
  const bool include_usage_;
  const std::string model_;
  const Directive& directive_;
};

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_ANSWER_LINES_H_

#ifndef GENWATCH_TESTS_OLLAMA_SIM_SSE_LINES_H_
#define GENWATCH_TESTS_OLLAMA_SIM_SSE_LINES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/ollama_sim/answer.h"
#include "tests/ollama_sim/answer_lines.h"
#include "tests/ollama_sim/json_writer.h"

namespace genwatch::ollama_sim {

// The same answers as server-sent events: of OpenAI's chat route, which Ollama and others offer,
// and of the native completion route of llama.cpp's server. Each function gives one event or
// several, without the empty line behind the last one.
class SseLines {
 public:
  SseLines(Dialect dialect, std::string_view model, bool include_usage, JsonEscapes escapes)
      : dialect_(dialect), model_(model), include_usage_(include_usage), escapes_(escapes) {}

  std::string Chunk(const Chunk& chunk, int64_t wall_ns) const;
  // What ends the stream: `last` (usually empty), the reason, the numbers.
  std::string End(const ollama_sim::Chunk& last, std::string_view done_reason,
                  const Statistics& statistics, int64_t wall_ns) const;
  // The answer that is not streamed: one JSON object, no event.
  std::string Whole(const ollama_sim::Chunk& whole, std::string_view done_reason,
                    const Statistics& statistics, int64_t wall_ns) const;

 private:
  std::string OpenAiEvent(std::string_view choices, std::string_view usage, int64_t wall_ns) const;
  std::string Delta(const ollama_sim::Chunk& chunk, bool whole) const;
  std::string LlamaCppObject(const ollama_sim::Chunk& chunk, bool stop,
                             std::string_view done_reason, const Statistics* statistics) const;

  const Dialect dialect_;
  const std::string model_;
  const bool include_usage_;
  const JsonEscapes escapes_;
};

// The body of a failure in these two dialects.
std::string NestedErrorJson(Dialect dialect, int status, std::string_view message);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_SSE_LINES_H_

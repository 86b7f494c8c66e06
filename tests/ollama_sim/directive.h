#ifndef GENWATCH_TESTS_OLLAMA_SIM_DIRECTIVE_H_
#define GENWATCH_TESTS_OLLAMA_SIM_DIRECTIVE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/ollama_sim/length_models.h"
#include "tests/ollama_sim/prefill.h"

namespace genwatch::ollama_sim {

// What ends or stops an answer before its regular end.
enum class Fault {
  kNone,
  kStallBefore,  // silence for ever, not even a status line
  kStallAfter,   // silence for ever after n chunks
  kErrorLine,    // {"error":...} after n chunks, then a clean end
  kEofAfter,     // a clean end after n chunks, without the done object
  kRstAfter,     // n chunks and half a line, then a TCP reset
  kRstBefore,    // a TCP reset instead of a status line
  kFinMidChunk,  // n chunks and half a chunk, then FIN without the chunk's rest
  kMalformed,    // a line that is not JSON after n chunks; the answer then goes on
  kStatus,       // an HTTP status other than 200 instead of the answer
};

// How the body's end is marked.
enum class Framing { kChunked, kContentLength, kUntilClose };

enum class Encoding { kIdentity, kGzip, kDeflate };

// What a client gets when it uses the connection once more.
enum class AfterAnswer {
  kKeepAlive,
  kAnnouncedClose,  // "Connection: close", then closed
  kSilentClose,     // closed right after the answer, unannounced
  kCloseOnReuse,    // closed when the next request arrives, unanswered
};

// Orders to the simulator about one answer, given in the prompt as `[[sim: key=value key ...]]`,
// because a prompt is what passes through every product. README.md lists the keys.
struct Directive {
  // What is said.
  std::optional<int> tokens;               // exactly so many tokens of text
  const LengthModel* lengths = nullptr;    // as many tokens of text as this one draws
  std::optional<int> thinking_tokens;      // exactly so many tokens of thinking
  std::optional<std::string> text;         // this very text
  bool echo = false;                       // the prompt itself, without the directive
  bool no_text = false;                    // thinking only
  std::optional<std::string> done_reason;  // "none": absent
  enum class ToolCalls { kNone, kMiddle, kFinal } tool_calls = ToolCalls::kNone;
  std::optional<int> context_ints;  // length of `context` in the done object
  bool final_text = false;          // the last chunk's text comes in the done object
  enum class Statistics { kAll, kNone, kNoPromptCount, kZero, kHuge } statistics = Statistics::kAll;
  std::vector<std::string> specials;  // each an extra chunk with difficult text
  int64_t big_text = 0;               // one more chunk with so many letters
  std::optional<Prefill> prefill;     // instead of the model's way

  // When.
  std::optional<double> rate;  // tokens per second, as given: --speed does not apply
  int burst = 1;               // tokens that arrive together
  std::optional<int64_t> load_ms;
  std::optional<int64_t> prompt_ms;

  // How it is written.
  int split_bytes = 0;    // 0: whole; else so many bytes per send
  int64_t split_us = 50;  // pause between those sends
  int join = 1;           // so many lines in one send; 0: all of them
  bool ascii = false;     // every character above U+007E as an escape
  bool unknown = false;   // unknown fields, also such that are named like known ones inside
  bool nulls = false;     // optional fields present as null
  bool floats = false;    // numbers as floats, 1e9
  bool crlf = false;
  bool empty_lines = false;
  bool bom = false;
  bool trailing = false;     // bytes behind the done object
  bool second_done = false;  // one more done object
  int64_t huge = 0;          // one line is longer by so many bytes (an unknown field)
  bool unstreamed = false;   // the one object of stream:false, whatever was asked
  Framing framing = Framing::kChunked;
  Encoding encoding = Encoding::kIdentity;
  AfterAnswer after_answer = AfterAnswer::kKeepAlive;
  std::optional<std::string> content_type;

  // How it fails.
  Fault fault = Fault::kNone;
  int after = 0;                          // chunks before the fault
  int status = 0;                         // of kStatus
  std::optional<std::string> error_text;  // for kErrorLine and kStatus, instead of the usual text
  std::optional<int> retry_after_s;       // with status 503, and 429, which has it always
  bool wedge = false;                     // when the client goes away, the model's slot stays taken
  // The fault and everything of "how it is written" apply only to so many requests of the prompt.
  std::optional<int> fail_first;

  // This directive for a request that came after the `fail_first` ones.
  Directive WithoutFault() const;
};

struct PromptParts {
  std::string prompt;  // without the directives
  Directive directive;
  std::string error;  // not empty: a directive can't be understood
};

// Takes all directives out of `prompt`; where one key is given twice, the last one counts.
PromptParts TakeDirective(std::string_view prompt);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_DIRECTIVE_H_

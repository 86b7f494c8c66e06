// What Ollama, and what stands before it, is known to do, and what a client has to make of it:
//
// - a refused or broken connection before the answer, 429, 502, 503 and 504 pass: the same job
//   again, after a pause, which is at least what Retry-After asks for;
// - out of memory, a died runner and what is no answer at all deserve one more try;
// - other 4xx and redirects would be the same the next time: for good, with a readable reason;
// - an error line, an end without done:true, silence, and a broken connection in the midst of an
//   answer pass, and the text so far is kept and gone on with;
// - whatever else is odd, but says all of a text and done:true, is an answer.
//
// Written by hand from that, not from the worker's code.

#include "tests/chaos/scenarios/ollama_fault_table.h"

namespace genwatch::chaos {
namespace {

// So that the jobs are short, but longer than what comes before a fault.
constexpr char kSay[] = " tokens=40 rate=300";
// A thinking model says so.
constexpr char kThink[] = " thinking=30 tokens=30 rate=300";
constexpr char kThinker[] = "sim-thinker:8b";

std::string Say(const std::string& orders) { return orders + kSay; }
// Only the first request is met by the fault.
std::string Once(const std::string& orders) { return orders + " fail_first=1" + kSay; }

// Answers that are odd, but whole.
void AddOddAnswers(std::vector<OllamaFault>& faults) {
  const std::vector<OllamaFault> odd = {
      {.name = "tokens in bursts of five", .orders = "tokens=60 rate=300 burst=5"},
      {.name = "a slow load",
       .orders = "load_ms=1500 tokens=20 rate=300",
       .model = "sim-medium:8b"},
      {.name = "a long evaluation of the prompt", .orders = Say("prompt_ms=1500")},
      {.name = "thinking and then text", .orders = kThink, .model = kThinker},
      {.name = "thinking only", .orders = "thinking=30 no_text rate=300", .model = kThinker},
      {.name = "a tool call in the last object", .orders = Say("tool_calls=final")},
      {.name = "a tool call in the middle", .orders = Say("tool_calls=middle")},
      {.name = "a last object with text", .orders = Say("final_text")},
      {.name = "a last object with 200,000 numbers", .orders = Say("context=200000")},
      {.name = "an end by length", .orders = Say("done_reason=length")},
      {.name = "an end for no reason", .orders = Say("done_reason=none")},
      {.name = "an end for a new reason", .orders = Say("done_reason=repeat")},
      {.name = "no statistics", .orders = Say("stats=none")},
      {.name = "no count of the prompt", .orders = Say("stats=no_prompt_count")},
      {.name = "statistics of 0", .orders = Say("stats=zero")},
      {.name = "durations above 2^53", .orders = Say("stats=huge")},
      {.name = "one byte for each write", .orders = "split=1 tokens=15 rate=300"},
      // For longer than the job's limit of silence, but never silent.
      {.name = "a slow drip",
       .orders = "split=1 split_us=3000 tokens=4 rate=300",
       .silence_ms = 1000},
      {.name = "all lines in one segment", .orders = Say("join=0")},
      {.name = "characters, escapes and CRLF cut",
       .orders = "ascii crlf split=3 text=\"caf\\u00e9 \\u65e5\\u672c 😀 <b>\""},
      {.name = "a line of 1 MB", .orders = Say("huge=1000000")},
      {.name = "a line of 9 MB", .orders = Say("huge=9000000")},
      {.name = "empty lines", .orders = Say("empty_lines")},
      {.name = "a byte order mark", .orders = Say("bom")},
      {.name = "bytes behind the end", .orders = Say("trailing")},
      {.name = "a second end", .orders = Say("second_done")},
      {.name = "unknown fields, nulls and floats", .orders = Say("unknown nulls floats")},
      {.name = "a pair of surrogates", .orders = Say("surrogate_pair ascii")},
      {.name = "half a pair of surrogates", .orders = Say("lone_surrogate")},
      {.name = "a line separator", .orders = Say("u2028")},
      {.name = "gzip", .orders = Say("gzip")},
      {.name = "deflate", .orders = Say("deflate")},
      {.name = "one object instead of a stream", .orders = Say("unstreamed")},
      {.name = "a length instead of chunks", .orders = Say("content_length")},
      {.name = "HTTP/1.0 until the connection's end", .orders = Say("http10")},
      {.name = "text/plain", .orders = Say("content_type=text/plain")},
      {.name = "text/event-stream", .orders = Say("content_type=text/event-stream")},
  };
  faults.insert(faults.end(), odd.begin(), odd.end());
}

// Refusals before the first chunk.
void AddStatuses(std::vector<OllamaFault>& faults) {
  const std::vector<OllamaFault> statuses = {
      {.name = "400, a missing capability",
       .orders = Say("status=400"),
       .attempts = "permanent CAPABILITY_MISSING",
       .text = KeptText::kNone},
      {.name = "400, a prompt that is too long",
       .orders = Say("status=400 error_text=\"the prompt is longer than the context length "
                     "currently available to the model\""),
       .attempts = "permanent PROMPT_TOO_LONG",
       .text = KeptText::kNone},
      {.name = "400, an option of the wrong type",
       .orders = Say("status=400 error_text=\"option temperature must be of type float32\""),
       .attempts = "permanent BAD_REQUEST",
       .text = KeptText::kNone},
      {.name = "401 with a place to sign in",
       .orders = Say("status=401"),
       .attempts = "permanent UNAUTHORIZED",
       .text = KeptText::kNone},
      {.name = "403 without a body",
       .orders = Say("status=403"),
       .attempts = "permanent FORBIDDEN",
       .text = KeptText::kNone},
      {.name = "404",
       .orders = Say("status=404"),
       .attempts = "permanent MODEL_NOT_FOUND",
       .text = KeptText::kNone},
      {.name = "301",
       .orders = Say("status=301"),
       .attempts = "permanent UNEXPECTED_STATUS",
       .text = KeptText::kNone},
      {.name = "307",
       .orders = Say("status=307"),
       .attempts = "permanent UNEXPECTED_STATUS",
       .text = KeptText::kNone},
      {.name = "429 with Retry-After",
       .orders = Once("status=429 retry_after=3"),
       .attempts = "passing RATE_LIMITED; completed",
       .pause_ms = 3000},
      {.name = "503, a full queue",
       .orders = Once("status=503"),
       .attempts = "passing MODEL_SERVER_BUSY; completed"},
      {.name = "503 again and again",
       .orders = Say("status=503"),
       .attempts = "passing MODEL_SERVER_BUSY; passing MODEL_SERVER_BUSY; "
                   "passing MODEL_SERVER_BUSY",
       .text = KeptText::kNone},
      {.name = "502 of a proxy",
       .orders = Once("status=502"),
       .attempts = "passing MODEL_SERVER_UNREACHABLE; completed"},
      {.name = "504 of a proxy",
       .orders = Once("status=504"),
       .attempts = "passing GATEWAY_TIMEOUT; completed"},
      {.name = "500, out of memory while loading",
       .orders = Once("status=500"),
       .attempts = "once_more OUT_OF_MEMORY; completed"},
      {.name = "500, out of memory each time",
       .orders = Say("status=500"),
       .attempts = "once_more OUT_OF_MEMORY; once_more OUT_OF_MEMORY",
       .text = KeptText::kNone},
      {.name = "500, a load that takes too long",
       .orders = Once("status=500 error_text=\"timed out waiting for llama-server to start - "
                      "progress 0.00 - \""),
       .attempts = "once_more MODEL_LOAD_TIMEOUT; completed"},
      {.name = "500, a runner that always dies",
       .orders = kSay,
       .attempts = "once_more RUNNER_DIED; once_more RUNNER_DIED",
       .model = "sim-broken:8b",
       .text = KeptText::kNone},
      {.name = "a reset instead of a status line",
       .orders = Once("rst_before"),
       .attempts = "passing CONNECTION_LOST; completed",
       // A kept connection may have died of age: the request is then sent once more at once.
       .other_attempts = "completed"},
      {.name = "silence instead of a status line",
       .orders = Once("stall_before"),
       .attempts = "passing FIRST_BYTE_TIMEOUT; completed",
       // Where an answer of the same model was broken off just before.
       .other_attempts = "passing MODEL_SERVER_WEDGED; completed",
       .limit_ms = kFirstByteTimeoutMs},
  };
  faults.insert(faults.end(), statuses.begin(), statuses.end());
}

// Answers that break in the middle.
void AddBrokenAnswers(std::vector<OllamaFault>& faults) {
  const std::vector<OllamaFault> broken = {
      {.name = "an error line",
       .orders = Once("error_line=10"),
       .attempts = "passing STREAM_ERROR; completed"},
      {.name = "an error line each time",
       .orders = Say("error_line=5"),
       .attempts = "passing STREAM_ERROR; passing STREAM_ERROR; passing STREAM_ERROR",
       .text = KeptText::kBeginning},
      {.name = "an error line, out of memory",
       .orders = Once("error_line=10 error_text=\"an error was encountered while running the "
                      "model: CUDA error: out of memory\""),
       .attempts = "once_more OUT_OF_MEMORY; completed"},
      {.name = "an error line, repeated tokens",
       .orders = Once("error_line=10 error_text=\"prediction aborted, token repeat limit "
                      "reached\""),
       .attempts = "once_more REPEATED_TOKENS; completed"},
      {.name = "an end without done",
       .orders = Once("eof_after=10"),
       .attempts = "passing STREAM_INCOMPLETE; completed"},
      {.name = "an end without anything",
       .orders = Once("eof_after=0"),
       .attempts = "passing STREAM_INCOMPLETE; completed"},
      {.name = "an end without done each time",
       .orders = Say("eof_after=5"),
       .attempts = "passing STREAM_INCOMPLETE; passing STREAM_INCOMPLETE; "
                   "passing STREAM_INCOMPLETE",
       .text = KeptText::kBeginning},
      {.name = "one whole object that is not done",
       .orders = Once("unstreamed eof_after=10"),
       .attempts = "passing STREAM_INCOMPLETE; completed"},
      {.name = "a reset in a line",
       .orders = Once("rst_after=10"),
       .attempts = "passing STREAM_BROKEN; completed"},
      {.name = "a reset in a line each time",
       .orders = Say("rst_after=5"),
       .attempts = "passing STREAM_BROKEN; passing STREAM_BROKEN; passing STREAM_BROKEN",
       .text = KeptText::kBeginning},
      {.name = "an end in a chunk",
       .orders = Once("fin_mid_chunk=10"),
       .attempts = "passing STREAM_BROKEN; completed"},
      {.name = "less than the announced length",
       .orders = Once("content_length fin_mid_chunk=10"),
       .attempts = "passing STREAM_BROKEN; completed"},
      {.name = "silence in an answer",
       .orders = Once("stall_after=10"),
       .attempts = "passing SILENCE_TIMEOUT; completed",
       .silence_ms = 1500,
       .limit_ms = 1500},
      {.name = "silence in the midst of thinking",
       .orders = std::string("stall_after=5 fail_first=1") + kThink,
       .attempts = "passing SILENCE_TIMEOUT; completed",
       .model = kThinker,
       .silence_ms = 1500,
       .limit_ms = 1500},
      {.name = "an answer that takes too long",
       .orders = "tokens=2000 rate=30",
       .attempts = "passing RUNNING_TIMEOUT; passing RUNNING_TIMEOUT; passing RUNNING_TIMEOUT",
       .text = KeptText::kBeginning,
       .running_ms = 2000,
       .limit_ms = 2000},
      {.name = "a line that is no JSON",
       .orders = Once("malformed=10"),
       .attempts = "once_more MALFORMED_ANSWER; completed"},
      {.name = "a line of 20 MB",
       .orders = Once("huge=20000000"),
       .attempts = "once_more MALFORMED_ANSWER; completed"},
  };
  faults.insert(faults.end(), broken.begin(), broken.end());
}

// What a model does with the part of its answer that it is given.
void AddContinuations(std::vector<OllamaFault>& faults) {
  constexpr char kBroken[] = "passing STREAM_INCOMPLETE; completed";
  const std::vector<OllamaFault> continuations = {
      {.name = "a model that goes on",
       .orders = Once("eof_after=10 prefill=continue"),
       .attempts = kBroken,
       .resumed = "CONTINUED"},
      {.name = "a model that begins anew",
       .orders = Once("eof_after=10"),
       .attempts = kBroken,
       .model = "sim-anew:8b",
       // Its new answer is the old one: told from an echo by nothing, and what follows is the rest.
       .resumed = "CONTINUED"},
      {.name = "a server that refuses to go on",
       .orders = Once("eof_after=10 prefill=refuse"),
       .attempts = kBroken,
       .resumed = "RESTARTED"},
      {.name = "a model that echoes",
       .orders = Once("eof_after=10 prefill=echo"),
       .attempts = kBroken},
      {.name = "a model that repeats its last word",
       .orders = Once("eof_after=10 prefill=overlap"),
       .attempts = kBroken},
      {.name = "a model that gives another answer",
       .orders = Once("eof_after=10 prefill=other"),
       .attempts = kBroken,
       .text = KeptText::kAny,
       .resumed = "RESTARTED"},
  };
  faults.insert(faults.end(), continuations.begin(), continuations.end());
}

// The context is the loaded model's: a request for another one waits until it is idle.
void AddContexts(std::vector<OllamaFault>& faults) {
  for (const uint32_t num_ctx : {2048u, 8192u}) {
    faults.push_back({.name = "a context of " + std::to_string(num_ctx),
                      .orders = kSay,
                      .model = "sim-loader:13b",
                      .num_ctx = num_ctx});
  }
}

}  // namespace

std::vector<OllamaFault> OllamaFaults() {
  std::vector<OllamaFault> faults;
  AddOddAnswers(faults);
  AddStatuses(faults);
  AddBrokenAnswers(faults);
  AddContinuations(faults);
  AddContexts(faults);
  return faults;
}

}  // namespace genwatch::chaos

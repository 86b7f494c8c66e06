#include "generation_service/fault.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/utf8.h"

namespace genwatch {
namespace {

// A server's own words are shown, but not a page of them.
constexpr size_t kMaxServerText = 300;

struct Verdict {
  v1::Outcome outcome;
  const char* reason;
  std::string what;    // what happened, without the final stop
  std::string advice;  // what to do; may be empty
  bool suspect_server = false;
};

// Words by which the server tells its failures apart; matched without regard to case.
struct KnownText {
  const char* words;
  v1::Outcome outcome;
  const char* reason;
  const char* what;
  const char* advice;
};

constexpr std::array kKnownTexts = {
    KnownText{"out of memory", v1::OUTCOME_ONCE_MORE, "OUT_OF_MEMORY",
              "The model server ran out of memory", "choose a smaller model or context"},
    KnownText{"out-of-memory", v1::OUTCOME_ONCE_MORE, "OUT_OF_MEMORY",
              "The model server ran out of memory", "choose a smaller model or context"},
    KnownText{"more system memory", v1::OUTCOME_ONCE_MORE, "OUT_OF_MEMORY",
              "The model server has too little memory", "choose a smaller model or context"},
    KnownText{"unexpectedly stopped", v1::OUTCOME_ONCE_MORE, "RUNNER_DIED",
              "The model's process died", "look into the model server's log"},
    KnownText{"process has terminated", v1::OUTCOME_ONCE_MORE, "RUNNER_DIED",
              "The model's process died", "look into the model server's log"},
    KnownText{"process no longer running", v1::OUTCOME_ONCE_MORE, "RUNNER_DIED",
              "The model's process died", "look into the model server's log"},
    KnownText{"timed out waiting for", v1::OUTCOME_ONCE_MORE, "MODEL_LOAD_TIMEOUT",
              "The model server could not load the model in its time",
              "raise its load timeout (OLLAMA_LOAD_TIMEOUT) or choose a smaller model"},
    KnownText{"token repeat limit", v1::OUTCOME_ONCE_MORE, "REPEATED_TOKENS",
              "The model repeated itself without end and was stopped",
              "change the prompt or the temperature"},
    KnownText{"does not support", v1::OUTCOME_PERMANENT, "CAPABILITY_MISSING",
              "The model lacks what the job asks for", "choose another model or option"},
    KnownText{"longer than the context", v1::OUTCOME_PERMANENT, "PROMPT_TOO_LONG",
              "The prompt is longer than the model's context", "shorten it or raise num_ctx"},
    KnownText{"exceed_context_size", v1::OUTCOME_PERMANENT, "PROMPT_TOO_LONG",
              "The prompt is longer than the model's context", "shorten it or raise num_ctx"},
};

// `words` are in lower case.
bool Says(const std::string& text, const char* words) {
  return absl::AsciiStrToLower(text).find(words) != std::string::npos;
}

// The text itself is added once, by MessageOf.
const KnownText* FindKnownText(const std::string& server_text) {
  for (const KnownText& known : kKnownTexts) {
    if (Says(server_text, known.words)) return &known;
  }
  return nullptr;
}

Verdict VerdictOfText(const KnownText& known) {
  return {known.outcome, known.reason, known.what, known.advice};
}

Verdict TransportVerdict(const Failure& failure, const FaultContext& context) {
  const std::string check = absl::StrCat("check that it runs at ", context.server_url);
  if (failure.transport == Failure::Transport::kBadEncoding) {
    return {v1::OUTCOME_ONCE_MORE, "MALFORMED_ANSWER", "The answer's compression is broken",
            "look at the proxies before the model server"};
  }
  if (failure.answer_started) {
    return {v1::OUTCOME_PASSING, "STREAM_BROKEN", "The connection broke in the midst of the answer",
            "", /*suspect_server=*/true};
  }
  switch (failure.transport) {
    case Failure::Transport::kTls:
      return {v1::OUTCOME_PASSING, "MODEL_SERVER_UNREACHABLE",
              "No secure connection to the model server could be made",
              "check its certificate and --ollama_url", true};
    case Failure::Transport::kReset:
    case Failure::Transport::kTruncated:
      return {v1::OUTCOME_PASSING, "CONNECTION_LOST",
              "The model server closed the connection before it answered", "", true};
    default:
      return {v1::OUTCOME_PASSING, "MODEL_SERVER_UNREACHABLE",
              "The model server could not be reached", check, true};
  }
}

Verdict StatusVerdict(const Failure& failure, const FaultContext& context) {
  const KnownText* known = FindKnownText(failure.server_text);
  const std::string status = absl::StrCat("HTTP ", failure.http_status);
  switch (failure.http_status) {
    case 401:
      return {v1::OUTCOME_PERMANENT, "UNAUTHORIZED", "The model server wants a sign-in",
              "give its token in --ollama_header_file"};
    case 403:
      return {v1::OUTCOME_PERMANENT, "FORBIDDEN", "The model server refuses this caller",
              "check its allowed hosts and the token"};
    case 404:
      if (failure.server_text.empty()) {
        return {v1::OUTCOME_PERMANENT, "NOT_A_MODEL_SERVER",
                absl::StrCat("There is no Ollama at ", context.server_url), "check --ollama_url"};
      }
      return {v1::OUTCOME_PERMANENT, "MODEL_NOT_FOUND",
              absl::StrCat("The model server has no model '", context.model, "'"),
              absl::StrCat("pull it there (ollama pull ", context.model, ") or choose another")};
    case 408:
    case 425:
    case 499:
    case 503:
      return {v1::OUTCOME_PASSING, "MODEL_SERVER_BUSY", "The model server is busy", "", true};
    case 429:
      return {v1::OUTCOME_PASSING, "RATE_LIMITED", "The model server limits the rate of requests",
              "", true};
    case 500:
      if (known != nullptr) return VerdictOfText(*known);
      return {v1::OUTCOME_ONCE_MORE, "MODEL_SERVER_ERROR", "The model server failed",
              "look into its log"};
    case 502:
      return {v1::OUTCOME_PASSING, "MODEL_SERVER_UNREACHABLE",
              "A proxy could not reach the model server", "check that it runs", true};
    case 504:
      return {v1::OUTCOME_PASSING, "GATEWAY_TIMEOUT",
              "A proxy did not wait for the model server's answer",
              "raise the proxy's timeout above the time that loading the model takes", true};
    default:
      break;
  }
  if (failure.http_status >= 520) {  // what proxies say of a server that they can't talk to
    return {v1::OUTCOME_PASSING, "MODEL_SERVER_UNREACHABLE",
            absl::StrCat("A proxy could not reach the model server (", status, ")"), "", true};
  }
  if (failure.http_status >= 400 && failure.http_status < 500) {
    if (Says(failure.server_text, "model is required")) {
      return {v1::OUTCOME_PERMANENT, "MODEL_NOT_FOUND",
              absl::StrCat("'", context.model, "' is no name of a model"), "choose another model"};
    }
    if (known != nullptr && known->outcome == v1::OUTCOME_PERMANENT) return VerdictOfText(*known);
    return {v1::OUTCOME_PERMANENT, "BAD_REQUEST",
            absl::StrCat("The model server refuses the request (", status, ")"),
            "change the job's options"};
  }
  if (failure.http_status >= 300 && failure.http_status < 400) {
    return {v1::OUTCOME_PERMANENT, "UNEXPECTED_STATUS",
            absl::StrCat("The model server redirects elsewhere (", status, ")"),
            "set --ollama_url to the final address"};
  }
  return {v1::OUTCOME_PERMANENT, "UNEXPECTED_STATUS",
          absl::StrCat("The model server answered ", status), "check --ollama_url"};
}

Verdict ErrorLineVerdict(const Failure& failure) {
  if (const KnownText* known = FindKnownText(failure.server_text)) return VerdictOfText(*known);
  return {v1::OUTCOME_PASSING, "STREAM_ERROR", "The model server reported an error in its answer",
          ""};
}

Verdict VerdictOf(const Failure& failure, const FaultContext& context) {
  switch (failure.kind) {
    case Failure::Kind::kTransport:
      return TransportVerdict(failure, context);
    case Failure::Kind::kStatus:
      return StatusVerdict(failure, context);
    case Failure::Kind::kErrorLine:
      return ErrorLineVerdict(failure);
    case Failure::Kind::kIncomplete:
      return {v1::OUTCOME_PASSING, "STREAM_INCOMPLETE",
              "The model server ended its answer without saying that it was done", ""};
    case Failure::Kind::kNotJson:
      return {v1::OUTCOME_ONCE_MORE, "MALFORMED_ANSWER",
              "What the model server sent is no answer of an Ollama",
              "check --ollama_url and the proxies before it"};
    case Failure::Kind::kLineTooLong:
      return {v1::OUTCOME_ONCE_MORE, "MALFORMED_ANSWER",
              "The model server sent a line that is too long to be an answer", ""};
    case Failure::Kind::kFirstByteTimeout:
      if (context.after_break) {
        return {
            v1::OUTCOME_PASSING, "MODEL_SERVER_WEDGED",
            absl::StrCat("The model server was silent for ", absl::FormatDuration(failure.limit),
                         " after an answer of this model was broken off, and was asked to "
                         "unload the model"),
            "if it happens again, restart the model server", true};
      }
      return {v1::OUTCOME_PASSING, "FIRST_BYTE_TIMEOUT",
              absl::StrCat("The model server was silent for ", absl::FormatDuration(failure.limit)),
              "if its models load slowly, raise --first_byte_timeout", true};
    case Failure::Kind::kSilenceTimeout:
      return {v1::OUTCOME_PASSING, "SILENCE_TIMEOUT",
              absl::StrCat("The model fell silent for ", absl::FormatDuration(failure.limit),
                           " in the midst of its answer"),
              "", true};
    case Failure::Kind::kRunningTimeout:
      return {v1::OUTCOME_PASSING, "RUNNING_TIMEOUT",
              absl::StrCat("The attempt took longer than ", absl::FormatDuration(failure.limit)),
              "raise the job's running deadline or lower num_predict"};
  }
  return {v1::OUTCOME_PASSING, "MODEL_SERVER_ERROR", "The model server failed", ""};
}

// "What happened (the server's words); the text so far is kept; what to do."
std::string MessageOf(const Verdict& verdict, const Failure& failure, const FaultContext& context) {
  std::string message = verdict.what;
  const std::string& words =
      failure.server_text.empty() ? failure.transport_text : failure.server_text;
  if (!words.empty()) {
    const std::string valid = ReplaceInvalidUtf8(words);
    const std::string_view cut = TruncateUtf8(valid, kMaxServerText);
    absl::StrAppend(&message, " (", std::string(cut), cut.size() < valid.size() ? "...)" : ")");
  }
  if (context.text_kept) absl::StrAppend(&message, "; the text so far is kept");
  if (!verdict.advice.empty()) absl::StrAppend(&message, "; ", verdict.advice);
  absl::StrAppend(&message, ".");
  return message;
}

}  // namespace

Fault Classify(const Failure& failure, const FaultContext& context) {
  const Verdict verdict = VerdictOf(failure, context);
  Fault fault;
  fault.outcome = verdict.outcome;
  fault.reason = verdict.reason;
  fault.message = MessageOf(verdict, failure, context);
  if (fault.outcome == v1::OUTCOME_PASSING) fault.retry_after = failure.retry_after;
  fault.suspect_server = verdict.suspect_server;
  return fault;
}

}  // namespace genwatch

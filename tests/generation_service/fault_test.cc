#include "generation_service/fault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace genwatch {
namespace {

using Kind = Failure::Kind;
using Transport = Failure::Transport;
using testing::EndsWith;
using testing::HasSubstr;

const FaultContext kContext = {
    .model = "llama3.2:3b", .server_url = "http://127.0.0.1:11434", .text_kept = false};

Failure Status(int http_status, const std::string& text = "") {
  Failure failure;
  failure.kind = Kind::kStatus;
  failure.answer_started = true;
  failure.http_status = http_status;
  failure.server_text = text;
  return failure;
}

Failure Broken(Transport transport, bool answer_started) {
  Failure failure;
  failure.kind = Kind::kTransport;
  failure.transport = transport;
  failure.answer_started = answer_started;
  return failure;
}

Failure ErrorLine(const std::string& text) {
  Failure failure;
  failure.kind = Kind::kErrorLine;
  failure.answer_started = true;
  failure.server_text = text;
  return failure;
}

Failure Plain(Kind kind) {
  Failure failure;
  failure.kind = kind;
  failure.limit = absl::Seconds(90);
  return failure;
}

struct Row {
  Failure failure;
  v1::Outcome outcome;
  std::string reason;
  bool suspect_server;
};

std::vector<Row> Table() {
  return {
      {Broken(Transport::kConnect, false), v1::OUTCOME_PASSING, "MODEL_SERVER_UNREACHABLE", true},
      {Broken(Transport::kResolve, false), v1::OUTCOME_PASSING, "MODEL_SERVER_UNREACHABLE", true},
      {Broken(Transport::kTls, false), v1::OUTCOME_PASSING, "MODEL_SERVER_UNREACHABLE", true},
      {Broken(Transport::kOther, false), v1::OUTCOME_PASSING, "MODEL_SERVER_UNREACHABLE", true},
      {Broken(Transport::kReset, false), v1::OUTCOME_PASSING, "CONNECTION_LOST", true},
      {Broken(Transport::kReset, true), v1::OUTCOME_PASSING, "STREAM_BROKEN", true},
      {Broken(Transport::kTruncated, true), v1::OUTCOME_PASSING, "STREAM_BROKEN", true},
      {Broken(Transport::kBadEncoding, true), v1::OUTCOME_ONCE_MORE, "MALFORMED_ANSWER", false},
      {Status(301), v1::OUTCOME_PERMANENT, "UNEXPECTED_STATUS", false},
      {Status(400, "invalid options"), v1::OUTCOME_PERMANENT, "BAD_REQUEST", false},
      {Status(400, "model is required"), v1::OUTCOME_PERMANENT, "MODEL_NOT_FOUND", false},
      {Status(400, "\"m\" does not support thinking"), v1::OUTCOME_PERMANENT, "CAPABILITY_MISSING",
       false},
      {Status(400, "the prompt is longer than the context length currently available"),
       v1::OUTCOME_PERMANENT, "PROMPT_TOO_LONG", false},
      {Status(401, "unauthorized"), v1::OUTCOME_PERMANENT, "UNAUTHORIZED", false},
      {Status(403), v1::OUTCOME_PERMANENT, "FORBIDDEN", false},
      {Status(404, "model 'x' not found"), v1::OUTCOME_PERMANENT, "MODEL_NOT_FOUND", false},
      {Status(404), v1::OUTCOME_PERMANENT, "NOT_A_MODEL_SERVER", false},
      {Status(408), v1::OUTCOME_PASSING, "MODEL_SERVER_BUSY", true},
      {Status(413), v1::OUTCOME_PERMANENT, "BAD_REQUEST", false},
      {Status(429), v1::OUTCOME_PASSING, "RATE_LIMITED", true},
      {Status(500, "llama runner process has terminated: CUDA error: out of memory"),
       v1::OUTCOME_ONCE_MORE, "OUT_OF_MEMORY", false},
      {Status(500, "model runner has unexpectedly stopped, this may be due to resource limits"),
       v1::OUTCOME_ONCE_MORE, "RUNNER_DIED", false},
      {Status(500, "timed out waiting for llama runner to start - progress 0.00 -"),
       v1::OUTCOME_ONCE_MORE, "MODEL_LOAD_TIMEOUT", false},
      {Status(500, "something else"), v1::OUTCOME_ONCE_MORE, "MODEL_SERVER_ERROR", false},
      {Status(502), v1::OUTCOME_PASSING, "MODEL_SERVER_UNREACHABLE", true},
      {Status(503, "server busy, please try again."), v1::OUTCOME_PASSING, "MODEL_SERVER_BUSY",
       true},
      {Status(504), v1::OUTCOME_PASSING, "GATEWAY_TIMEOUT", true},
      {Status(522), v1::OUTCOME_PASSING, "MODEL_SERVER_UNREACHABLE", true},
      {ErrorLine("unexpected EOF"), v1::OUTCOME_PASSING, "STREAM_ERROR", false},
      {ErrorLine("an error was encountered while running the model: CUDA error: out of memory"),
       v1::OUTCOME_ONCE_MORE, "OUT_OF_MEMORY", false},
      {ErrorLine("prediction aborted, token repeat limit reached"), v1::OUTCOME_ONCE_MORE,
       "REPEATED_TOKENS", false},
      {Plain(Kind::kIncomplete), v1::OUTCOME_PASSING, "STREAM_INCOMPLETE", false},
      {Plain(Kind::kNotJson), v1::OUTCOME_ONCE_MORE, "MALFORMED_ANSWER", false},
      {Plain(Kind::kLineTooLong), v1::OUTCOME_ONCE_MORE, "MALFORMED_ANSWER", false},
      {Plain(Kind::kFirstByteTimeout), v1::OUTCOME_PASSING, "FIRST_BYTE_TIMEOUT", true},
      {Plain(Kind::kSilenceTimeout), v1::OUTCOME_PASSING, "SILENCE_TIMEOUT", true},
      {Plain(Kind::kRunningTimeout), v1::OUTCOME_PASSING, "RUNNING_TIMEOUT", false},
  };
}

TEST(FaultTest, EachFailureHasItsClassAndReason) {
  for (const Row& row : Table()) {
    const Fault fault = Classify(row.failure, kContext);
    SCOPED_TRACE(fault.message);
    EXPECT_EQ(fault.outcome, row.outcome);
    EXPECT_EQ(fault.reason, row.reason);
    EXPECT_EQ(fault.suspect_server, row.suspect_server);
  }
}

TEST(FaultTest, EachMessageIsOneSentenceForPeople) {
  for (const Row& row : Table()) {
    const std::string message = Classify(row.failure, kContext).message;
    EXPECT_THAT(message, EndsWith("."));
    EXPECT_GT(message.size(), 20u) << message;
    EXPECT_LT(message.size(), 500u) << message;
  }
}

TEST(FaultTest, MessageSaysThatTextIsKept) {
  FaultContext context = kContext;
  context.text_kept = true;
  EXPECT_THAT(Classify(Plain(Kind::kIncomplete), context).message,
              HasSubstr("the text so far is kept"));
  EXPECT_THAT(Classify(Plain(Kind::kIncomplete), kContext).message,
              testing::Not(HasSubstr("kept")));
}

TEST(FaultTest, MessageNamesTheModelAndWhatToDo) {
  EXPECT_THAT(Classify(Status(404, "model 'llama3.2:3b' not found"), kContext).message,
              HasSubstr("ollama pull llama3.2:3b"));
  EXPECT_THAT(Classify(Broken(Transport::kConnect, false), kContext).message,
              HasSubstr("http://127.0.0.1:11434"));
}

TEST(FaultTest, LongServerTextIsCut) {
  const std::string message = Classify(Status(500, std::string(10'000, 'x')), kContext).message;
  EXPECT_LT(message.size(), 500u);
  EXPECT_THAT(message, HasSubstr("x...)"));
}

TEST(FaultTest, RetryAfterCountsForPassingFaultsOnly) {
  Failure busy = Status(503);
  busy.retry_after = absl::Seconds(7);
  EXPECT_EQ(Classify(busy, kContext).retry_after, absl::Seconds(7));
  Failure bad = Status(400);
  bad.retry_after = absl::Seconds(7);
  EXPECT_EQ(Classify(bad, kContext).retry_after, absl::ZeroDuration());
}

}  // namespace
}  // namespace genwatch

#ifndef GENWATCH_GENERATION_SERVICE_FAULT_H_
#define GENWATCH_GENERATION_SERVICE_FAULT_H_

#include <string>

#include "absl/time/time.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// What was seen when a conversation with a model server failed.
struct Failure {
  enum class Kind {
    kTransport,    // the connection failed: `transport`
    kStatus,       // an HTTP status other than 2xx: `http_status`, `server_text`, `retry_after`
    kErrorLine,    // an error inside the stream: `server_text`
    kIncomplete,   // a clean end without done:true
    kNotJson,      // a line that is no JSON object
    kLineTooLong,  // a line over the parser's cap
    kFirstByteTimeout,  // no byte of an answer within `limit`
    kSilenceTimeout,    // no byte for `limit` in the midst of an answer
    kRunningTimeout,    // the whole attempt took longer than `limit`
  };
  // The transport errors that make a difference, whatever library reported them.
  enum class Transport { kResolve, kConnect, kTls, kReset, kTruncated, kBadEncoding, kOther };

  Kind kind = Kind::kTransport;
  Transport transport = Transport::kOther;
  std::string transport_text;   // the library's own words
  bool answer_started = false;  // the status line was read
  int http_status = 0;
  std::string server_text;     // the `error` of the server's JSON, or empty
  absl::Duration retry_after;  // of the header Retry-After; zero: none
  absl::Duration limit;        // that was exceeded
};

// For the sentence that people read.
struct FaultContext {
  std::string model;
  std::string server_url;  // without credentials
  bool text_kept = false;  // the attempt has produced text, which is kept
  // The job was the next one of its model after one that was broken off, and the server answers
  // otherwise: it may still count the other one as running.
  bool after_break = false;
};

// What follows from a failure.
struct Fault {
  v1::Outcome outcome = v1::OUTCOME_PASSING;
  // Stable, UPPER_SNAKE.
  std::string reason;
  // One sentence for people: what happened, what was kept, what to do.
  std::string message;
  // The server asked for this pause; zero: none.
  absl::Duration retry_after;
  // The next job would probably meet the same: look at the server before taking one.
  bool suspect_server = false;
};

// The class of a failure decides what comes next: passing faults (refused, reset, busy, broken
// stream) are retried with backoff, some deserve one more try (out of memory, runner died), and the
// rest would happen again (unknown model, bad request). Pure; thread-safe.
Fault Classify(const Failure& failure, const FaultContext& context);

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_FAULT_H_

#ifndef GENWATCH_COMMON_STATUS_H_
#define GENWATCH_COMMON_STATUS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace genwatch {

// Errors with machine-readable details. Details are payloads of absl::Status under the type url of
// the google.rpc message that they hold, so common/grpc_status.h can send them as they are.
// Functions only; thread-safe.

// An error with google.rpc.ErrorInfo{reason, domain: "genwatch"}. `reason` is stable and in
// UPPER_SNAKE; `message` is for a developer, nobody branches on it. `code` is not kOk.
absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view message);

// Adds key and value to the ErrorInfo (made from the code's name if there is none). OK stays OK, as
// for all functions below.
absl::Status WithMetadata(absl::Status status, std::string_view key, std::string_view value);

// Adds a field violation to google.rpc.BadRequest; several accumulate. `field` is the name in the
// request, with dots: "options.num_ctx".
absl::Status WithFieldViolation(absl::Status status, std::string_view field,
                                std::string_view description);

// Sets google.rpc.RetryInfo: how long the caller should wait before it tries again.
absl::Status WithRetryAfter(absl::Status status, absl::Duration delay);

// The ErrorInfo's reason; empty if there is none, or if it is of another domain.
std::string ReasonOf(const absl::Status& status);

// The RetryInfo's delay, if there is one.
std::optional<absl::Duration> RetryAfterOf(const absl::Status& status);

// "context: message" with the same code and details. For the one layer that knows the context.
absl::Status Annotate(absl::Status status, std::string_view context);

}  // namespace genwatch

#endif  // GENWATCH_COMMON_STATUS_H_

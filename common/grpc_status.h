#ifndef GENWATCH_COMMON_GRPC_STATUS_H_
#define GENWATCH_COMMON_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace genwatch {

// The only converters between the two kinds of status. Pure functions; thread-safe.

// All payloads become details of a google.rpc.Status in error_details. What would not fit into the
// 8 KiB of trailing metadata that gRPC clients accept is cut: the message at 1 KiB, and details
// beyond 3 KiB are left out (ErrorInfo comes first). Invalid UTF-8 in the message is replaced by
// U+FFFD.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The inverse. A code that absl does not know is kUnknown; error_details that do not parse are
// ignored.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace genwatch

#endif  // GENWATCH_COMMON_GRPC_STATUS_H_

#ifndef GENWATCH_COMMON_IDENTITY_H_
#define GENWATCH_COMMON_IDENTITY_H_

#include <grpcpp/server_context.h>

#include <string>

#include "absl/status/statusor.h"

namespace genwatch {

inline constexpr char kUserMetadataKey[] = "x-genwatch-user";

struct IdentityOptions {
  bool dev_identity = false;  // who says nothing is "dev"; valid on loopback only
};

// Who calls: the metadata x-genwatch-user, set by the bridge or by a trusted caller, 1 to 128
// printable ASCII characters without leading or trailing space. Pure; thread-safe.
// INVALID_ARGUMENT (BAD_IDENTITY): malformed or given twice. UNAUTHENTICATED (NO_IDENTITY): absent.
absl::StatusOr<std::string> CallerIdentity(const grpc::ServerContextBase& context,
                                           const IdentityOptions& options);

}  // namespace genwatch

#endif  // GENWATCH_COMMON_IDENTITY_H_

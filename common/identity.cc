#include "common/identity.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status.h"

namespace genwatch {
namespace {

constexpr size_t kMaxLength = 128;

bool IsWellFormed(const std::string& user) {
  return !user.empty() && user.size() <= kMaxLength && user.front() != ' ' && user.back() != ' ' &&
         std::all_of(user.begin(), user.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

absl::StatusOr<std::string> CallerIdentity(const grpc::ServerContextBase& context,
                                           const IdentityOptions& options) {
  const auto [first, last] = context.client_metadata().equal_range(kUserMetadataKey);
  if (first == last) {
    if (options.dev_identity) return "dev";
    return Error(absl::StatusCode::kUnauthenticated, "NO_IDENTITY",
                 absl::StrCat("the call does not say who makes it: send the metadata ",
                              kUserMetadataKey, ": <user>"));
  }
  if (std::next(first) != last) {
    return Error(absl::StatusCode::kInvalidArgument, "BAD_IDENTITY",
                 absl::StrCat("the metadata ", kUserMetadataKey, " was sent more than once"));
  }
  std::string user(first->second.data(), first->second.size());
  if (!IsWellFormed(user)) {
    return Error(absl::StatusCode::kInvalidArgument, "BAD_IDENTITY",
                 absl::StrCat("the metadata ", kUserMetadataKey, " must be 1 to ", kMaxLength,
                              " printable ASCII characters without spaces around them"));
  }
  return user;
}

}  // namespace genwatch

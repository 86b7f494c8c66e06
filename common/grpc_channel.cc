#include "common/grpc_channel.h"

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <cstdint>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/string_view.h"

namespace genwatch {
namespace {

// Several addresses in our own spelling, not in one of gRPC's.
bool IsList(const std::string& target) {
  return absl::StrContains(target, ',') && !absl::StrContains(target, "/") &&
         !absl::StartsWith(target, "ipv");
}

// gRPC's own name for several addresses.
std::string TargetOf(const std::string& target) {
  return IsList(target) ? absl::StrCat("ipv4:", target) : target;
}

bool IsIpv4WithPort(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string host(address.substr(0, colon));
  in_addr parsed;
  uint32_t port = 0;
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1 &&
         absl::SimpleAtoi(ToAbsl(address.substr(colon + 1)), &port) && port > 0 && port <= 65'535;
}

}  // namespace

std::shared_ptr<grpc::Channel> InternalChannel(const std::string& target,
                                               const std::string& policy) {
  grpc::ChannelArguments arguments;
  arguments.SetLoadBalancingPolicyName(policy);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  // Despite its name: how long one attempt to connect may take. gRPC waits all of it for a peer
  // that accepts and closes at once.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  // A name is looked up again this soon after a failure; the default is 30 s.
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 2000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(16 << 20);
  arguments.SetMaxSendMessageSize(16 << 20);
  return grpc::CreateCustomChannel(TargetOf(target), grpc::InsecureChannelCredentials(), arguments);
}

absl::Status CheckTarget(const std::string& target) {
  if (target.empty()) return absl::InvalidArgumentError("is empty: say host:port");
  if (!IsList(target)) return absl::OkStatus();
  for (const absl::string_view address : absl::StrSplit(target, ',')) {
    if (!IsIpv4WithPort(ToStd(address))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", address, "' is not an IPv4 address with a port, which each of several must be; for ",
          "a name that stands for several, say dns:///name:port"));
    }
  }
  return absl::OkStatus();
}

}  // namespace genwatch

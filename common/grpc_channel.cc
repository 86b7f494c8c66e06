#include "common/grpc_channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace genwatch {
namespace {

// gRPC's own name for several addresses.
std::string TargetOf(const std::string& target) {
  const bool several = absl::StrContains(target, ',') && !absl::StrContains(target, "/") &&
                       !absl::StartsWith(target, "ipv");
  return several ? absl::StrCat("ipv4:", target) : target;
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
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 5000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 3000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(16 << 20);
  arguments.SetMaxSendMessageSize(16 << 20);
  return grpc::CreateCustomChannel(TargetOf(target), grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace genwatch

#ifndef GENWATCH_COMMON_GRPC_CHANNEL_H_
#define GENWATCH_COMMON_GRPC_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/status.h"

namespace genwatch {

// A channel between our own services: insecure (the network is the operator's), reconnecting after
// 100 to 500 ms (gRPC's default of up to 120 s would outlive leases), pinging each second also
// without calls and counting the peer dead after 3 s of silence, messages up to 16 MiB. Connects
// lazily, keeps trying for ever. `target` is "host:port", several of these with commas between
// (IPv4 addresses then), "dns:///name:port" or "unix:path"; `policy` round_robin balances over all
// addresses, pick_first uses one. Thread-safe.
std::shared_ptr<grpc::Channel> InternalChannel(const std::string& target,
                                               const std::string& policy = "round_robin");

// INVALID_ARGUMENT, saying why, for a target that InternalChannel could never reach: none at all,
// or several of which one is not an IPv4 address with a port (gRPC looks names up only one by one).
absl::Status CheckTarget(const std::string& target);

}  // namespace genwatch

#endif  // GENWATCH_COMMON_GRPC_CHANNEL_H_

#ifndef GENWATCH_COMMON_GRPC_SERVER_H_
#define GENWATCH_COMMON_GRPC_SERVER_H_

#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "common/server_flags.h"

namespace genwatch {

struct GrpcServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any free one
  bool reflection = false;
  int max_receive_bytes = 4 << 20;
  int max_send_bytes = 16 << 20;
  int max_concurrent_streams =
      10'000;  // per connection; a bridge has a stream for each watched job
  // Clients may ping this often, also without calls; more often is answered with GOAWAY.
  // Clients of ours ping each second; what was held up on the way arrives closer together.
  absl::Duration min_client_ping_interval = absl::Milliseconds(100);
  absl::Duration keepalive_idle = absl::Seconds(30);    // then the server pings
  absl::Duration keepalive_timeout = absl::Seconds(3);  // and counts the client dead after this
  absl::Duration drain = absl::Seconds(10);
};

GrpcServerOptions GrpcServerOptionsOf(const ServerOptions& options);

// A running gRPC server with gRPC's own health service: "liveness" is SERVING from the start, ""
// and "readiness" are NOT_SERVING until SetServing(true). Thread-safe. The services, and the
// executors that run their calls, outlive it; the destructor drains.
class GrpcServer {
 public:
  // At least one service. UNAVAILABLE, naming the port and --port, when it is in use; the port is
  // not shared (SO_REUSEPORT is off), so a second server on it fails instead of taking half of the
  // calls.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const GrpcServerOptions& options, const std::vector<grpc::Service*>& services);
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  int port() const { return port_; }
  std::string address() const;  // "127.0.0.1:50051"

  // Readiness: whether calls make sense now (its stores answer). No effect after Drain.
  void SetServing(bool ready);

  // Says NOT_SERVING at once, accepts no new calls, lets running ones end within `drain`, then
  // cancels them, and returns when all are done. Streams that would not end by themselves are ended
  // by their services, before or meanwhile. Idempotent; blocks.
  void Drain();

 private:
  GrpcServer(const GrpcServerOptions& options, std::unique_ptr<grpc::Server> server, int port);

  const GrpcServerOptions options_;
  const std::unique_ptr<grpc::Server> server_;
  const int port_;
  Mutex mutex_;
  bool drained_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace genwatch

#endif  // GENWATCH_COMMON_GRPC_SERVER_H_

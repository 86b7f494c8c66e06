#ifndef GENWATCH_TESTS_SUPPORT_GRPC_TEST_SERVER_H_
#define GENWATCH_TESTS_SUPPORT_GRPC_TEST_SERVER_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/impl/codegen/service_type.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/grpc_server.h"

namespace genwatch {

// The given services (at least one) on a real server on a free loopback port, ready, with a channel
// to it. Aborts the test if it can't start. The services, and the executors of their calls, outlive
// it. Thread-safe.
class GrpcTestServer {
 public:
  explicit GrpcTestServer(const std::vector<grpc::Service*>& services,
                          GrpcServerOptions options = {});

  GrpcServer& server() { return *server_; }
  std::string address() const { return server_->address(); }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// A client context with a deadline (a test never hangs) and, if given, the caller's identity.
std::unique_ptr<grpc::ClientContext> TestContext(const std::string& user = "",
                                                 absl::Duration deadline = absl::Seconds(20));

}  // namespace genwatch

#endif  // GENWATCH_TESTS_SUPPORT_GRPC_TEST_SERVER_H_

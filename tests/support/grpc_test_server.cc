#include "tests/support/grpc_test_server.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "common/grpc_channel.h"
#include "common/identity.h"

namespace genwatch {

GrpcTestServer::GrpcTestServer(const std::vector<grpc::Service*>& services,
                               GrpcServerOptions options) {
  auto server = GrpcServer::Start(options, services);
  if (!server.ok()) {
    std::cerr << "FATAL: " << server.status() << std::endl;
    std::abort();
  }
  server_ = *std::move(server);
  server_->SetServing(true);
  channel_ = InternalChannel(server_->address());
}

std::unique_ptr<grpc::ClientContext> TestContext(const std::string& user, absl::Duration deadline) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(deadline));
  if (!user.empty()) context->AddMetadata(kUserMetadataKey, user);
  return context;
}

}  // namespace genwatch

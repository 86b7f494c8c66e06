#include "common/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "grpc/health/v1/health.pb.h"

namespace genwatch {
namespace {

constexpr char kLiveness[] = "liveness";
constexpr char kReadiness[] = "readiness";

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

// IPv6 addresses need brackets before a port.
std::string HostPort(const std::string& host, int port) {
  const bool bracket = absl::StrContains(host, ':') && !absl::StartsWith(host, "[");
  return absl::StrCat(bracket ? absl::StrCat("[", host, "]") : host, ":", port);
}

// gRPC only says that it failed; a bind of our own finds out why.
std::string WhyBindFails(const std::string& host, int port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  std::string bare = host;
  if (absl::StartsWith(bare, "[") && absl::EndsWith(bare, "]")) {
    bare = bare.substr(1, bare.size() - 2);
  }
  const int failure = getaddrinfo(bare.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failure != 0) return absl::StrCat(gai_strerror(failure), "; choose another --host");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  const int fd = socket(addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::strerror(errno);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  std::string why = "gRPC does not say why, the address itself is free";
  if (bind(fd, addresses->ai_addr, addresses->ai_addrlen) != 0 || listen(fd, 1) != 0) {
    why = errno == EADDRINUSE ? absl::StrCat("port ", port, " is in use; choose another --port")
                              : std::string(std::strerror(errno));
  }
  close(fd);
  return why;
}

// Decides about reflection for one server. libgrpc++_reflection, once linked, adds its plugin to
// every server of the process by itself.
class ReflectionOption : public grpc::ServerBuilderOption {
 public:
  explicit ReflectionOption(bool wanted) : wanted_(wanted) {}
  void UpdateArguments(grpc::ChannelArguments* /*arguments*/) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    auto reflection = std::make_unique<grpc::reflection::ProtoServerReflectionPlugin>();
    std::erase_if(*plugins, [&](const auto& p) { return p->name() == reflection->name(); });
    if (wanted_) plugins->push_back(std::move(reflection));
  }

 private:
  const bool wanted_;
};

// A switch of the whole process; every server of ours has the health service.
void EnableHealthService() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    // gRPC's own answers without its descriptor, without which reflection lists the service but
    // can't describe it, and grpcurl calls it missing.
    grpc::health::v1::HealthCheckRequest::descriptor();
  });
}

}  // namespace

GrpcServerOptions GrpcServerOptionsOf(const ServerOptions& options) {
  GrpcServerOptions result;
  result.host = options.host;
  result.port = options.port;
  result.reflection = options.reflection;
  result.drain = options.drain;
  return result;
}

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const GrpcServerOptions& options, const std::vector<grpc::Service*>& services) {
  EnableHealthService();
  grpc::ServerBuilder builder;
  builder.SetOption(std::make_unique<ReflectionOption>(options.reflection));
  const std::string address = HostPort(options.host, options.port);
  int port = 0;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(options.max_receive_bytes);
  builder.SetMaxSendMessageSize(options.max_send_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(options.min_client_ping_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_idle));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             Milliseconds(options.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  for (grpc::Service* const service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return Error(
        absl::StatusCode::kUnavailable, "LISTEN_FAILED",
        absl::StrCat("can't listen on ", address, ": ", WhyBindFails(options.host, options.port)));
  }
  auto result = std::unique_ptr<GrpcServer>(new GrpcServer(options, std::move(server), port));
  result->server_->GetHealthCheckService()->SetServingStatus(kLiveness, true);
  result->SetServing(false);
  return result;
}

GrpcServer::GrpcServer(const GrpcServerOptions& options, std::unique_ptr<grpc::Server> server,
                       int port)
    : options_(options), server_(std::move(server)), port_(port) {}

GrpcServer::~GrpcServer() { Drain(); }

std::string GrpcServer::address() const { return HostPort(options_.host, port_); }

void GrpcServer::SetServing(bool ready) {
  MutexLock lock(mutex_);
  if (drained_) return;
  grpc::HealthCheckServiceInterface* const health = server_->GetHealthCheckService();
  health->SetServingStatus("", ready);
  health->SetServingStatus(kReadiness, ready);
}

void GrpcServer::Drain() {
  {
    MutexLock lock(mutex_);
    if (!drained_) {
      grpc::HealthCheckServiceInterface* const health = server_->GetHealthCheckService();
      health->SetServingStatus("", false);
      health->SetServingStatus(kReadiness, false);
    }
    drained_ = true;
  }
  server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(options_.drain));
  server_->Wait();
}

}  // namespace genwatch

#include "tests/chaos/proxy/grpc_relay.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/grpc_channel.h"

namespace genwatch {
namespace {

// What gRPC writes itself.
bool IsOwn(std::string_view key) {
  return key.starts_with(':') || key.starts_with("grpc-") || key == "te" || key == "content-type" ||
         key == "user-agent";
}

std::string Bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

class RelayedCall : public grpc::ServerGenericBidiReactor {
 public:
  RelayedCall(grpc::GenericCallbackServerContext* context, grpc::GenericStub* stub,
              const GrpcRelay::Decide* decide)
      : method_(context->method()), stub_(stub), decide_(decide) {
    for (const auto& [key, value] : context->client_metadata()) {
      const std::string_view name(key.data(), key.size());
      if (IsOwn(name)) continue;
      client_context_.AddMetadata(std::string(name), std::string(value.data(), value.size()));
    }
    client_context_.set_deadline(context->deadline());
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no request"));
    request_bytes_ = Bytes(request_);
    stub_->UnaryCall(&client_context_, method_, grpc::StubOptions(), &request_, &answer_,
                     [this](const grpc::Status& status) { TakeAnswer(status); });
  }
  void OnCancel() override {
    client_context_.TryCancel();
    FinishSecond();
  }
  void OnDone() override { delete this; }

 private:
  void TakeAnswer(const grpc::Status& status) {
    if (!status.ok()) return Finish(status);
    switch ((*decide_)({.method = method_, .request = request_bytes_, .bytes = answer_.Length()})) {
      case GrpcRelay::Fate::kArrives:
        return StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
      case GrpcRelay::Fate::kBroken:
        return Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the answer was lost"));
      case GrpcRelay::Fate::kSilent:
        return FinishSecond();
    }
  }

  // An answer that is kept back finishes with the cancellation, whichever comes last.
  void FinishSecond() {
    if (ready_.fetch_add(1) == 1) Finish(grpc::Status::CANCELLED);
  }

  const std::string method_;
  grpc::GenericStub* const stub_;
  const GrpcRelay::Decide* const decide_;
  grpc::ClientContext client_context_;
  grpc::ByteBuffer request_;
  std::string request_bytes_;
  grpc::ByteBuffer answer_;
  std::atomic<int> ready_ = 0;
};

}  // namespace

class GrpcRelay::Service : public grpc::CallbackGenericService {
 public:
  Service(const std::string& target, Decide decide)
      : stub_(InternalChannel(target)), decide_(std::move(decide)) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new RelayedCall(context, &stub_, &decide_);
  }

 private:
  grpc::GenericStub stub_;
  const Decide decide_;
};

GrpcRelay::GrpcRelay(const std::string& target, Decide decide)
    : service_(std::make_unique<Service>(target, std::move(decide))) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.SetMaxReceiveMessageSize(16 << 20);
  // Its clients ping as they ping our own servers.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.RegisterCallbackGenericService(service_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0) std::abort();
}

GrpcRelay::~GrpcRelay() { server_->Shutdown(std::chrono::system_clock::now()); }

std::string GrpcRelay::address() const { return absl::StrCat("127.0.0.1:", port_); }

}  // namespace genwatch

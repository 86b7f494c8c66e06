#include "job_service/worker_client.h"

#include <grpcpp/client_context.h>

#include <chrono>

#include "common/grpc_channel.h"
#include "common/grpc_status.h"
#include "genwatch/v1/generation_service.grpc.pb.h"

namespace genwatch {
namespace {

constexpr std::chrono::milliseconds kDeadline(500);
// Workers come and go with new addresses; what is no longer used is made anew when needed.
constexpr size_t kMostChannels = 64;

}  // namespace

WorkerClient::WorkerClient() = default;
WorkerClient::~WorkerClient() = default;

std::shared_ptr<grpc::Channel> WorkerClient::ChannelTo(const std::string& address) {
  std::map<std::string, std::shared_ptr<grpc::Channel>> dropped;
  MutexLock lock(mutex_);
  auto it = channels_.find(address);
  if (it != channels_.end()) return it->second;
  if (channels_.size() >= kMostChannels) dropped.swap(channels_);
  return channels_[address] = InternalChannel(address, "pick_first");
}

absl::StatusOr<v1::StopGenerationResponse> WorkerClient::Stop(const std::string& address,
                                                              const std::string& job_id,
                                                              uint32_t version,
                                                              v1::StopReason reason) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  v1::StopGenerationRequest request;
  request.set_job_id(job_id);
  request.set_version(version);
  request.set_reason(reason);
  v1::StopGenerationResponse response;
  const auto stub = v1::GenerationService::NewStub(ChannelTo(address));
  const absl::Status status = FromGrpcStatus(stub->StopGeneration(&context, request, &response));
  if (!status.ok()) return status;
  return response;
}

}  // namespace genwatch

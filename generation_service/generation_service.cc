#include "generation_service/generation_service.h"

#include <utility>

#include "common/status.h"
#include "common/unary.h"
#include "generation_service/stream_states_reactor.h"

namespace genwatch {
namespace {

// What a subscriber may say to know; a worker has far fewer jobs.
constexpr int kMaxKnown = 10'000;

}  // namespace

grpc::ServerWriteReactor<v1::StreamStatesResponse>* GenerationServiceImpl::StreamStates(
    grpc::CallbackServerContext* /*context*/, const v1::StreamStatesRequest* request) {
  if (request->known_size() > kMaxKnown) {
    return RejectStream<v1::StreamStatesResponse>(WithFieldViolation(
        Error(absl::StatusCode::kInvalidArgument, "TOO_MANY_JOBS", "known: at most 10,000 jobs"),
        "known", "at most 10,000 jobs"));
  }
  return StreamStatesReactor::Start(feed_, *request);
}

grpc::ServerUnaryReactor* GenerationServiceImpl::StopGeneration(
    grpc::CallbackServerContext* context, const v1::StopGenerationRequest* request,
    v1::StopGenerationResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  worker_->Stop(*request, [reactor, response](v1::StopGenerationResponse answer) {
    *response = std::move(answer);
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

grpc::ServerUnaryReactor* GenerationServiceImpl::GetCapacity(
    grpc::CallbackServerContext* context, const v1::GetCapacityRequest* /*request*/,
    v1::GetCapacityResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  worker_->GetCapacity([reactor, response](v1::GetCapacityResponse answer) {
    *response = std::move(answer);
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

}  // namespace genwatch

#ifndef GENWATCH_GENERATION_SERVICE_GENERATION_SERVICE_H_
#define GENWATCH_GENERATION_SERVICE_GENERATION_SERVICE_H_

#include "generation_service/state_feed.h"
#include "generation_service/worker.h"
#include "genwatch/v1/generation_service.grpc.pb.h"

namespace genwatch {

// GenerationService over gRPC. Thread-safe. The worker and the feed outlive the server, and the
// worker is shut down after it.
class GenerationServiceImpl : public v1::GenerationService::CallbackService {
 public:
  GenerationServiceImpl(Worker* worker, StateFeed* feed) : worker_(worker), feed_(feed) {}

  grpc::ServerWriteReactor<v1::StreamStatesResponse>* StreamStates(
      grpc::CallbackServerContext* context, const v1::StreamStatesRequest* request) override;
  grpc::ServerUnaryReactor* StopGeneration(grpc::CallbackServerContext* context,
                                           const v1::StopGenerationRequest* request,
                                           v1::StopGenerationResponse* response) override;
  grpc::ServerUnaryReactor* GetCapacity(grpc::CallbackServerContext* context,
                                        const v1::GetCapacityRequest* request,
                                        v1::GetCapacityResponse* response) override;

 private:
  Worker* const worker_;
  StateFeed* const feed_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_GENERATION_SERVICE_H_

#ifndef GENWATCH_PROGRESS_SERVICE_PROGRESS_SERVICE_H_
#define GENWATCH_PROGRESS_SERVICE_PROGRESS_SERVICE_H_

#include <string>

#include "common/identity.h"
#include "genwatch/v1/progress_service.grpc.pb.h"
#include "progress_service/ledger_client.h"
#include "progress_service/progress_hub.h"
#include "progress_service/watchers.h"

namespace genwatch {

// The gRPC face of progress_service. Thread-safe. What it is given outlives it; it outlives the
// server.
class ProgressServiceImpl final : public v1::ProgressService::CallbackService {
 public:
  // `target` is job_service.
  ProgressServiceImpl(const std::string& target, ProgressHub* hub, Watchers* watchers,
                      IdentityOptions identity);

  grpc::ServerUnaryReactor* GetProgress(grpc::CallbackServerContext* context,
                                        const v1::GetProgressRequest* request,
                                        v1::GetProgressResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchProgressResponse>* WatchProgress(
      grpc::CallbackServerContext* context, const v1::WatchProgressRequest* request) override;
  // INVALID_ARGUMENT (TOO_MANY_CHECKS); UNAVAILABLE without the ledger, if it has to be asked.
  grpc::ServerUnaryReactor* CheckWatchers(grpc::CallbackServerContext* context,
                                          const v1::CheckWatchersRequest* request,
                                          v1::CheckWatchersResponse* response) override;

 private:
  ProgressHub* const hub_;
  Watchers* const watchers_;
  const IdentityOptions identity_;
  LedgerClient ledger_;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_PROGRESS_SERVICE_H_

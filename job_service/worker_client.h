#ifndef GENWATCH_JOB_SERVICE_WORKER_CLIENT_H_
#define GENWATCH_JOB_SERVICE_WORKER_CLIENT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/mutex.h"
#include "genwatch/v1/generation_service.pb.h"

namespace grpc {
class Channel;
}

namespace genwatch {

// Tells workers to stop a job at once, at the addresses that their leases name. Blocking, at most
// half a second; thread-safe.
class WorkerClient {
 public:
  WorkerClient();
  ~WorkerClient();

  // An error when the worker did not answer in time: the job's state is changed all the same, and
  // the worker learns it from its next heartbeat.
  absl::StatusOr<v1::StopGenerationResponse> Stop(const std::string& address,
                                                  const std::string& job_id, uint32_t version,
                                                  v1::StopReason reason);

 private:
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address);

  Mutex mutex_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_WORKER_CLIENT_H_

#ifndef GENWATCH_JOB_SERVICE_JOB_LEASE_SERVICE_H_
#define GENWATCH_JOB_SERVICE_JOB_LEASE_SERVICE_H_

#include "common/batcher.h"
#include "common/executor.h"
#include "genwatch/v1/job_lease_service.grpc.pb.h"
#include "job_service/job_store.h"
#include "job_service/job_waiters.h"
#include "job_service/lease_broker.h"
#include "job_service/model_registry.h"
#include "job_service/queue_feeder.h"
#include "job_service/service_metrics.h"
#include "job_service/suspect_room.h"

namespace genwatch {

struct JobLeaseServiceParts {
  JobStore* store;
  QueueFeeder* feeder;
  JobWaiters* waiters;
  LeaseBroker* broker;
  ModelRegistry* models;
  const SuspectRoom* room;
  ServiceMetrics* metrics;
  Executor* executor;
  // Heartbeats keep leases alive: they never wait behind anything else.
  Executor* heartbeat_executor;
};

// JobLeaseService over gRPC: for workers.
class JobLeaseServiceImpl : public v1::JobLeaseService::CallbackService {
 public:
  explicit JobLeaseServiceImpl(JobLeaseServiceParts parts);

  grpc::ServerUnaryReactor* LeaseJobs(grpc::CallbackServerContext* context,
                                      const v1::LeaseJobsRequest* request,
                                      v1::LeaseJobsResponse* response) override;
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const v1::HeartbeatRequest* request,
                                      v1::HeartbeatResponse* response) override;
  grpc::ServerUnaryReactor* AppendText(grpc::CallbackServerContext* context,
                                       const v1::AppendTextRequest* request,
                                       v1::AppendTextResponse* response) override;
  grpc::ServerUnaryReactor* FinishAttempt(grpc::CallbackServerContext* context,
                                          const v1::FinishAttemptRequest* request,
                                          v1::FinishAttemptResponse* response) override;

 private:
  absl::Status Beat(const v1::HeartbeatRequest& request, v1::HeartbeatResponse& response);
  absl::Status Append(const v1::AppendTextRequest& request, v1::AppendTextResponse& response);
  // It speaks of leases that it no longer has.
  absl::Status WorkerLives(const std::string& instance, absl::Span<const v1::HeldJob> lost);
  // A call that waits to be committed; the pointers live until the reactor is finished.
  struct PendingFinish {
    grpc::CallbackServerContext* context;
    grpc::ServerUnaryReactor* reactor;
    const v1::FinishAttemptRequest* request;
    v1::FinishAttemptResponse* response;
  };
  void FinishTogether(std::vector<PendingFinish> finishes);
  // Fails only where a failpoint says so.
  absl::Status QueueFinished(const std::vector<JobRecord>& stored);

  const JobLeaseServiceParts parts_;
  Batcher<PendingFinish> finishes_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_LEASE_SERVICE_H_

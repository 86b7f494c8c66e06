#ifndef GENWATCH_JOB_SERVICE_JOB_FEED_SERVICE_H_
#define GENWATCH_JOB_SERVICE_JOB_FEED_SERVICE_H_

#include <vector>

#include "common/clock.h"
#include "common/executor.h"
#include "genwatch/v1/job_feed_service.grpc.pb.h"
#include "job_service/job_queue.h"
#include "job_service/job_store.h"
#include "job_service/model_holds.h"
#include "job_service/model_registry.h"
#include "job_service/wait_estimator.h"

namespace genwatch {

struct JobFeedServiceParts {
  JobStore* store;
  JobQueue* queue;
  ModelRegistry* models;
  WaitEstimator* waits;
  ModelHolds* holds;
  Executor* executor;
  const Clock* clock;
};

// JobFeedService over gRPC: for progress_service.
class JobFeedServiceImpl : public v1::JobFeedService::CallbackService {
 public:
  explicit JobFeedServiceImpl(JobFeedServiceParts parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* GetJobStates(grpc::CallbackServerContext* context,
                                         const v1::GetJobStatesRequest* request,
                                         v1::GetJobStatesResponse* response) override;
  grpc::ServerUnaryReactor* ReadTexts(grpc::CallbackServerContext* context,
                                      const v1::ReadTextsRequest* request,
                                      v1::ReadTextsResponse* response) override;
  grpc::ServerUnaryReactor* RecordProgress(grpc::CallbackServerContext* context,
                                           const v1::RecordProgressRequest* request,
                                           v1::RecordProgressResponse* response) override;
  grpc::ServerUnaryReactor* RecordScores(grpc::CallbackServerContext* context,
                                         const v1::RecordScoresRequest* request,
                                         v1::RecordScoresResponse* response) override;
  grpc::ServerUnaryReactor* ListActive(grpc::CallbackServerContext* context,
                                       const v1::ListActiveRequest* request,
                                       v1::ListActiveResponse* response) override;

 private:
  absl::Status States(const v1::GetJobStatesRequest& request, v1::GetJobStatesResponse& response);
  // Position, wait, hold and outage of those that wait.
  void AddQueuePlaces(const std::vector<JobRecord>& waiting,
                      const std::vector<v1::Progress*>& progress);
  absl::Status Texts(const v1::ReadTextsRequest& request, v1::ReadTextsResponse& response);

  const JobFeedServiceParts parts_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_FEED_SERVICE_H_

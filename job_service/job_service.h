#ifndef GENWATCH_JOB_SERVICE_JOB_SERVICE_H_
#define GENWATCH_JOB_SERVICE_JOB_SERVICE_H_

#include <functional>
#include <set>
#include <string>

#include "common/batcher.h"
#include "common/clock.h"
#include "common/executor.h"
#include "common/identity.h"
#include "genwatch/v1/job_service.grpc.pb.h"
#include "job_service/caller.h"
#include "job_service/job_control.h"
#include "job_service/job_forecast.h"
#include "job_service/job_store.h"
#include "job_service/job_waiters.h"
#include "job_service/model_holds.h"
#include "job_service/model_registry.h"
#include "job_service/queue_feeder.h"
#include "job_service/queue_view.h"
#include "job_service/service_metrics.h"
#include "job_service/spec_check.h"

namespace genwatch {

struct JobServiceOptions {
  IdentityOptions identity;
  SpecLimits limits;
  uint32_t max_failures = 3;
  // Names of callers who may do what Caller::is_operator says.
  std::set<std::string> operators;
};

// The parts that answer calls; each outlives the server.
struct JobServiceParts {
  JobStore* store;
  QueueFeeder* feeder;
  JobControl* control;
  JobWaiters* waiters;
  ModelRegistry* models;
  ServiceMetrics* metrics;
  // Reads and submits; orders that may wait for a worker.
  Executor* executor;
  Executor* control_executor;
  ModelHolds* holds;
  QueueView* queue_view;
  JobForecast* forecast;
  // The workers' polls that wait here look again: a model was released.
  std::function<void()> look_for_work;
  const Clock* clock = RealClock();
};

// JobService over gRPC.
class JobServiceImpl : public v1::JobService::CallbackService {
 public:
  JobServiceImpl(JobServiceOptions options, JobServiceParts parts);

  grpc::ServerUnaryReactor* SubmitJob(grpc::CallbackServerContext* context,
                                      const v1::SubmitJobRequest* request,
                                      v1::SubmitJobResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request,
                                   v1::GetJobResponse* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* GetJobOutput(grpc::CallbackServerContext* context,
                                         const v1::GetJobOutputRequest* request,
                                         v1::GetJobOutputResponse* response) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request,
                                      v1::CancelJobResponse* response) override;
  grpc::ServerUnaryReactor* PauseJob(grpc::CallbackServerContext* context,
                                     const v1::PauseJobRequest* request,
                                     v1::PauseJobResponse* response) override;
  grpc::ServerUnaryReactor* ResumeJob(grpc::CallbackServerContext* context,
                                      const v1::ResumeJobRequest* request,
                                      v1::ResumeJobResponse* response) override;
  grpc::ServerUnaryReactor* RetryJob(grpc::CallbackServerContext* context,
                                     const v1::RetryJobRequest* request,
                                     v1::RetryJobResponse* response) override;
  grpc::ServerUnaryReactor* UpdateJob(grpc::CallbackServerContext* context,
                                      const v1::UpdateJobRequest* request,
                                      v1::UpdateJobResponse* response) override;
  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const v1::DeleteJobRequest* request,
                                      v1::DeleteJobResponse* response) override;
  grpc::ServerUnaryReactor* EstimateJob(grpc::CallbackServerContext* context,
                                        const v1::EstimateJobRequest* request,
                                        v1::EstimateJobResponse* response) override;
  grpc::ServerUnaryReactor* GetQueue(grpc::CallbackServerContext* context,
                                     const v1::GetQueueRequest* request,
                                     v1::GetQueueResponse* response) override;
  grpc::ServerUnaryReactor* HoldModel(grpc::CallbackServerContext* context,
                                      const v1::HoldModelRequest* request,
                                      v1::HoldModelResponse* response) override;
  grpc::ServerUnaryReactor* ReleaseModel(grpc::CallbackServerContext* context,
                                         const v1::ReleaseModelRequest* request,
                                         v1::ReleaseModelResponse* response) override;
  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context,
                                       const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override;
  grpc::ServerUnaryReactor* GetModelStats(grpc::CallbackServerContext* context,
                                          const v1::GetModelStatsRequest* request,
                                          v1::GetModelStatsResponse* response) override;
  grpc::ServerUnaryReactor* ListEstimateSamples(grpc::CallbackServerContext* context,
                                                const v1::ListEstimateSamplesRequest* request,
                                                v1::ListEstimateSamplesResponse* response) override;

 private:
  // A call that waits to be committed; the pointers live until the reactor is finished.
  struct PendingSubmit {
    grpc::CallbackServerContext* context;
    grpc::ServerUnaryReactor* reactor;
    std::string owner;
    const v1::SubmitJobRequest* request;
    v1::SubmitJobResponse* response;
  };
  void SubmitTogether(std::vector<PendingSubmit> submits);
  // Fails only where a failpoint says so.
  absl::Status QueueSubmitted(const std::vector<JobRecord>& added);
  absl::StatusOr<NewJob> CheckedJob(const std::string& owner, const v1::SubmitJobRequest& request);
  absl::StatusOr<JobRecord> Retry(const std::string& owner, const std::string& job_id);
  // The common part of the orders on one job. `obey` runs on `executor` and answers the job as it
  // is afterwards.
  template <class Request, class Response>
  grpc::ServerUnaryReactor* Order(
      grpc::CallbackServerContext* context, Executor& executor, const Request* request,
      Response* response,
      std::function<absl::StatusOr<JobRecord>(const std::string& owner, const Request&)> obey);
  Caller CallerNamed(const std::string& name) const;
  // The caller's name. PERMISSION_DENIED (NOT_AN_OPERATOR).
  absl::StatusOr<std::string> OperatorIdentity(const grpc::ServerContextBase& context) const;
  absl::Status Hold(const std::string& owner, const v1::HoldModelRequest& request);
  absl::Status Stats(const v1::GetModelStatsRequest& request, v1::GetModelStatsResponse& response);
  absl::Status Samples(const v1::ListEstimateSamplesRequest& request,
                       v1::ListEstimateSamplesResponse& response);
  absl::Status Release(const std::string& owner, const v1::ReleaseModelRequest& request);
  // The job as `view` asks for it; whole, with its attempts.
  absl::Status Show(const JobRecord& record, v1::JobView view, v1::Job& job);
  absl::StatusOr<JobRecord> OwnJob(const std::string& owner, const std::string& job_id);
  absl::Status List(const std::string& owner, const v1::ListJobsRequest& request,
                    v1::ListJobsResponse& response);
  absl::Status Output(const std::string& owner, const v1::GetJobOutputRequest& request,
                      v1::GetJobOutputResponse& response);

  const JobServiceOptions options_;
  const JobServiceParts parts_;
  Batcher<PendingSubmit> submits_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_SERVICE_H_

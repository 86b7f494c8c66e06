#ifndef GENWATCH_TESTS_JOB_SERVICE_JOB_SERVICES_FIXTURE_H_
#define GENWATCH_TESTS_JOB_SERVICE_JOB_SERVICES_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "common/grpc_status.h"
#include "common/metrics.h"
#include "genwatch/v1/job_feed_service.grpc.pb.h"
#include "genwatch/v1/job_lease_service.grpc.pb.h"
#include "genwatch/v1/job_service.grpc.pb.h"
#include "job_service/job_feed_service.h"
#include "job_service/job_lease_service.h"
#include "job_service/job_leaser.h"
#include "job_service/job_service.h"
#include "job_service/reconciler.h"
#include "tests/job_service/fake_job_queue.h"
#include "tests/job_service/fake_job_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/grpc_test_server.h"

namespace genwatch {

// The three services on a real gRPC server, over the fakes of the ledger and the queue.
class JobServicesTest : public testing::Test {
 protected:
  JobServicesTest();
  ~JobServicesTest() override;

  // As `user`; empty: without identity.
  absl::StatusOr<v1::Job> Submit(const v1::SubmitJobRequest& request,
                                 const std::string& user = "ann");
  absl::StatusOr<v1::Job> Submit(const std::string& prompt, const std::string& user = "ann");
  absl::StatusOr<v1::Job> Get(const std::string& job_id, const std::string& user = "ann");
  absl::StatusOr<v1::Job> Cancel(const std::string& job_id, const std::string& user = "ann");
  absl::StatusOr<v1::Job> Pause(const std::string& job_id, const std::string& user = "ann");
  absl::StatusOr<v1::Job> Resume(const std::string& job_id, const std::string& user = "ann");
  // The new job.
  absl::StatusOr<v1::Job> Retry(const std::string& job_id, const std::string& user = "ann");
  absl::StatusOr<v1::Job> SetPriority(const std::string& job_id, v1::Priority priority,
                                      const std::string& user = "ann");
  absl::Status Delete(const std::string& job_id, const std::string& user = "ann");
  absl::StatusOr<v1::GetQueueResponse> Queue(const std::string& model = "",
                                             const std::string& user = "ann");
  // "root" is an operator, and the only one.
  absl::Status Hold(const std::string& model, const std::string& note = "",
                    const std::string& user = "root");
  absl::Status Release(const std::string& model, const std::string& user = "root");
  absl::StatusOr<v1::EstimateJobResponse> Estimate(const v1::EstimateJobRequest& request,
                                                   const std::string& user = "ann");
  absl::StatusOr<v1::ListJobsResponse> List(const v1::ListJobsRequest& request,
                                            const std::string& user = "ann");
  absl::StatusOr<v1::ListEstimateSamplesResponse> Samples(
      const v1::ListEstimateSamplesRequest& request, const std::string& user = "ann");
  std::string Output(const std::string& job_id, const std::string& user = "ann");
  absl::StatusOr<v1::LeaseJobsResponse> Lease(uint32_t wait_ms = 0,
                                              const std::string& instance = "w_1");
  absl::Status Append(const v1::LeasedJob& job, const std::string& text);
  absl::StatusOr<v1::FinishAttemptResponse> Finish(const v1::LeasedJob& job, v1::Outcome outcome,
                                                   const std::string& reason = "");
  absl::StatusOr<v1::HeartbeatResponse> Beat(uint32_t number,
                                             const std::vector<v1::LeasedJob>& held = {});
  absl::StatusOr<v1::JobStateEntry> State(const std::string& job_id, const std::string& owner = "");

  // What the worker answers to an order to stop; by default it can't be reached.
  void SetStopped(const v1::StopGenerationResponse& stopped);
  // It stops, and hands out this text.
  void SetStoppedWithTail(uint32_t offset, const std::string& text);
  v1::StopReason LastStopReason();

  static v1::SubmitJobRequest Request(const std::string& prompt);

  FakeClock clock_;
  FakeJobStore store_{&clock_};
  FakeJobQueue queue_{&clock_};
  std::unique_ptr<Metrics> metrics_;
  QueueFeeder feeder_{&queue_};
  LedgerHealth health_;
  ModelRegistry models_{""};
  SuspectRoom room_{&store_, &models_, &clock_};
  JobWaiters waiters_{&store_, RealClock()};
  WaitEstimator waits_{&store_, &clock_};
  ModelHolds holds_{&store_, &clock_};
  QueueView queue_view_{&store_, &queue_, &holds_, &waits_};
  JobForecast forecast_{&store_, &queue_, &models_, &holds_, &waits_, &clock_};
  JobLeaser leaser_{&store_, &queue_, &feeder_, &holds_, &health_, 1 << 20};
  // Locked, because the order of a call and its answer is invisible to the race detector.
  Mutex mutex_;
  absl::StatusOr<v1::StopGenerationResponse> stopped_ ABSL_GUARDED_BY(mutex_) =
      absl::UnavailableError("no worker");
  v1::StopReason stop_reason_ ABSL_GUARDED_BY(mutex_) = v1::STOP_REASON_UNSPECIFIED;
  std::atomic<int> stops_ = 0;
  JobControl control_;
  Reconciler reconciler_{&store_, &queue_, &feeder_};
  TimerQueue timers_;
  Executor executor_{"test", 4, 1000};
  Executor control_executor_{"control", 2, 1000};
  Executor heartbeat_executor_{"heartbeat", 1, 1000};
  LeaseBroker broker_;
  std::unique_ptr<ServiceMetrics> service_metrics_;
  std::unique_ptr<JobServiceImpl> job_service_;
  std::unique_ptr<JobLeaseServiceImpl> lease_service_;
  std::unique_ptr<JobFeedServiceImpl> feed_service_;
  std::unique_ptr<JobQueue::Subscription> wakes_;
  std::unique_ptr<GrpcTestServer> server_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  std::unique_ptr<v1::JobLeaseService::Stub> leases_;
  std::unique_ptr<v1::JobFeedService::Stub> feed_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_JOB_SERVICE_JOB_SERVICES_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/status.h"
#include "job_service/reaper.h"
#include "tests/job_service/job_services_fixture.h"
#include "tests/support/await.h"

namespace genwatch {
namespace {

// A second job_service on the same ledger and queue as the fixture's. Workers know only the first.
class Replica {
 public:
  Replica(JobStore* store, JobQueue* queue, const Clock* clock, JobControl::Stop stop)
      : metrics_(*Metrics::Start("127.0.0.1", Metrics::kNoListener, "replica")),
        service_metrics_(*metrics_),
        feeder_(queue),
        control_(store, &feeder_, std::move(stop)),
        waiters_(store, RealClock()),
        waits_(store, clock),
        holds_(store, clock),
        queue_view_(store, queue, &holds_, &waits_),
        forecast_(store, queue, &models_, &holds_, &waits_, clock),
        service_({.operators = {"root"}}, {.store = store,
                                           .feeder = &feeder_,
                                           .control = &control_,
                                           .waiters = &waiters_,
                                           .models = &models_,
                                           .metrics = &service_metrics_,
                                           .executor = &executor_,
                                           .control_executor = &executor_,
                                           .holds = &holds_,
                                           .queue_view = &queue_view_,
                                           .forecast = &forecast_,
                                           .look_for_work = [] {}}),
        server_({&service_}) {}

  ~Replica() {
    waiters_.Shutdown();
    server_.server().Drain();
    executor_.Shutdown();
  }

  std::unique_ptr<v1::JobService::Stub> NewStub() {
    return v1::JobService::NewStub(server_.channel());
  }
  QueueFeeder& feeder() { return feeder_; }

 private:
  std::unique_ptr<Metrics> metrics_;
  ServiceMetrics service_metrics_;
  QueueFeeder feeder_;
  JobControl control_;
  JobWaiters waiters_;
  ModelRegistry models_{""};
  WaitEstimator waits_;
  ModelHolds holds_;
  QueueView queue_view_;
  JobForecast forecast_;
  Executor executor_{"replica", 4, 1000};
  JobServiceImpl service_;
  GrpcTestServer server_;
};

class JobReplicasTest : public JobServicesTest {
 protected:
  // Runs what calls JobService through the second replica.
  template <class Body>
  auto ThroughB(Body body) {
    jobs_.swap(b_jobs_);
    auto result = body();
    jobs_.swap(b_jobs_);
    return result;
  }

  std::atomic<bool> done_ = false;
  Mutex b_mutex_;
  std::string b_stopped_at_ ABSL_GUARDED_BY(b_mutex_);
  uint32_t b_stopped_version_ ABSL_GUARDED_BY(b_mutex_) = 0;
  Replica b_{&store_, &queue_, &clock_,
             [this](const std::string& address, const std::string&, uint32_t version,
                    v1::StopReason) -> absl::StatusOr<v1::StopGenerationResponse> {
               MutexLock lock(b_mutex_);
               b_stopped_at_ = address;
               b_stopped_version_ = version;
               v1::StopGenerationResponse stopped;
               stopped.set_stopped(true);
               v1::TextPiece& tail = *stopped.add_pieces();
               tail.set_channel(v1::CHANNEL_ANSWER);
               tail.set_text("so far");
               return stopped;
             }};
  std::unique_ptr<v1::JobService::Stub> b_jobs_ = b_.NewStub();
};

TEST_F(JobReplicasTest, CancelThroughBStopsAJobThatWasLeasedThroughA) {
  const std::string id = Submit("Say hi")->job_id();
  ASSERT_TRUE(Beat(1).ok());
  const v1::LeasedJob job = Lease()->jobs(0);
  absl::StatusOr<v1::Job> cancelled = ThroughB([&] { return Cancel(id); });
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(stops_, 0);
  {
    MutexLock lock(b_mutex_);
    EXPECT_EQ(b_stopped_at_, "127.0.0.1:1");
    EXPECT_EQ(b_stopped_version_, job.version());
  }
  EXPECT_EQ(Get(id)->state(), v1::Job::STATE_CANCELLED);
  EXPECT_EQ(Output(id), "so far");
  // What the worker says to A comes too late.
  EXPECT_FALSE(Append(job, "so far, so good").ok());
  EXPECT_EQ(ReasonOf(Finish(job, v1::OUTCOME_COMPLETED).status()), "LEASE_LOST");
  EXPECT_EQ(Beat(2, {job})->stop(0).reason(), v1::STOP_REASON_CANCELLED);
  EXPECT_EQ(Cancel(id)->version(), cancelled->version());
}

TEST_F(JobReplicasTest, PausedThroughOneAndResumedThroughTheOther) {
  const std::string id = ThroughB([&] { return Submit("Say hi"); })->job_id();
  ASSERT_TRUE(Pause(id).ok());
  EXPECT_EQ(Lease()->jobs_size(), 0);
  ASSERT_TRUE(ThroughB([&] { return Resume(id); }).ok());
  ASSERT_EQ(Lease()->jobs_size(), 1);
  ASSERT_TRUE(ThroughB([&] { return Pause(id); }).ok());
  EXPECT_EQ(Output(id), "so far");
  ASSERT_TRUE(Resume(id).ok());
  EXPECT_EQ(Lease()->jobs(0).attempt(), 2u);
}

TEST_F(JobReplicasTest, WhoWaitsAtAHearsOfAnOrderThroughB) {
  const std::string id = Submit("Say hi")->job_id();
  std::thread watcher([&] {
    auto stub = v1::JobService::NewStub(server_->channel());
    auto context = TestContext("ann");
    v1::GetJobRequest request;
    request.set_job_id(id);
    request.set_known_version(1);
    request.set_wait_ms(20'000);
    v1::GetJobResponse response;
    EXPECT_TRUE(stub->GetJob(context.get(), request, &response).ok());
    EXPECT_EQ(response.job().state(), v1::Job::STATE_PAUSED);
    done_ = true;
  });
  ASSERT_TRUE(ThroughB([&] { return Pause(id); }).ok());
  // A's own look, four times a second.
  EXPECT_TRUE(Await([&] {
    waiters_.Look();
    return done_.load();
  }));
  watcher.join();
}

TEST_F(JobReplicasTest, AHoldThroughBBindsAAndItsReleaseFreesIt) {
  ASSERT_TRUE(ThroughB([&] { return Hold("m"); }).ok());
  Submit("Say hi").IgnoreError();
  EXPECT_EQ(Lease()->jobs_size(), 0);
  ASSERT_TRUE(ThroughB([&] { return Release("m"); }).ok());
  // A may believe in the hold for a quarter of a second.
  clock_.Advance(absl::Milliseconds(250));
  EXPECT_EQ(Lease()->jobs_size(), 1);
}

TEST_F(JobReplicasTest, RetriesThroughBothMakeOneJob) {
  const std::string id = Submit("Say hi")->job_id();
  ASSERT_TRUE(Cancel(id).ok());
  Mutex mutex;
  std::set<std::string> retries;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      auto stub = i % 2 == 0 ? v1::JobService::NewStub(server_->channel()) : b_.NewStub();
      auto context = TestContext("ann");
      v1::RetryJobRequest request;
      request.set_job_id(id);
      v1::RetryJobResponse response;
      ASSERT_TRUE(stub->RetryJob(context.get(), request, &response).ok());
      MutexLock lock(mutex);
      retries.insert(response.job().job_id());
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(retries.size(), 1u);
  EXPECT_EQ(Lease()->jobs_size(), 1);
  EXPECT_EQ(Lease(0, "w_2")->jobs_size(), 0);
}

TEST_F(JobReplicasTest, OppositeOrdersThroughBothLeaveOneOfTheirStates) {
  for (int round = 0; round < 20; ++round) {
    const std::string id = Submit("Say hi")->job_id();
    std::thread other([&] {
      auto stub = b_.NewStub();
      auto context = TestContext("ann");
      v1::CancelJobRequest request;
      request.set_job_id(id);
      v1::CancelJobResponse response;
      EXPECT_TRUE(stub->CancelJob(context.get(), request, &response).ok());
    });
    const absl::Status paused = Pause(id).status();
    EXPECT_TRUE(paused.ok() || ReasonOf(paused) == "WRONG_STATE") << paused;
    other.join();
    // Whichever came first, a cancelled job stays so.
    EXPECT_EQ(Get(id)->state(), v1::Job::STATE_CANCELLED);
  }
  EXPECT_EQ(Lease()->jobs_size(), 0);
}

TEST_F(JobReplicasTest, AJobDeletedThroughBIsNotFoundAtA) {
  const std::string id = Submit("Say hi")->job_id();
  ASSERT_TRUE(Cancel(id).ok());
  ASSERT_TRUE(ThroughB([&] { return Delete(id); }).ok());
  EXPECT_EQ(Get(id).status(), JobNotFound(id));
  EXPECT_EQ(Delete(id), JobNotFound(id));
}

TEST_F(JobReplicasTest, TwoReapersAndTwoReconcilersQueueALostJobOnce) {
  const std::string id = Submit("Say hi")->job_id();
  ASSERT_EQ(Lease()->jobs_size(), 1);
  LedgerHealth b_health;
  Reaper a(&store_, &feeder_, &health_, &clock_);
  Reaper b(&store_, &b_.feeder(), &b_health, &clock_);
  Reconciler b_reconciler(&store_, &queue_, &b_.feeder());
  for (int second = 0; second < 8; ++second) {
    std::thread other([&] {
      b.Run();
      b_reconciler.Run();
    });
    a.Run();
    reconciler_.Run();
    other.join();
    clock_.Advance(absl::Seconds(1));
  }
  absl::StatusOr<v1::Job> job = Get(id);
  EXPECT_EQ(job->state(), v1::Job::STATE_QUEUED);
  EXPECT_EQ(job->version(), 3u);
  EXPECT_EQ(job->failures(), 0u);
  EXPECT_EQ(queue_.Peek("m", 0, 10)->size(), 1u);
  ASSERT_TRUE(Beat(2).ok());
  EXPECT_EQ(Lease()->jobs_size(), 1);
}

}  // namespace
}  // namespace genwatch

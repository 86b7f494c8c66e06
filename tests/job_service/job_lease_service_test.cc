#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "tests/job_service/job_services_fixture.h"

namespace genwatch {
namespace {

TEST_F(JobServicesTest, ALongPollIsAnsweredWhenAJobComes) {
  std::thread worker([&] {
    absl::StatusOr<v1::LeaseJobsResponse> leased = Lease(/*wait_ms=*/20'000);
    ASSERT_TRUE(leased.ok()) << leased.status();
    EXPECT_EQ(leased->jobs_size(), 1);
  });
  EXPECT_TRUE(Submit("Say hi").ok());
  worker.join();
}

TEST_F(JobServicesTest, AWorkerThatLeavesItsPollTakesNoJobWithIt) {
  std::unique_ptr<grpc::ClientContext> context = TestContext();
  v1::LeaseJobsRequest request;
  request.mutable_worker()->set_instance("w_gone");
  v1::ModelSlots& slots = *request.add_models();
  slots.set_model("m");
  slots.set_limit(1);
  slots.set_free(1);
  request.set_wait_ms(20'000);
  v1::LeaseJobsResponse response;
  std::thread worker(
      [&] { EXPECT_FALSE(leases_->LeaseJobs(context.get(), request, &response).ok()); });
  context->TryCancel();
  worker.join();
  EXPECT_TRUE(Submit("Say hi").ok());
  EXPECT_EQ(Lease(/*wait_ms=*/5'000)->jobs_size(), 1);
}

TEST_F(JobServicesTest, TwoWorkersNeverOverfillOneModelServer) {
  Submit("one").IgnoreError();
  Submit("two").IgnoreError();
  EXPECT_EQ(Lease(0, "w_1")->jobs_size(), 1);
  EXPECT_EQ(Lease(0, "w_2")->jobs_size(), 0);
}

// An answer that no channel takes would be leased, lost and released for ever.
TEST_F(JobServicesTest, KeptTextsThatDoNotFitIntoOneAnswerComeInSeveral) {
  constexpr uint32_t kJobs = 20;
  constexpr size_t kChannelTakes = 16 << 20;
  ASSERT_TRUE(Beat(1).ok());
  v1::LeaseJobsRequest request;
  request.mutable_worker()->set_instance("w_1");
  request.mutable_worker()->set_server_url("http://models");
  v1::ModelSlots& slots = *request.add_models();
  slots.set_model("m");
  slots.set_limit(kJobs);
  slots.set_free(kJobs);
  request.set_max_jobs(kJobs);
  request.set_continues(true);
  for (uint32_t i = 0; i < kJobs; ++i) ASSERT_TRUE(Submit("long").ok());
  const auto first = leaser_.Lease(request);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->jobs_size(), kJobs);
  for (const v1::LeasedJob& job : first->jobs()) {
    ASSERT_TRUE(Append(job, std::string(1 << 20, 'x')).ok());
    ASSERT_TRUE(Finish(job, v1::OUTCOME_HANDED_OVER).ok());
  }

  std::set<std::string> leased;
  for (uint32_t answers = 0; answers < kJobs && leased.size() < kJobs; ++answers) {
    slots.set_free(kJobs - static_cast<uint32_t>(leased.size()));
    const auto answer = leaser_.Lease(request);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_LT(answer->ByteSizeLong(), kChannelTakes);
    for (const v1::LeasedJob& job : answer->jobs()) {
      EXPECT_EQ(job.answer().size(), 1u << 20);
      EXPECT_TRUE(leased.insert(job.job_id()).second);
    }
  }
  EXPECT_EQ(leased.size(), kJobs);
}

TEST_F(JobServicesTest, NothingIsLeasedWhileTheLedgerIsUnhealthy) {
  Submit("one").IgnoreError();
  health_.Set(false);
  EXPECT_EQ(Lease()->jobs_size(), 0);
  health_.Set(true);
  EXPECT_EQ(Lease()->jobs_size(), 1);
}

// Any failure was final.
TEST_F(JobServicesTest, SeedDefect6APassingFaultIsRetriedLater) {
  const std::string id = Submit("one")->job_id();
  absl::StatusOr<v1::FinishAttemptResponse> finished =
      Finish(Lease()->jobs(0), v1::OUTCOME_PASSING, "STREAM_ERROR");
  ASSERT_TRUE(finished.ok()) << finished.status();
  EXPECT_EQ(finished->state(), v1::Job::STATE_QUEUED);
  absl::StatusOr<v1::Job> job = Get(id);
  EXPECT_EQ(job->reason(), "STREAM_ERROR");
  EXPECT_EQ(job->failures(), 1u);
  EXPECT_TRUE(job->has_retry_time());
  reconciler_.Run();
  EXPECT_EQ(Lease()->jobs_size(), 0);
  clock_.Advance(absl::Seconds(2));
  reconciler_.Run();
  absl::StatusOr<v1::LeaseJobsResponse> again = Lease();
  ASSERT_EQ(again->jobs_size(), 1);
  EXPECT_EQ(again->jobs(0).attempt(), 2u);
}

TEST_F(JobServicesTest, TheBudgetOfFailuresEndsTheJobAndKeepsItsText) {
  const std::string id = Submit("one")->job_id();
  for (int failure = 1; failure <= 3; ++failure) {
    absl::StatusOr<v1::LeaseJobsResponse> leased = Lease();
    ASSERT_EQ(leased->jobs_size(), 1) << failure;
    ASSERT_TRUE(Append(leased->jobs(0), "so far").ok());
    ASSERT_TRUE(Finish(leased->jobs(0), v1::OUTCOME_PASSING, "STREAM_ERROR").ok());
    clock_.Advance(absl::Minutes(2));
    reconciler_.Run();
  }
  absl::StatusOr<v1::Job> job = Get(id);
  EXPECT_EQ(job->state(), v1::Job::STATE_FAILED);
  EXPECT_EQ(job->numbers().answer_bytes(), 6u);
}

v1::LeaseJobsRequest LeaseRequest(const std::string& instance, uint32_t free) {
  v1::LeaseJobsRequest request;
  request.mutable_worker()->set_instance(instance);
  v1::ModelSlots& slots = *request.add_models();
  slots.set_model("m");
  slots.set_limit(10);
  slots.set_free(free);
  request.set_max_jobs(free);
  request.set_continues(true);
  return request;
}

TEST_F(JobServicesTest, TheLeaseBringsTheTextToGoOnFrom) {
  const std::string id = Submit("one")->job_id();
  const v1::LeasedJob first = Lease()->jobs(0);
  EXPECT_EQ(first.answer(), "");
  ASSERT_TRUE(Append(first, "so f\xC3\xA4r").ok());
  ASSERT_TRUE(Finish(first, v1::OUTCOME_HANDED_OVER).ok());
  const absl::StatusOr<v1::LeaseJobsResponse> again = leaser_.Lease(LeaseRequest("w_1", 1));
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_EQ(again->jobs_size(), 1);
  const v1::LeasedJob& second = again->jobs(0);
  EXPECT_EQ(second.answer(), "so f\xC3\xA4r");
  EXPECT_EQ(second.thinking(), "");
  ASSERT_EQ(second.bases_size(), 2);
  EXPECT_EQ(second.bases(1).answer(), 7u);
  EXPECT_EQ(Get(id)->resume_mode(), v1::RESUME_MODE_CONTINUED);
}

// Their place at the head of the queue must not keep those behind them from busy workers.
TEST_F(JobServicesTest, SuspectsDoNotBlockTheJobsBehindThem) {
  for (int i = 0; i < 3; ++i) Submit("suspect").IgnoreError();
  for (int loss = 0; loss < 2; ++loss) {
    v1::Worker lost;
    lost.set_instance("w_lost");
    ASSERT_TRUE(store_.Heartbeat(lost, 1, {}).ok());
    ASSERT_EQ(leaser_.Lease(LeaseRequest("w_lost", 3))->jobs_size(), 3);
    const auto jobs = store_.ReapWorker("w_lost", 1);
    ASSERT_TRUE(jobs.ok()) << jobs.status();
    feeder_.Enqueue(*jobs);
  }
  const std::string behind = Submit("behind")->job_id();
  const auto busy = leaser_.Lease(LeaseRequest("w_1", 1));
  ASSERT_TRUE(busy.ok()) << busy.status();
  ASSERT_EQ(busy->jobs_size(), 1);
  EXPECT_EQ(busy->jobs(0).job_id(), behind);

  // All of them are back in the queue; an idle worker takes one, and nothing beside it.
  v1::LeaseJobsRequest idle = LeaseRequest("w_2", 5);
  idle.set_idle(true);
  const auto alone = leaser_.Lease(idle);
  ASSERT_TRUE(alone.ok()) << alone.status();
  ASSERT_EQ(alone->jobs_size(), 1);
  EXPECT_TRUE(alone->jobs(0).alone());
}

// A worker that was stopped for longer than a lease speaks of the lease again: with a heartbeat, or
// with a result if it woke up at the end of one.
TEST_F(JobServicesTest, AWorkerThatComesBackTakesBackWhatItsLossCost) {
  for (const bool finishes : {false, true}) {
    const std::string id = Submit("innocent")->job_id();
    for (int loss = 0; loss < 2; ++loss) {
      ASSERT_TRUE(Beat(1).ok());
      ASSERT_EQ(leaser_.Lease(LeaseRequest("w_1", 1))->jobs_size(), 1);
      feeder_.Enqueue(*store_.ReapWorker("w_1", 1));
    }
    ASSERT_TRUE(Beat(1).ok());
    v1::LeaseJobsRequest idle = LeaseRequest("w_1", 1);
    idle.set_idle(true);
    const v1::LeasedJob alone = leaser_.Lease(idle)->jobs(0);
    ASSERT_TRUE(alone.alone());
    feeder_.Enqueue(*store_.ReapWorker("w_1", 1));
    ASSERT_EQ(Get(id)->failures(), 1u);

    if (finishes) {
      EXPECT_EQ(ReasonOf(Finish(alone, v1::OUTCOME_COMPLETED).status()), "LEASE_LOST");
    } else {
      const auto beat = Beat(2, {alone});
      ASSERT_TRUE(beat.ok()) << beat.status();
      ASSERT_EQ(beat->stop_size(), 1);
      EXPECT_EQ(beat->stop(0).reason(), v1::STOP_REASON_LEASE_LOST);
      ASSERT_TRUE(store_.ReapWorker("w_1", 2).ok());
    }
    EXPECT_EQ(Get(id)->failures(), 0u);
    EXPECT_TRUE(Cancel(id).ok());
  }
}

TEST_F(JobServicesTest, AHeartbeatAsksTheChosenWorkerToMakeRoom) {
  models_.Update([] {
    v1::ModelReport report;
    report.add_models()->set_name("m");
    return report;
  }());
  Submit("suspect").IgnoreError();
  for (int loss = 0; loss < 2; ++loss) {
    v1::Worker lost;
    lost.set_instance("w_lost");
    ASSERT_TRUE(store_.Heartbeat(lost, 1, {}).ok());
    ASSERT_EQ(leaser_.Lease(LeaseRequest("w_lost", 1))->jobs_size(), 1);
    feeder_.Enqueue(*store_.ReapWorker("w_lost", 1));
  }
  room_.Run();
  EXPECT_FALSE(Beat(2)->make_room());
  clock_.Advance(SuspectRoom::kPatience);
  room_.Run();
  EXPECT_TRUE(Beat(3)->make_room());
}

TEST_F(JobServicesTest, APollThatNamesTooManyModelsIsRefused) {
  v1::LeaseJobsRequest request;
  request.mutable_worker()->set_instance("w_1");
  for (int i = 0; i < 1000; ++i) request.add_models()->set_model(absl::StrCat("m", i));
  v1::LeaseJobsResponse response;
  EXPECT_TRUE(leases_->LeaseJobs(TestContext().get(), request, &response).ok());
  request.add_models()->set_model("one_more");
  EXPECT_EQ(leases_->LeaseJobs(TestContext().get(), request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(JobServicesTest, ALeaseThatIsLostIsAborted) {
  Submit("one").IgnoreError();
  v1::LeasedJob job = Lease()->jobs(0);
  job.set_version(job.version() + 7);
  const absl::Status status = Finish(job, v1::OUTCOME_COMPLETED).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(status), "LEASE_LOST");
  EXPECT_THAT(metrics_->Scrape(),
              testing::HasSubstr("writes_refused_total{call=\"FinishAttempt\"} 1"));
}

TEST_F(JobServicesTest, FinishingTwiceIsTheSameAsOnce) {
  Submit("one").IgnoreError();
  const v1::LeasedJob job = Lease()->jobs(0);
  absl::StatusOr<v1::FinishAttemptResponse> first = Finish(job, v1::OUTCOME_COMPLETED);
  absl::StatusOr<v1::FinishAttemptResponse> second = Finish(job, v1::OUTCOME_COMPLETED);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->version(), second->version());
}

TEST_F(JobServicesTest, AHandedOverJobGoesOnAtOnceAtNoCost) {
  const std::string id = Submit("one")->job_id();
  ASSERT_TRUE(Finish(Lease()->jobs(0), v1::OUTCOME_HANDED_OVER).ok());
  EXPECT_EQ(Get(id)->failures(), 0u);
  EXPECT_EQ(Lease()->jobs_size(), 1);
}

TEST_F(JobServicesTest, ALeaseThatWasNeverReceivedIsReleased) {
  const std::string id = Submit("one")->job_id();
  ASSERT_TRUE(Beat(1).ok());
  ASSERT_EQ(Lease()->jobs_size(), 1);
  for (uint32_t number = 2; number <= 5; ++number) ASSERT_TRUE(Beat(number).ok());
  EXPECT_EQ(Get(id)->state(), v1::Job::STATE_QUEUED);
  EXPECT_EQ(Get(id)->failures(), 0u);
}

// An id popped from Redis was gone with the worker that popped it.
TEST_F(JobServicesTest, SeedDefect2ALostWorkersJobIsServedAgain) {
  const std::string id = Submit("one")->job_id();
  ASSERT_TRUE(Beat(1).ok());
  ASSERT_EQ(Lease()->jobs_size(), 1);
  absl::StatusOr<std::vector<JobRecord>> released = store_.ReapWorker("w_1", 1);
  ASSERT_TRUE(released.ok()) << released.status();
  feeder_.Enqueue(*released);
  EXPECT_EQ(Get(id)->failures(), 0u);
  EXPECT_EQ(Lease(0, "w_2")->jobs_size(), 1);
}

TEST_F(JobServicesTest, AWorkersModelsAreKnownAfterItsHeartbeat) {
  EXPECT_TRUE(Beat(1)->want_models());
  auto context = TestContext();
  v1::HeartbeatRequest request;
  request.mutable_worker()->set_instance("w_1");
  request.set_number(2);
  request.mutable_models()->mutable_server()->set_url("http://models");
  request.mutable_models()->mutable_server()->set_simulated(true);
  request.mutable_models()->add_models()->set_name("m");
  v1::HeartbeatResponse beat;
  ASSERT_TRUE(leases_->Heartbeat(context.get(), request, &beat).ok());
  EXPECT_FALSE(beat.want_models());

  auto list = TestContext("ann");
  v1::ListModelsResponse models;
  ASSERT_TRUE(jobs_->ListModels(list.get(), v1::ListModelsRequest(), &models).ok());
  EXPECT_EQ(models.models(0).name(), "m");
  EXPECT_TRUE(models.simulated());
}

}  // namespace
}  // namespace genwatch

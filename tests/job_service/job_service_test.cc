#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/status.h"
#include "job_service/bookkeeper.h"
#include "tests/job_service/job_services_fixture.h"
#include "tests/support/await.h"

namespace genwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(JobServicesTest, ASubmittedJobIsQueuedAndCanBeRead) {
  absl::StatusOr<v1::Job> job = Submit("Say hi");
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->state(), v1::Job::STATE_QUEUED);
  EXPECT_EQ(job->owner_id(), "ann");
  EXPECT_EQ(job->version(), 1u);
  EXPECT_EQ(job->spec().priority(), v1::PRIORITY_NORMAL);
  EXPECT_EQ(Get(job->job_id())->spec().prompt(), "Say hi");
  EXPECT_EQ(queue_.Places({{.job_id = job->job_id()}})->at(0).position, 1u);
}

TEST_F(JobServicesTest, WithoutIdentityNothingIsDone) {
  const absl::Status status = Submit("Say hi", "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(status), "NO_IDENTITY");
}

TEST_F(JobServicesTest, BadInputNamesTheField) {
  const absl::Status status = Submit(" ").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "INVALID_SPEC");
  EXPECT_THAT(std::string(status.message()), HasSubstr("prompt"));
  EXPECT_EQ(ReasonOf(Get("nonsense").status()), "BAD_JOB_ID");
}

TEST_F(JobServicesTest, AnUnknownModelIsRefusedWhenTheListIsKnown) {
  v1::ModelReport report;
  report.mutable_server()->set_url("http://models");
  report.mutable_server()->set_reachable(true);
  report.add_models()->set_name("other");
  models_.Update(report);
  const absl::Status status = Submit("Say hi").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), "MODEL_NOT_FOUND");
}

// Anybody could read, watch and cancel anybody's job.
TEST_F(JobServicesTest, SeedDefect21AJobOfSomebodyElseIsNotFound) {
  const std::string id = Submit("Say hi")->job_id();
  for (const absl::Status& status :
       {Get(id, "bob").status(), Cancel(id, "bob").status(), Pause(id, "bob").status(),
        Resume(id, "bob").status(), Retry(id, "bob").status(), Delete(id, "bob"),
        SetPriority(id, v1::PRIORITY_HIGH, "bob").status()}) {
    EXPECT_EQ(status, JobNotFound(id));
    EXPECT_EQ(ReasonOf(status), "JOB_NOT_FOUND");
  }
  const std::string never = "job_" + std::string(32, '0');
  for (const absl::Status& status :
       {Get(never, "bob").status(), Cancel(never, "bob").status(), Pause(never, "bob").status(),
        Resume(never, "bob").status(), Retry(never, "bob").status(), Delete(never, "bob"),
        SetPriority(never, v1::PRIORITY_HIGH, "bob").status()}) {
    EXPECT_EQ(status, JobNotFound(never));
  }
  EXPECT_TRUE(State(id, "bob")->not_found());
}

// A double click made two jobs.
TEST_F(JobServicesTest, SeedDefect8TheSameRequestIdIsTheSameJob) {
  v1::SubmitJobRequest request = Request("Say hi");
  request.set_request_id("click-1");
  const std::string first = Submit(request)->job_id();
  EXPECT_EQ(Submit(request)->job_id(), first);
  request.mutable_spec()->set_prompt("Say bye");
  EXPECT_EQ(ReasonOf(Submit(request).status()), "REQUEST_ID_REUSED");
  EXPECT_NE(Submit(request, "bob")->job_id(), first);
}

// A push to Redis that failed was swallowed, and the job waited for ever.
TEST_F(JobServicesTest, SeedDefect3AJobThatMissedTheQueueIsFoundByTheReconciler) {
  queue_.SetDown(true);
  absl::StatusOr<v1::Job> job = Submit("Say hi");
  ASSERT_TRUE(job.ok()) << job.status();
  queue_.SetDown(false);
  EXPECT_EQ(Lease()->jobs_size(), 0);
  reconciler_.Run();
  ASSERT_EQ(Lease()->jobs_size(), 1);
}

TEST_F(JobServicesTest, AnEmptiedQueueIsFilledFromTheLedger) {
  const std::string id = Submit("Say hi")->job_id();
  queue_.RestartEmpty();
  EXPECT_FALSE(Lease().ok());
  reconciler_.Run();
  ASSERT_EQ(Lease()->jobs_size(), 1);
  EXPECT_EQ(Get(id)->state(), v1::Job::STATE_PROCESSING);
}

TEST_F(JobServicesTest, PostsAreListedByTheirLabels) {
  Submit("no post").IgnoreError();
  for (const char* kind : {"prompt", "app", "prompt"}) {
    v1::SubmitJobRequest request = Request(kind);
    (*request.mutable_spec()->mutable_labels())["kind"] = kind;
    ASSERT_TRUE(Submit(request).ok());
  }
  v1::ListJobsRequest request;
  request.add_label_keys("kind");
  request.set_page_size(2);
  absl::StatusOr<v1::ListJobsResponse> page = List(request);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->jobs_size(), 2);
  EXPECT_EQ(page->jobs(1).spec().labels().at("kind"), "app");
  request.set_page_token(page->next_page_token());
  page = List(request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->jobs_size(), 1);
  EXPECT_EQ(page->next_page_token(), "");
  // The token belongs to the list with this key.
  request.set_page_token(List([] {
                           v1::ListJobsRequest all;
                           all.set_page_size(1);
                           return all;
                         }())
                             ->next_page_token());
  EXPECT_EQ(ReasonOf(List(request).status()), "BAD_PAGE_TOKEN");
  request.add_label_keys("Not \"a\" key");
  EXPECT_EQ(ReasonOf(List(request).status()), "INVALID_LABEL_KEYS");
}

TEST_F(JobServicesTest, WhatWasToldOfTimesLeftIsShownToEverybody) {
  const std::string id = Submit("one")->job_id();
  const v1::LeasedJob job = Lease()->jobs(0);
  ASSERT_TRUE(Finish(job, v1::OUTCOME_COMPLETED).ok());
  v1::EstimateScore score;
  score.set_job_id(id);
  for (int i = 0; i < 3; ++i) {
    v1::ShareScore& share = *score.add_shares();
    share.set_remaining_log_error(1);
    share.set_told_ms(3000);
    share.set_true_ms(1000);
  }
  ASSERT_TRUE(store_.RecordScores({&score, 1}).ok());
  ASSERT_TRUE(store_.CountEnded(absl::ZeroDuration(), 10).ok());
  v1::ListEstimateSamplesRequest request;
  request.set_model("m");
  absl::StatusOr<v1::ListEstimateSamplesResponse> samples = Samples(request, "bob");
  ASSERT_TRUE(samples.ok()) << samples.status();
  ASSERT_EQ(samples->samples_size(), 3);
  EXPECT_EQ(samples->samples(0).model(), "m");
  EXPECT_EQ(samples->samples(0).share(), 75u);
  EXPECT_EQ(samples->samples(0).told_ms(), 3000u);
  EXPECT_EQ(samples->samples(0).true_ms(), 1000u);
  EXPECT_TRUE(samples->samples(0).has_end_time());
  request.set_limit(1);
  EXPECT_EQ(Samples(request)->samples_size(), 1);
  request.set_model("another");
  EXPECT_EQ(Samples(request)->samples_size(), 0);
  EXPECT_EQ(ReasonOf(Samples(request, "").status()), "NO_IDENTITY");
}

TEST_F(JobServicesTest, WithoutTheLedgerSubmitsAreUnavailable) {
  store_.SetUnavailable(true);
  EXPECT_EQ(Submit("Say hi").status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(JobServicesTest, ListsGoPageByPageNewestFirst) {
  std::vector<std::string> submitted;
  for (int i = 0; i < 5; ++i) submitted.push_back(Submit("job " + std::to_string(i))->job_id());
  Submit("of bob", "bob").IgnoreError();
  std::vector<std::string> listed;
  v1::ListJobsRequest request;
  request.set_page_size(2);
  do {
    auto context = TestContext("ann");
    v1::ListJobsResponse response;
    ASSERT_TRUE(jobs_->ListJobs(context.get(), request, &response).ok());
    for (const v1::Job& job : response.jobs()) listed.push_back(job.job_id());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(listed, testing::ElementsAreArray(submitted.rbegin(), submitted.rend()));
}

TEST_F(JobServicesTest, AListShowsTheBeginningOfThePromptOnly) {
  Submit(std::string(1000, 'x')).IgnoreError();
  auto context = TestContext("ann");
  v1::ListJobsResponse response;
  ASSERT_TRUE(jobs_->ListJobs(context.get(), v1::ListJobsRequest(), &response).ok());
  EXPECT_EQ(response.jobs(0).spec().prompt().size(), 200u);
}

TEST_F(JobServicesTest, GetJobWaitsForAChange) {
  const std::string id = Submit("Say hi")->job_id();
  std::thread watcher([&] {
    auto context = TestContext("ann");
    v1::GetJobRequest request;
    request.set_job_id(id);
    request.set_known_version(1);
    request.set_wait_ms(20'000);
    v1::GetJobResponse response;
    EXPECT_TRUE(jobs_->GetJob(context.get(), request, &response).ok());
    EXPECT_EQ(response.job().state(), v1::Job::STATE_CANCELLED);
  });
  // The order's own look answers the waiter; should it come first, the call returns at once.
  EXPECT_TRUE(Cancel(id).ok());
  EXPECT_TRUE(Await([&] {
    waiters_.Look();
    return true;
  }));
  watcher.join();
}

TEST_F(JobServicesTest, CancelOfAWaitingJobTakesItOutOfTheQueue) {
  const std::string id = Submit("Say hi")->job_id();
  EXPECT_EQ(Cancel(id)->state(), v1::Job::STATE_CANCELLED);
  EXPECT_EQ(stops_, 0);
  EXPECT_EQ(Lease()->jobs_size(), 0);
}

// Cancel edited a record that nobody read.
TEST_F(JobServicesTest, SeedDefect7CancelOfARunningJobStopsItsWorkerAndKeepsTheTail) {
  const std::string id = Submit("Say hi")->job_id();
  const v1::LeasedJob job = Lease()->jobs(0);
  ASSERT_TRUE(Append(job, "Hello, ").ok());
  v1::StopGenerationResponse stopped;
  stopped.set_stopped(true);
  v1::TextPiece& tail = *stopped.add_pieces();
  tail.set_channel(v1::CHANNEL_ANSWER);
  tail.set_offset(7);
  tail.set_text("wor");
  SetStopped(stopped);
  EXPECT_EQ(Cancel(id)->state(), v1::Job::STATE_CANCELLED);
  EXPECT_EQ(stops_, 1);

  auto context = TestContext("ann");
  v1::GetJobOutputRequest request;
  request.set_job_id(id);
  v1::GetJobOutputResponse output;
  ASSERT_TRUE(jobs_->GetJobOutput(context.get(), request, &output).ok());
  EXPECT_EQ(output.text(), "Hello, wor");
  EXPECT_TRUE(output.complete());
  // Its worker can add nothing more, and hears so.
  EXPECT_FALSE(Append(job, "ld").ok());
}

TEST_F(JobServicesTest, AWorkerThatDoesNotAnswerIsToldByItsHeartbeat) {
  const std::string id = Submit("Say hi")->job_id();
  ASSERT_TRUE(Beat(1).ok());
  const v1::LeasedJob job = Lease()->jobs(0);
  EXPECT_EQ(Cancel(id)->state(), v1::Job::STATE_CANCELLED);
  absl::StatusOr<v1::HeartbeatResponse> beat = Beat(2, {job});
  ASSERT_TRUE(beat.ok()) << beat.status();
  ASSERT_EQ(beat->stop_size(), 1);
  EXPECT_EQ(beat->stop(0).reason(), v1::STOP_REASON_CANCELLED);
}

TEST_F(JobServicesTest, CancelIsIdempotentAndRefusedAfterAnotherEnd) {
  const std::string cancelled = Submit("one")->job_id();
  ASSERT_TRUE(Cancel(cancelled).ok());
  EXPECT_EQ(Cancel(cancelled)->version(), Get(cancelled)->version());

  const std::string completed = Submit("two")->job_id();
  ASSERT_TRUE(Finish(Lease()->jobs(0), v1::OUTCOME_COMPLETED).ok());
  const absl::Status status = Cancel(completed).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
  EXPECT_THAT(std::string(status.message()), HasSubstr("completed"));
}

TEST_F(JobServicesTest, ModelStatsTellHowTheJobsOfADayWent) {
  for (const char* const prompt : {"one", "two", "three"}) Submit(prompt).IgnoreError();
  ASSERT_TRUE(Finish(Lease()->jobs(0), v1::OUTCOME_COMPLETED).ok());
  ASSERT_TRUE(Finish(Lease()->jobs(0), v1::OUTCOME_COMPLETED).ok());
  const v1::LeasedJob last = Lease()->jobs(0);
  ASSERT_TRUE(Finish(last, v1::OUTCOME_PERMANENT, "BAD").ok());
  Bookkeeper(&store_, absl::ZeroDuration()).Run();

  auto context = TestContext("bob");
  v1::GetModelStatsRequest request;
  v1::GetModelStatsResponse response;
  ASSERT_TRUE(jobs_->GetModelStats(context.get(), request, &response).ok());
  ASSERT_THAT(response.stats(), SizeIs(1));
  const v1::ModelStats& stats = response.stats(0);
  EXPECT_EQ(stats.model(), last.spec().model());
  EXPECT_EQ(stats.period(), v1::ModelStats::PERIOD_DAY);
  EXPECT_EQ(stats.finished(), 2);
  EXPECT_EQ(stats.failed(), 1);
  EXPECT_NEAR(stats.success_rate(), 2.0 / 3, 1e-9);

  context = TestContext("bob");
  request.set_model("another");
  response.Clear();
  ASSERT_TRUE(jobs_->GetModelStats(context.get(), request, &response).ok());
  EXPECT_THAT(response.stats(), SizeIs(0));
}

TEST_F(JobServicesTest, ModelStatsOfTooManyPeriodsAreRefused) {
  v1::GetModelStatsResponse response;
  for (const auto& [period, periods] : {std::pair{v1::ModelStats::PERIOD_DAY, 367},
                                        {v1::ModelStats::PERIOD_WEEK, 53},
                                        {static_cast<v1::ModelStats::Period>(9), 1}}) {
    v1::GetModelStatsRequest request;
    request.set_period(period);
    request.set_periods(static_cast<uint32_t>(periods));
    auto context = TestContext("ann");
    const absl::Status status =
        FromGrpcStatus(jobs_->GetModelStats(context.get(), request, &response));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  }
  auto nobody = TestContext("");
  EXPECT_EQ(jobs_->GetModelStats(nobody.get(), v1::GetModelStatsRequest(), &response).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(JobServicesTest, AttemptsTellHowLongTheJobWaitedForThem) {
  const std::string job_id = Submit("one")->job_id();
  clock_.Advance(absl::Seconds(3));
  const v1::LeasedJob first = Lease()->jobs(0);
  clock_.Advance(absl::Seconds(10));
  ASSERT_TRUE(Finish(first, v1::OUTCOME_HANDED_OVER).ok());
  clock_.Advance(absl::Seconds(5));
  ASSERT_THAT(Lease()->jobs(), SizeIs(1));

  const absl::StatusOr<v1::Job> job = Get(job_id);
  ASSERT_THAT(job->attempts(), SizeIs(2));
  EXPECT_EQ(job->attempts(0).queued_ms(), 3000);
  EXPECT_EQ(job->attempts(1).queued_ms(), 5000);
  // The feed's snapshot tells since when it runs.
  EXPECT_EQ(State(job_id)->progress().state_time().seconds(),
            job->attempts(1).lease_time().seconds());
}

}  // namespace
}  // namespace genwatch

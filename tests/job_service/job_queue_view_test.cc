#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "common/status.h"
#include "tests/job_service/job_services_fixture.h"

namespace genwatch {
namespace {

// What people see of the queues, and how operators hold them.
class JobQueueViewTest : public JobServicesTest {
 protected:
  v1::ModelQueue QueueOf(const std::string& model, const std::string& user = "ann") {
    absl::StatusOr<v1::GetQueueResponse> response = Queue(model, user);
    EXPECT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->queues_size(), 1);
    return response->queues(0);
  }
};

TEST_F(JobQueueViewTest, OwnJobsAreShownWholeAndOthersOnlyWhereTheyStand) {
  const std::string running = Submit("one", "bob")->job_id();
  ASSERT_EQ(Lease()->jobs_size(), 1);
  const std::string mine = Submit("two")->job_id();
  Submit("three", "bob").IgnoreError();

  const v1::ModelQueue queue = QueueOf("m");
  EXPECT_EQ(queue.model(), "m");
  EXPECT_EQ(queue.running(), 1u);
  EXPECT_EQ(queue.waiting(), 2u);
  EXPECT_EQ(queue.retrying(), 0u);
  EXPECT_FALSE(queue.held());
  ASSERT_EQ(queue.entries_size(), 3);
  const v1::QueueEntry& first = queue.entries(0);
  EXPECT_EQ(first.state(), v1::Job::STATE_PROCESSING);
  EXPECT_EQ(first.job_id(), "");
  EXPECT_FALSE(first.mine());
  EXPECT_EQ(first.priority(), v1::PRIORITY_UNSPECIFIED);
  EXPECT_TRUE(first.has_create_time());
  const v1::QueueEntry& second = queue.entries(1);
  EXPECT_EQ(second.job_id(), mine);
  EXPECT_TRUE(second.mine());
  EXPECT_EQ(second.state(), v1::Job::STATE_QUEUED);
  EXPECT_EQ(second.queue_position(), 1u);
  EXPECT_EQ(second.priority(), v1::PRIORITY_NORMAL);
  const v1::QueueEntry& third = queue.entries(2);
  EXPECT_EQ(third.job_id(), "");
  EXPECT_EQ(third.queue_position(), 2u);
  // Bob sees the same queue from the other side.
  EXPECT_EQ(QueueOf("m", "bob").entries(0).job_id(), running);
  EXPECT_EQ(QueueOf("m", "bob").entries(1).job_id(), "");
}

TEST_F(JobQueueViewTest, OwnJobsFarBackAreFoundAndOthersAreNotListedThatFar) {
  for (int i = 0; i < 150; ++i) Submit("job", "owner" + std::to_string(i)).IgnoreError();
  const std::string mine = Submit("mine")->job_id();
  const v1::ModelQueue queue = QueueOf("m");
  EXPECT_EQ(queue.waiting(), 151u);
  ASSERT_EQ(queue.entries_size(), 101);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(queue.entries(i).queue_position(), static_cast<uint32_t>(i + 1));
  }
  EXPECT_EQ(queue.entries(100).job_id(), mine);
  EXPECT_EQ(queue.entries(100).queue_position(), 151u);
}

TEST_F(JobQueueViewTest, AJobThatWaitsForItsRetryIsCountedAsSuch) {
  const std::string id = Submit("one")->job_id();
  ASSERT_TRUE(Finish(Lease()->jobs(0), v1::OUTCOME_PASSING, "STREAM_ERROR").ok());
  const v1::ModelQueue queue = QueueOf("m");
  EXPECT_EQ(queue.retrying(), 1u);
  EXPECT_EQ(queue.waiting(), 0u);
  ASSERT_EQ(queue.entries_size(), 1);
  EXPECT_EQ(queue.entries(0).job_id(), id);
  EXPECT_EQ(queue.entries(0).queue_position(), 0u);
  EXPECT_EQ(QueueOf("m", "bob").entries_size(), 0);
}

TEST_F(JobQueueViewTest, AllModelsThatHaveJobsOrAreHeldAreListed) {
  EXPECT_EQ(Queue()->queues_size(), 0);
  Submit("one").IgnoreError();
  v1::SubmitJobRequest request = Request("two");
  request.mutable_spec()->set_model("other");
  const std::string other = Submit(request)->job_id();
  ASSERT_TRUE(Hold("third").ok());
  absl::StatusOr<v1::GetQueueResponse> response = Queue();
  ASSERT_EQ(response->queues_size(), 3);
  EXPECT_EQ(response->queues(0).model(), "m");
  EXPECT_EQ(response->queues(1).model(), "other");
  EXPECT_EQ(response->queues(2).model(), "third");
  EXPECT_TRUE(response->queues(2).held());
  ASSERT_TRUE(Cancel(other).ok());
  EXPECT_EQ(Queue()->queues_size(), 2);
  // Asked for by name, an empty one is answered, too.
  EXPECT_EQ(QueueOf("other").waiting(), 0u);
}

TEST_F(JobQueueViewTest, TheExpectedWaitOfANewcomerComesAfterAllThatWait) {
  for (int i = 0; i < 2; ++i) {
    Submit("one").IgnoreError();
    ASSERT_TRUE(Finish(Lease()->jobs(0), v1::OUTCOME_COMPLETED).ok());
    clock_.Advance(absl::Seconds(10));
  }
  Submit("one").IgnoreError();
  const v1::ModelQueue queue = QueueOf("m");
  ASSERT_TRUE(queue.has_expected_wait_ms());
  ASSERT_TRUE(queue.entries(0).has_expected_wait_ms());
  EXPECT_GT(queue.expected_wait_ms(), queue.entries(0).expected_wait_ms());
  ASSERT_TRUE(Hold("m").ok());
  EXPECT_FALSE(QueueOf("m").has_expected_wait_ms());
  EXPECT_FALSE(QueueOf("m").entries(0).has_expected_wait_ms());
}

TEST_F(JobQueueViewTest, WithoutItsStoresTheQueueIsUnavailable) {
  Submit("one").IgnoreError();
  queue_.SetDown(true);
  EXPECT_EQ(ReasonOf(Queue().status()), "QUEUE_UNAVAILABLE");
  queue_.SetDown(false);
  store_.SetUnavailable(true);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(ReasonOf(Queue().status()), "LEDGER_UNAVAILABLE");
}

TEST_F(JobQueueViewTest, NothingOfAHeldModelIsStartedAndSubmitsAreAccepted) {
  ASSERT_TRUE(Hold("m", "new weights").ok());
  absl::StatusOr<v1::Job> job = Submit("one");
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(Lease()->jobs_size(), 0);
  // Its watchers are told, and no wait is promised.
  absl::StatusOr<v1::JobStateEntry> state = State(job->job_id());
  EXPECT_TRUE(state->progress().held());
  EXPECT_EQ(state->progress().queue_position(), 1u);
  EXPECT_FALSE(state->progress().has_expected_wait_ms());
  EXPECT_EQ(QueueOf("m").hold_note(), "new weights");
  EXPECT_TRUE(QueueOf("m").has_hold_time());
  ASSERT_TRUE(Hold("m", "newer weights").ok());
  EXPECT_EQ(QueueOf("m").hold_note(), "newer weights");

  ASSERT_TRUE(Release("m").ok());
  ASSERT_TRUE(Release("m").ok());
  EXPECT_FALSE(State(job->job_id())->progress().held());
  EXPECT_FALSE(QueueOf("m").held());
  EXPECT_EQ(Lease()->jobs_size(), 1);
}

TEST_F(JobQueueViewTest, WhatRunsGoesOnWhenItsModelIsHeld) {
  const std::string id = Submit("one")->job_id();
  const v1::LeasedJob job = Lease()->jobs(0);
  ASSERT_TRUE(Hold("m").ok());
  ASSERT_TRUE(Append(job, "Hello").ok());
  ASSERT_TRUE(Finish(job, v1::OUTCOME_COMPLETED).ok());
  EXPECT_EQ(Get(id)->state(), v1::Job::STATE_COMPLETED);
}

TEST_F(JobQueueViewTest, ReleaseWakesThePollsThatWait) {
  ASSERT_TRUE(Hold("m").ok());
  Submit("one").IgnoreError();
  std::thread worker([&] {
    absl::StatusOr<v1::LeaseJobsResponse> leased = Lease(/*wait_ms=*/20'000);
    ASSERT_TRUE(leased.ok()) << leased.status();
    EXPECT_EQ(leased->jobs_size(), 1);
  });
  // No timer looks in this test: whether the poll comes before the release or after it, it is
  // answered by the one or by its own first look.
  EXPECT_TRUE(Release("m").ok());
  worker.join();
}

TEST_F(JobQueueViewTest, AHoldNamesAModelThatIsKnown) {
  EXPECT_EQ(ReasonOf(Hold("")), "INVALID_HOLD");
  EXPECT_EQ(ReasonOf(Hold("../m")), "INVALID_HOLD");
  EXPECT_EQ(ReasonOf(Hold("m", std::string(1001, 'x'))), "INVALID_HOLD");
  ASSERT_TRUE(Hold("gone").ok());
  v1::ModelReport report;
  report.mutable_server()->set_url("http://models");
  report.mutable_server()->set_reachable(true);
  report.add_models()->set_name("m:latest");
  models_.Update(report);
  EXPECT_EQ(ReasonOf(Hold("other")), "MODEL_NOT_FOUND");
  // By the name that its jobs have.
  ASSERT_TRUE(Hold("m").ok());
  EXPECT_EQ(Submit("one")->spec().model(), "m:latest");
  EXPECT_TRUE(QueueOf("m").held());
  ASSERT_TRUE(Release("m").ok());
  EXPECT_FALSE(QueueOf("m:latest").held());
  // A model that has left its server does not stay held for ever.
  ASSERT_TRUE(Release("gone").ok());
  EXPECT_EQ(Queue()->queues_size(), 1);
}

}  // namespace
}  // namespace genwatch

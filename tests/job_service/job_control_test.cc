#include "job_service/job_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "common/status.h"
#include "tests/job_service/fake_job_queue.h"
#include "tests/job_service/fake_job_store.h"
#include "tests/support/fake_clock.h"

namespace genwatch {
namespace {

// Lets something happen between the read of a job and the change that was decided on it.
class InterruptedStore : public FakeJobStore {
 public:
  using FakeJobStore::FakeJobStore;
  absl::StatusOr<JobRecord> Change(const OwnerChange& change) override {
    if (before_change_) std::exchange(before_change_, nullptr)();
    if (before_each_change_) before_each_change_();
    return FakeJobStore::Change(change);
  }
  std::function<void()> before_change_;
  std::function<void()> before_each_change_;
};

// Orders that meet another change of the same job half way.
class JobControlTest : public testing::Test {
 protected:
  JobControlTest() {
    worker_.set_instance("w_1");
    worker_.set_address("worker:1");
    worker_.set_server_url("http://models");
    EXPECT_TRUE(store_.Heartbeat(worker_, 1, {}).ok());
    NewJob job{.job_id = kJob, .owner_id = "ann"};
    job.spec.set_model("m");
    EXPECT_TRUE(store_.Insert(job).ok());
    EXPECT_TRUE(queue_.MarkRebuilt(*queue_.ServerId()).ok());
  }

  JobRecord Lease() {
    absl::StatusOr<LeaseResult> result = store_.Lease(
        {.worker = worker_, .model = "m", .limit = 5, .candidates = {{.job_id = kJob}}});
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->leased.size(), 1u);
    return result->leased.at(0);
  }
  void Finish(const JobRecord& leased, v1::Outcome outcome) {
    FinishedAttempt attempt{
        .instance = "w_1", .job_id = kJob, .version = leased.version, .end = {.outcome = outcome}};
    v1::TextPiece& piece = attempt.pieces.emplace_back();
    piece.set_channel(v1::CHANNEL_ANSWER);
    piece.set_text("the end");
    EXPECT_TRUE(store_.FinishAttempt(attempt).ok());
  }

  const std::string kJob = "job_" + std::string(32, '1');
  FakeClock clock_;
  InterruptedStore store_{&clock_};
  FakeJobQueue queue_{&clock_};
  QueueFeeder feeder_{&queue_};
  v1::Worker worker_;
  std::vector<uint32_t> stopped_versions_;
  std::function<void()> while_stopping_;
  v1::StopGenerationResponse answer_;
  JobControl control_{
      &store_, &feeder_,
      [this](const std::string& address, const std::string& job_id, uint32_t version,
             v1::StopReason) -> absl::StatusOr<v1::StopGenerationResponse> {
        EXPECT_EQ(address, "worker:1");
        EXPECT_EQ(job_id, kJob);
        stopped_versions_.push_back(version);
        if (while_stopping_) std::exchange(while_stopping_, nullptr)();
        return answer_;
      }};
};

TEST_F(JobControlTest, AJobThatIsLeasedHalfWayIsStoppedThroughItsWorker) {
  for (const bool cancel : {false, true}) {
    uint32_t leased = 0;
    store_.before_change_ = [&] { leased = Lease().version; };
    absl::StatusOr<JobRecord> job =
        cancel ? control_.Cancel({.name = "ann"}, kJob) : control_.Pause("ann", kJob);
    ASSERT_TRUE(job.ok()) << job.status();
    EXPECT_EQ(job->state, cancel ? v1::Job::STATE_CANCELLED : v1::Job::STATE_PAUSED);
    ASSERT_EQ(stopped_versions_.size(), cancel ? 2u : 1u);
    EXPECT_EQ(stopped_versions_.back(), leased);
    if (!cancel) {
      ASSERT_TRUE(control_.Resume("ann", kJob).ok());
    }
  }
}

TEST_F(JobControlTest, CancelOfAJobThatFinishesMeanwhileIsRefusedAndTheResultStands) {
  const JobRecord leased = Lease();
  while_stopping_ = [&] { Finish(leased, v1::OUTCOME_COMPLETED); };
  const absl::Status status = control_.Cancel({.name = "ann"}, kJob).status();
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("completed"));
  EXPECT_EQ(store_.Get(kJob)->state, v1::Job::STATE_COMPLETED);
  EXPECT_EQ(store_.ReadText(kJob, v1::CHANNEL_ANSWER, 0, 100)->text, "the end");
}

TEST_F(JobControlTest, CancelOfAJobThatFailsForNowMeanwhileCancelsItsRetry) {
  const JobRecord leased = Lease();
  while_stopping_ = [&] { Finish(leased, v1::OUTCOME_PASSING); };
  absl::StatusOr<JobRecord> job = control_.Cancel({.name = "ann"}, kJob);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->state, v1::Job::STATE_CANCELLED);
  EXPECT_EQ(stopped_versions_.size(), 1u);
  EXPECT_EQ(store_.ReadText(kJob, v1::CHANNEL_ANSWER, 0, 100)->text, "the end");
}

TEST_F(JobControlTest, PauseThatMeetsACancelIsRefused) {
  const JobRecord leased = Lease();
  while_stopping_ = [&] { ASSERT_TRUE(control_.Cancel({.name = "ann"}, kJob).ok()); };
  const absl::Status status = control_.Pause("ann", kJob).status();
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
  EXPECT_EQ(store_.Get(kJob)->state, v1::Job::STATE_CANCELLED);
  EXPECT_EQ(stopped_versions_.size(), 2u);
}

TEST_F(JobControlTest, TwoCancelsAtOnceBothAnswerTheCancelledJob) {
  Lease();
  while_stopping_ = [&] { ASSERT_TRUE(control_.Cancel({.name = "ann"}, kJob).ok()); };
  absl::StatusOr<JobRecord> job = control_.Cancel({.name = "ann"}, kJob);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->state, v1::Job::STATE_CANCELLED);
  EXPECT_EQ(job->version, store_.Get(kJob)->version);
}

TEST_F(JobControlTest, AJobThatNeverStandsStillIsGivenUp) {
  store_.before_each_change_ = [&] {
    FinishedAttempt attempt{.instance = "w_1", .job_id = kJob, .version = Lease().version};
    attempt.end.outcome = v1::OUTCOME_HANDED_OVER;
    ASSERT_TRUE(store_.FinishAttempt(attempt).ok());
  };
  EXPECT_TRUE(absl::IsAborted(control_.Cancel({.name = "ann"}, kJob).status()));
}

}  // namespace
}  // namespace genwatch

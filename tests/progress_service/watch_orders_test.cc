// What watchers see of the owner's orders: nothing of a stopped attempt after its end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/progress_service/progress_fixture.h"

namespace genwatch {
namespace {

using testing::IsEmpty;

class WatchOrdersTest : public ProgressFixture {
 protected:
  // The worker's heartbeats are unanswered, so the ledger is asked about its jobs.
  void Doubt() { worker_->SetHeartbeatAge(2500); }

  const std::string job_ = JobIdOf(1);
};

// The worker did not answer the order to stop, and goes on until its heartbeat tells it.
TEST_F(WatchOrdersTest, NothingFollowsTheCancelledSnapshotAndTheTextIsWhatIsKept) {
  Run(job_);
  Say(job_, "kept");
  worker_->Append(job_, " and lost");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "kept and lost"));

  ledger_->Move(job_, v1::Job::STATE_CANCELLED);
  for (int i = 0; i < 50; ++i) worker_->Append(job_, " late");
  Doubt();
  for (int i = 0; i < 50; ++i) worker_->Append(job_, " later");
  ASSERT_TRUE(client->AwaitEnd().has_value());

  const WatchClient::View view = client->view(job_);
  EXPECT_TRUE(view.terminal);
  EXPECT_EQ(view.progress.state(), v1::Job::STATE_CANCELLED);
  EXPECT_EQ(view.texts[0], "kept");
  // Among others, that nothing comes after the terminal update.
  EXPECT_THAT(client->faults(), IsEmpty());
  // Who comes later sees the same.
  const auto late = Watch(job_);
  ASSERT_TRUE(late->AwaitEnd().has_value());
  EXPECT_EQ(late->view(job_).texts[0], "kept");
}

TEST_F(WatchOrdersTest, APausedJobIsStillWatchedAndTheWorkerThatHasNotHeardIsNot) {
  Run(job_);
  Say(job_, "kept");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "kept"));

  ledger_->Move(job_, v1::Job::STATE_PAUSED);
  Doubt();
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_PAUSED));
  worker_->SetHeartbeatAge(0);
  for (int i = 0; i < 50; ++i) worker_->Append(job_, " late");
  worker_->Drop(job_);

  // Resumed, and leased again: it goes on from what was kept.
  ledger_->Move(job_, v1::Job::STATE_QUEUED);
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_QUEUED));
  RunAgain(job_, /*keep=*/true);
  Say(job_, " and more");
  ASSERT_TRUE(client->AwaitText(job_, "kept and more"));
  Complete(job_);
  ASSERT_TRUE(client->AwaitEnd().has_value());
  EXPECT_EQ(client->view(job_).texts[0], "kept and more");
  EXPECT_THAT(client->view(job_).resets, IsEmpty());
  EXPECT_THAT(client->faults(), IsEmpty());
}

TEST_F(WatchOrdersTest, AWaitingJobSaysThatItsModelIsHeld) {
  ledger_->Submit(job_, "ada");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_QUEUED));
  EXPECT_FALSE(client->view(job_).progress.held());
  for (const bool held : {true, false}) {
    ledger_->Edit(job_, [held](v1::Progress& progress) { progress.set_held(held); });
    EXPECT_TRUE(
        client->Await([&](const WatchClient& c) { return c.view(job_).progress.held() == held; }));
  }
}

TEST_F(WatchOrdersTest, AChangeOfPriorityIsSeenWithoutANewVersion) {
  ledger_->Submit(job_, "ada");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_QUEUED));
  const uint32_t version = client->view(job_).progress.version();
  ledger_->Edit(job_, [](v1::Progress& progress) { progress.set_priority(v1::PRIORITY_HIGH); });
  ASSERT_TRUE(client->Await(
      [&](const WatchClient& c) { return c.view(job_).progress.priority() == v1::PRIORITY_HIGH; }));
  EXPECT_EQ(client->view(job_).progress.version(), version);
}

}  // namespace
}  // namespace genwatch

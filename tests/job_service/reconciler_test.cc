#include "job_service/reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/job_service/fake_job_queue.h"
#include "tests/job_service/fake_job_store.h"
#include "tests/support/fake_clock.h"

namespace genwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Fails in the middle of a run, too.
class FailingJobStore : public FakeJobStore {
 public:
  using FakeJobStore::FakeJobStore;

  absl::StatusOr<std::vector<JobRecord>> GetManyBriefly(
      absl::Span<const std::string> job_ids) override {
    if (reads_until_failure-- == 0) return absl::UnavailableError("gone");
    return FakeJobStore::GetManyBriefly(job_ids);
  }

  int reads_until_failure = -1;
};

class ReconcilerTest : public testing::Test {
 protected:
  JobRecord Insert() {
    NewJob job{.job_id = absl::StrFormat("job_%032d", ++jobs_), .owner_id = "ann"};
    job.spec.set_model("m");
    job.spec.set_prompt("p");
    job.spec.set_priority(v1::PRIORITY_NORMAL);
    absl::StatusOr<InsertedJob> inserted = store_.Insert(job);
    EXPECT_TRUE(inserted.ok()) << inserted.status();
    return inserted->job;
  }

  std::vector<std::string> Waiting() { return *queue_.Peek("m", 0, 100'000); }

  FakeClock clock_;
  FailingJobStore store_{&clock_};
  FakeJobQueue queue_{&clock_};
  QueueFeeder feeder_{&queue_};
  Reconciler reconciler_{&store_, &queue_, &feeder_, /*pages_per_run=*/2};
  int jobs_ = 0;
};

TEST_F(ReconcilerTest, WhatCouldNotBeQueuedIsQueuedByTheNextRun) {
  // So many that the slow walk would take long to come by.
  for (int i = 0; i < 1600; ++i) Insert();
  while (!*queue_.IsRebuilt()) reconciler_.Run();
  for (int i = 0; i < 4; ++i) reconciler_.Run();
  queue_.SetDown(true);
  const JobRecord missed = Insert();
  const JobRecord cancelled = Insert();
  feeder_.Enqueue({missed});
  feeder_.Enqueue({cancelled});
  reconciler_.Run();
  OwnerChange change{.job_id = cancelled.job_id,
                     .owner_id = "ann",
                     .version = cancelled.version,
                     .to = v1::Job::STATE_CANCELLED};
  ASSERT_TRUE(store_.Change(change).ok());
  queue_.SetDown(false);
  reconciler_.Run();
  EXPECT_THAT(Waiting(), SizeIs(1601));
  EXPECT_EQ(Waiting().back(), missed.job_id);
}

TEST_F(ReconcilerTest, WhatCouldNotBeQueuedIsKeptWhileTheLedgerFailsAsWell) {
  for (int i = 0; i < 3200; ++i) Insert();
  while (!*queue_.IsRebuilt()) reconciler_.Run();
  // The slow walk, which would find them as well, has looked at the first of them just now.
  for (int i = 0; i < 4; ++i) reconciler_.Run();
  queue_.SetDown(true);
  std::vector<JobRecord> missed;
  for (int i = 0; i < 1200; ++i) missed.push_back(Insert());
  feeder_.Enqueue(missed);
  queue_.SetDown(false);
  store_.reads_until_failure = 1;
  reconciler_.Run();
  EXPECT_THAT(Waiting(), SizeIs(3200 + 500));
  reconciler_.Run();
  EXPECT_THAT(Waiting(), SizeIs(3200 + 1200));
}

// It was committed with a number that the walk had passed, and its replica was told to wait.
TEST_F(ReconcilerTest, WhatWasRefusedDuringARebuildIsQueuedAfterIt) {
  const JobRecord job = Insert();
  feeder_.Enqueue({job});
  EXPECT_THAT(Waiting(), IsEmpty());
  // As if another replica had filled the queue without it.
  ASSERT_TRUE(queue_.MarkRebuilt(*queue_.ServerId()).ok());
  reconciler_.Run();
  EXPECT_THAT(Waiting(), ElementsAre(job.job_id));
}

TEST_F(ReconcilerTest, ALongRebuildGoesOnOverSeveralRuns) {
  constexpr int kJobs = 5500;
  for (int i = 0; i < kJobs; ++i) Insert();
  int runs = 0;
  for (; !*queue_.IsRebuilt(); ++runs) {
    ASSERT_LT(runs, 10);
    EXPECT_THAT(Waiting(), SizeIs(2000 * runs));
    // Nothing is handed out before all is there.
    EXPECT_FALSE(queue_.Pop({{"m", 1, true}}, 1).ok());
    reconciler_.Run();
  }
  EXPECT_EQ(runs, 3);
  EXPECT_THAT(Waiting(), SizeIs(kJobs));
}

TEST_F(ReconcilerTest, ARebuildBeginsAnewForANewServer) {
  for (int i = 0; i < 5000; ++i) Insert();
  reconciler_.Run();
  EXPECT_THAT(Waiting(), SizeIs(2000));
  queue_.RestartEmpty();
  while (!*queue_.IsRebuilt()) reconciler_.Run();
  EXPECT_THAT(Waiting(), SizeIs(5000));
}

TEST_F(ReconcilerTest, WhenMoreWasMissedThanIsRememberedAllThatWaitsIsWalked) {
  reconciler_.Run();
  queue_.SetDown(true);
  std::vector<JobRecord> missed;
  for (int i = 0; i < 10'500; ++i) missed.push_back(Insert());
  feeder_.Enqueue(missed);
  queue_.SetDown(false);
  for (int runs = 0; runs < 8; ++runs) reconciler_.Run();
  EXPECT_THAT(Waiting(), SizeIs(10'500));
}

}  // namespace
}  // namespace genwatch

#include <map>

#include "tests/job_service/job_store_contract.h"

namespace genwatch {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST_P(JobStoreContract, HeartbeatRegistersTheWorkerAndItsNumberNeverFalls) {
  EXPECT_THAT(*store().ListWorkers(), IsEmpty());
  Beat(Worker(1), 1);
  Beat(Worker(1), 5);
  Beat(Worker(1), 3);
  const auto workers = store().ListWorkers();
  ASSERT_TRUE(workers.ok()) << workers.status();
  ASSERT_THAT(*workers, SizeIs(1));
  EXPECT_EQ(workers->front().heartbeat_number, 5u);
  EXPECT_EQ(workers->front().worker.SerializeAsString(), Worker(1).SerializeAsString());
}

TEST_P(JobStoreContract, HeartbeatTellsWhichJobsToStopAndWhy) {
  const JobRecord runs = InsertLeased(1);
  const JobRecord cancelled = InsertLeased(2);
  const JobRecord paused = InsertLeased(3);
  const JobRecord finished = InsertLeased(4);
  ASSERT_TRUE(store().Change(Order(cancelled, v1::Job::STATE_CANCELLED)).ok());
  ASSERT_TRUE(store().Change(Order(paused, v1::Job::STATE_PAUSED)).ok());
  ASSERT_TRUE(store().FinishAttempt(Finish(finished, v1::OUTCOME_HANDED_OVER)).ok());
  v1::HeldJob unknown;
  unknown.set_job_id(JobId(9));
  unknown.set_version(2);
  v1::HeldJob old = Held(runs);
  old.set_version(runs.version - 1);
  const auto stop = store().Heartbeat(
      Worker(1), 2, {Held(runs), Held(cancelled), Held(paused), Held(finished), unknown, old});
  ASSERT_TRUE(stop.ok()) << stop.status();
  std::map<std::pair<std::string, uint32_t>, v1::StopReason> reasons;
  for (const v1::StopJob& order : *stop)
    reasons[{order.job_id(), order.version()}] = order.reason();
  EXPECT_EQ(stop->size(), 5u);
  EXPECT_EQ((reasons[{JobId(2), cancelled.version}]), v1::STOP_REASON_CANCELLED);
  EXPECT_EQ((reasons[{JobId(3), paused.version}]), v1::STOP_REASON_PAUSED);
  EXPECT_EQ((reasons[{JobId(4), finished.version}]), v1::STOP_REASON_LEASE_LOST);
  EXPECT_EQ((reasons[{JobId(9), 2}]), v1::STOP_REASON_LEASE_LOST);
  EXPECT_EQ((reasons[{JobId(1), old.version()}]), v1::STOP_REASON_LEASE_LOST);
}

TEST_P(JobStoreContract, HeartbeatOfAnotherWorkerStopsWhatItOnlyClaims) {
  const JobRecord runs = InsertLeased(1);
  const auto stop = store().Heartbeat(Worker(2), 1, {Held(runs)});
  ASSERT_TRUE(stop.ok()) << stop.status();
  ASSERT_THAT(*stop, SizeIs(1));
  EXPECT_EQ(stop->front().reason(), v1::STOP_REASON_LEASE_LOST);
}

TEST_P(JobStoreContract, LeaseThatNeverArrivedIsReleasedAfterThreeHeartbeats) {
  Insert(Job(1));
  Insert(Job(2));
  Beat(Worker(1), 10);
  const LeaseResult result = Lease(Worker(1), {JobId(1), JobId(2)});
  ASSERT_THAT(result.leased, SizeIs(2));
  const std::vector<v1::HeldJob> held = {Held(result.leased[0])};
  for (uint32_t number = 11; number <= 12; ++number) {
    EXPECT_THAT(*store().ReleaseUnheld(Worker(1).instance(), number, held), IsEmpty());
  }
  const auto released = store().ReleaseUnheld(Worker(1).instance(), 13, held);
  ASSERT_TRUE(released.ok()) << released.status();
  ASSERT_THAT(*released, SizeIs(1));
  EXPECT_EQ(released->front().job_id, JobId(2));
  EXPECT_EQ(released->front().score, 1.5);
  const JobRecord read = Get(JobId(2));
  EXPECT_EQ(read.state, v1::Job::STATE_QUEUED);
  EXPECT_EQ(read.failures, 0u);
  EXPECT_EQ(read.losses, 0u);
  EXPECT_EQ(read.version, 3u);
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_PROCESSING);
  EXPECT_THAT(*store().ReleaseUnheld(Worker(1).instance(), 14, held), IsEmpty());
}

TEST_P(JobStoreContract, LeasesThatCannotBeToldAreReleasedAtOnceAndNoOthers) {
  Insert(Job(1));
  Insert(Job(2));
  Beat(Worker(1), 1);
  const LeaseResult result = Lease(Worker(1), {JobId(1), JobId(2)});
  ASSERT_THAT(result.leased, SizeIs(2));
  v1::HeldJob older = Held(result.leased[0]);
  older.set_version(older.version() - 1);
  EXPECT_THAT(*store().ReleaseLeases(Worker(2).instance(), {Held(result.leased[1])}), IsEmpty());
  const auto released =
      store().ReleaseLeases(Worker(1).instance(), {older, Held(result.leased[1])});
  ASSERT_TRUE(released.ok()) << released.status();
  ASSERT_THAT(*released, SizeIs(1));
  EXPECT_EQ(released->front().job_id, JobId(2));
  const JobRecord read = Get(JobId(2));
  EXPECT_EQ(read.state, v1::Job::STATE_QUEUED);
  EXPECT_EQ(read.failures, 0u);
  EXPECT_EQ(read.losses, 0u);
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_PROCESSING);
}

// A poll for jobs may have waited for long: what counts is the last heartbeat before the lease.
TEST_P(JobStoreContract, LeaseOfALongPollIsNotReleasedAtOnce) {
  Insert(Job(1));
  Beat(Worker(1), 30);
  ASSERT_THAT(Lease(Worker(1), {JobId(1)}).leased, SizeIs(1));  // the grant says 1
  EXPECT_THAT(*store().ReleaseUnheld(Worker(1).instance(), 32, {}), IsEmpty());
  EXPECT_THAT(*store().ReleaseUnheld(Worker(1).instance(), 33, {}), SizeIs(1));
}

TEST_P(JobStoreContract, JobsOfALostWorkerGoBackToTheirPlaceAtNoCost) {
  const JobRecord leased = InsertLeased(1);
  Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "kept")});
  const auto reaped = store().ReapWorker(Worker(1).instance(), 1);
  ASSERT_TRUE(reaped.ok()) << reaped.status();
  ASSERT_THAT(*reaped, SizeIs(1));
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.state, v1::Job::STATE_QUEUED);
  EXPECT_EQ(read.version, leased.version + 1);
  EXPECT_EQ(read.failures, 0u);
  EXPECT_EQ(read.losses, 1u);
  EXPECT_EQ(read.reason, "WORKER_LOST");
  EXPECT_FALSE(read.not_before.has_value());
  EXPECT_EQ(read.score, 0.5);
  EXPECT_EQ(read.numbers.answer_bytes(), 4u);
  EXPECT_THAT(*store().ListWorkers(), IsEmpty());
  EXPECT_THAT(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).status(),
              FailsWith(absl::StatusCode::kAborted, "LEASE_LOST"));
  EXPECT_TRUE(Append(leased, {Piece(v1::CHANNEL_ANSWER, 4, "!")}).lease_lost);
}

TEST_P(JobStoreContract, WorkerThatHasBeatenMeanwhileIsNotReaped) {
  InsertLeased(1);
  Beat(Worker(1), 2);
  EXPECT_TRUE(absl::IsAborted(store().ReapWorker(Worker(1).instance(), 1).status()));
  EXPECT_TRUE(absl::IsAborted(store().ReapWorker(Worker(7).instance(), 1).status()));
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_PROCESSING);
  EXPECT_TRUE(store().ReapWorker(Worker(1).instance(), 2).ok());
}

TEST_P(JobStoreContract, ReapedWorkerMayComeBackButItsLeasesAreLost) {
  const JobRecord leased = InsertLeased(1);
  ASSERT_TRUE(store().ReapWorker(Worker(1).instance(), 1).ok());
  const auto stop = store().Heartbeat(Worker(1), 9, {Held(leased)});
  ASSERT_TRUE(stop.ok()) << stop.status();
  ASSERT_THAT(*stop, SizeIs(1));
  EXPECT_EQ(stop->front().reason(), v1::STOP_REASON_LEASE_LOST);
  EXPECT_THAT(Lease(Worker(1), {JobId(1)}).leased, SizeIs(1));
}

TEST_P(JobStoreContract, JobThatKillsItsWorkersIsFoundAndFailed) {
  Insert(Job(1));
  Insert(Job(2));
  int losses = 0;
  while (Get(JobId(1)).state == v1::Job::STATE_QUEUED && losses < 20) {
    Beat(Worker(1));
    const LeaseResult result = Lease(Worker(1), {JobId(1)}, 100, /*alone=*/true);
    ASSERT_THAT(result.leased, SizeIs(1));
    // Its neighbour shares the first two losses.
    if (losses < 2) Lease(Worker(1), {JobId(2)});
    ASSERT_TRUE(store().ReapWorker(Worker(1).instance(), 1).ok());
    ++losses;
  }
  const JobRecord killer = Get(JobId(1));
  EXPECT_EQ(killer.state, v1::Job::STATE_FAILED);
  EXPECT_EQ(killer.reason, "KILLS_WORKERS");
  EXPECT_EQ(killer.losses, 5u);
  EXPECT_EQ(killer.losses_alone, 3u);
  EXPECT_EQ(Get(JobId(2)).state, v1::Job::STATE_QUEUED);
  EXPECT_EQ(Get(JobId(2)).failures, 0u);
}

TEST_P(JobStoreContract, LossAloneWithNewTextDoesNotCount) {
  Insert(Job(1));
  for (int i = 0; i < 6; ++i) {
    Beat(Worker(1));
    const LeaseResult result = Lease(Worker(1), {JobId(1)}, 100, /*alone=*/true);
    ASSERT_THAT(result.leased, SizeIs(1));
    Append(result.leased[0], {Piece(v1::CHANNEL_ANSWER, 0, "it moves")});
    ASSERT_TRUE(store().ReapWorker(Worker(1).instance(), 1).ok());
  }
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_QUEUED);
  EXPECT_EQ(Get(JobId(1)).losses_alone, 0u);
}

MATCHER_P2(Cost, failures, losses_alone, "") {
  return arg.failures == failures && arg.losses_alone == losses_alone;
}

TEST_P(JobStoreContract, WorkerThatComesBackTakesBackWhatItsLossCost) {
  Insert(Job(1));
  JobRecord lost;
  for (int loss = 0; loss < 3; ++loss) {
    Beat(Worker(1));
    const LeaseResult result = Lease(Worker(1), {JobId(1)}, 100, /*alone=*/true);
    ASSERT_THAT(result.leased, SizeIs(1));
    lost = result.leased[0];
    ASSERT_TRUE(store().ReapWorker(Worker(1).instance(), 1).ok());
  }
  const JobRecord charged = Get(JobId(1));
  ASSERT_THAT(charged, Cost(1u, 1u));
  v1::HeldJob other_version = Held(lost);
  other_version.set_version(lost.version - 1);
  EXPECT_EQ(*store().TakeBackLosses(Worker(2).instance(), {Held(lost)}), 0u);
  EXPECT_EQ(*store().TakeBackLosses(Worker(1).instance(), {other_version}), 0u);

  EXPECT_EQ(*store().TakeBackLosses(Worker(1).instance(), {Held(lost)}), 1u);
  const JobRecord read = Get(JobId(1));
  EXPECT_THAT(read, Cost(0u, 0u));
  // It stays a suspect, and what it was.
  EXPECT_EQ(read.losses, 3u);
  EXPECT_EQ(read.version, charged.version);
  EXPECT_EQ(read.state, v1::Job::STATE_QUEUED);
  const auto attempts = store().ListAttempts(JobId(1));
  ASSERT_TRUE(attempts.ok()) << attempts.status();
  EXPECT_EQ(attempts->back().outcome, "lost");
  EXPECT_EQ(attempts->back().reason, "WORKER_CAME_BACK");

  // Once.
  EXPECT_EQ(*store().TakeBackLosses(Worker(1).instance(), {Held(lost)}), 0u);
  EXPECT_THAT(Get(JobId(1)), Cost(0u, 0u));
}

// It may run elsewhere by the time that its first worker wakes up.
TEST_P(JobStoreContract, LossIsTakenBackWhileTheJobRunsElsewhere) {
  Insert(Job(1));
  JobRecord lost;
  for (int loss = 0; loss < 3; ++loss) {
    Beat(Worker(1));
    lost = Lease(Worker(1), {JobId(1)}, 100, /*alone=*/true).leased.at(0);
    ASSERT_TRUE(store().ReapWorker(Worker(1).instance(), 1).ok());
  }
  Beat(Worker(2));
  const JobRecord running = Lease(Worker(2), {JobId(1)}, 100, /*alone=*/true).leased.at(0);
  EXPECT_EQ(*store().TakeBackLosses(Worker(1).instance(), {Held(lost)}), 1u);
  EXPECT_THAT(Get(JobId(1)), Cost(0u, 0u));
  EXPECT_EQ(*store().TakeBackLosses(Worker(2).instance(), {Held(running)}), 0u);
  const auto finished = store().FinishAttempt(Finish(running, v1::OUTCOME_COMPLETED));
  ASSERT_TRUE(finished.ok()) << finished.status();
  EXPECT_EQ(finished->failures, 0u);
}

TEST_P(JobStoreContract, LossThatDidNotCountIsNotTakenBack) {
  Insert(Job(1));
  std::vector<JobRecord> lost;
  for (int loss = 0; loss < 4; ++loss) {
    Beat(Worker(1));
    lost.push_back(Lease(Worker(1), {JobId(1)}, 100, /*alone=*/true).leased.at(0));
    if (loss == 2) Append(lost.back(), {Piece(v1::CHANNEL_ANSWER, 0, "it moves")});
    ASSERT_TRUE(store().ReapWorker(Worker(1).instance(), 1).ok());
  }
  ASSERT_THAT(Get(JobId(1)), Cost(1u, 1u));
  for (int loss = 0; loss < 3; ++loss) {
    EXPECT_EQ(*store().TakeBackLosses(Worker(1).instance(), {Held(lost[loss])}), 0u) << loss;
  }
  EXPECT_EQ(*store().TakeBackLosses(Worker(1).instance(), {Held(lost[3])}), 1u);
}

TEST_P(JobStoreContract, EndedJobKeepsWhatItsLossesCost) {
  Insert(Job(1));
  JobRecord lost;
  while (Get(JobId(1)).state == v1::Job::STATE_QUEUED) {
    Beat(Worker(1));
    lost = Lease(Worker(1), {JobId(1)}, 100, /*alone=*/true).leased.at(0);
    ASSERT_TRUE(store().ReapWorker(Worker(1).instance(), 1).ok());
  }
  EXPECT_EQ(*store().TakeBackLosses(Worker(1).instance(), {Held(lost)}), 0u);
  EXPECT_EQ(Get(JobId(1)).reason, "KILLS_WORKERS");
  EXPECT_THAT(Get(JobId(1)), Cost(3u, 3u));
}

// Stopped for longer than a lease again and again, as a laptop is: its job is not failed for it.
TEST_P(JobStoreContract, JobAloneOnWorkersThatOnlyHangIsNotFailed) {
  Insert(Job(1));
  for (int loss = 0; loss < 8; ++loss) {
    Beat(Worker(1));
    const LeaseResult result = Lease(Worker(1), {JobId(1)}, 100, /*alone=*/true);
    ASSERT_THAT(result.leased, SizeIs(1)) << loss;
    ASSERT_TRUE(store().ReapWorker(Worker(1).instance(), 1).ok());
    ASSERT_TRUE(store().TakeBackLosses(Worker(1).instance(), {Held(result.leased[0])}).ok());
  }
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_QUEUED);
  EXPECT_THAT(Get(JobId(1)), Cost(0u, 0u));
}

}  // namespace
}  // namespace genwatch

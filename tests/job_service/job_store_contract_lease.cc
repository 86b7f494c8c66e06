#include "tests/job_service/job_store_contract.h"

namespace genwatch {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST_P(JobStoreContract, LeaseNamesWhoHoldsTheJob) {
  Insert(Job(1));
  Beat(Worker(1));
  const LeaseResult result = Lease(Worker(1), {JobId(1)});
  ASSERT_THAT(result.leased, SizeIs(1));
  const JobRecord& leased = result.leased[0];
  EXPECT_EQ(leased.state, v1::Job::STATE_PROCESSING);
  EXPECT_EQ(leased.version, 2u);
  EXPECT_EQ(leased.attempt, 1u);
  EXPECT_EQ(leased.instance, Worker(1).instance());
  EXPECT_EQ(leased.spec.prompt(), "prompt 1");
  ASSERT_THAT(leased.bases, SizeIs(1));
  EXPECT_EQ(leased.bases[0].version(), 2u);
  EXPECT_EQ(leased.bases[0].answer(), 0u);

  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.version, 2u);
  EXPECT_EQ(read.state, v1::Job::STATE_PROCESSING);
  EXPECT_EQ(read.instance, Worker(1).instance());
  EXPECT_EQ(read.worker_address, Worker(1).address());
  EXPECT_EQ(read.server_url, Worker(1).server_url());
  EXPECT_EQ(read.score, 0.5);
  EXPECT_EQ(read.started_at, leased.started_at);
  EXPECT_TRUE(read.started_at.has_value());
  ASSERT_THAT(read.bases, SizeIs(1));
  EXPECT_EQ(read.bases[0].version(), 2u);
}

TEST_P(JobStoreContract, WorkerWithoutAHeartbeatGetsNothing) {
  Insert(Job(1));
  LeaseGrant grant{.worker = Worker(1), .model = "llama", .limit = 1};
  grant.candidates.push_back({.job_id = JobId(1)});
  EXPECT_THAT(store().Lease(grant).status(),
              FailsWith(absl::StatusCode::kFailedPrecondition, "UNKNOWN_WORKER"));
  grant.worker.set_instance("w_\xC3\xB6");
  EXPECT_THAT(store().Lease(grant).status(),
              FailsWith(absl::StatusCode::kFailedPrecondition, "UNKNOWN_WORKER"));
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_QUEUED);
}

// The predecessor of this system set a job to processing whatever it was: an id that was delivered
// twice ran a finished job again.
TEST_P(JobStoreContract, IdDeliveredTwiceDoesNotRestartACompletedJob) {
  const JobRecord leased = InsertLeased(1);
  ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).ok());
  const LeaseResult result = Lease(Worker(1), {JobId(1)});
  EXPECT_THAT(result.leased, IsEmpty());
  EXPECT_THAT(result.put_back, IsEmpty());
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_COMPLETED);
  EXPECT_EQ(Get(JobId(1)).attempt, 1u);
}

TEST_P(JobStoreContract, WhatNoLongerWaitsIsNeitherLeasedNorPutBack) {
  InsertLeased(1);
  const JobRecord paused = Insert(Job(2));
  ASSERT_TRUE(store().Change(Order(paused, v1::Job::STATE_PAUSED)).ok());
  const LeaseResult result = Lease(Worker(1), {JobId(1), JobId(2), JobId(77), "job_\xC3\xB6"});
  EXPECT_THAT(result.leased, IsEmpty());
  EXPECT_THAT(result.put_back, IsEmpty());
}

TEST_P(JobStoreContract, TwoWorkersDoNotOverfillOneServer) {
  for (int i = 1; i <= 4; ++i) Insert(Job(i));
  Beat(Worker(1));
  Beat(Worker(2));
  EXPECT_THAT(Lease(Worker(1), {JobId(1)}, 2).leased, SizeIs(1));
  const LeaseResult second = Lease(Worker(2), {JobId(2), JobId(3), JobId(4)}, 2);
  ASSERT_THAT(second.leased, SizeIs(1));
  EXPECT_EQ(second.leased[0].job_id, JobId(2));
  ASSERT_THAT(second.put_back, SizeIs(2));
  EXPECT_EQ(second.put_back[0].job_id, JobId(3));
  EXPECT_EQ(second.put_back[0].score, 1.5);
  EXPECT_EQ(second.put_back[1].job_id, JobId(4));
}

TEST_P(JobStoreContract, ServersAndModelsHaveLimitsOfTheirOwn) {
  Insert(Job(1));
  Insert(Job(2));
  NewJob other = Job(3);
  other.spec.set_model("qwen");
  Insert(other);
  Beat(Worker(1));
  Beat(Worker(2, "http://elsewhere:11434"));
  EXPECT_THAT(Lease(Worker(1), {JobId(1)}, 1).leased, SizeIs(1));
  EXPECT_THAT(Lease(Worker(2, "http://elsewhere:11434"), {JobId(2)}, 1).leased, SizeIs(1));
  LeaseGrant grant{.worker = Worker(1), .model = "qwen", .limit = 1};
  grant.candidates.push_back({.job_id = JobId(3)});
  EXPECT_THAT(store().Lease(grant)->leased, SizeIs(1));
}

TEST_P(JobStoreContract, EndOfAJobMakesRoom) {
  const JobRecord leased = InsertLeased(1);
  Insert(Job(2));
  EXPECT_THAT(Lease(Worker(1), {JobId(2)}, 1).put_back, SizeIs(1));
  ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).ok());
  EXPECT_THAT(Lease(Worker(1), {JobId(2)}, 1).leased, SizeIs(1));
}

TEST_P(JobStoreContract, JobOfAnotherModelIsNotLeased) {
  NewJob job = Job(1);
  job.spec.set_model("qwen");
  Insert(job);
  Beat(Worker(1));
  EXPECT_THAT(Lease(Worker(1), {JobId(1)}).leased, IsEmpty());
}

TEST_P(JobStoreContract, NothingOfAHeldModelIsLeased) {
  Insert(Job(1));
  Beat(Worker(1));
  ASSERT_TRUE(store().Hold("llama", "").ok());
  ASSERT_TRUE(store().Hold("llama", "").ok());
  EXPECT_THAT(*store().ListHolds(), SizeIs(1));
  const LeaseResult held = Lease(Worker(1), {JobId(1)});
  EXPECT_THAT(held.leased, IsEmpty());
  EXPECT_THAT(held.put_back, SizeIs(1));
  ASSERT_TRUE(store().Release("llama").ok());
  EXPECT_THAT(*store().ListHolds(), IsEmpty());
  EXPECT_THAT(Lease(Worker(1), {JobId(1)}).leased, SizeIs(1));
}

TEST_P(JobStoreContract, RestartDropsTheKeptTextAndKeepsTheElapsedTime) {
  const JobRecord first = InsertLeased(1);
  Append(first,
         {Piece(v1::CHANNEL_ANSWER, 0, "half an ans"), Piece(v1::CHANNEL_THINKING, 0, "hmm")});
  FinishedAttempt attempt = Finish(first, v1::OUTCOME_HANDED_OVER);
  attempt.numbers.set_elapsed_ms(1500);
  attempt.numbers.set_current_tokens(3);
  const auto queued = store().FinishAttempt(attempt);
  ASSERT_TRUE(queued.ok()) << queued.status();
  EXPECT_EQ(queued->state, v1::Job::STATE_QUEUED);
  EXPECT_EQ(Text(JobId(1)), "half an ans");

  const LeaseResult again = Lease(Worker(1), {JobId(1)});
  ASSERT_THAT(again.leased, SizeIs(1));
  EXPECT_EQ(again.leased[0].attempt, 2u);
  EXPECT_EQ(again.leased[0].numbers.elapsed_ms(), 1500u);
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.numbers.answer_bytes(), 0u);
  EXPECT_EQ(read.numbers.thinking_bytes(), 0u);
  EXPECT_EQ(read.numbers.current_tokens(), 0u);
  EXPECT_EQ(read.numbers.elapsed_ms(), 1500u);
  ASSERT_THAT(read.bases, SizeIs(2));
  EXPECT_EQ(read.bases[1].version(), read.version);
  EXPECT_EQ(Text(JobId(1)), "");
  EXPECT_EQ(Text(JobId(1), v1::CHANNEL_THINKING), "");
  Append(again.leased[0], {Piece(v1::CHANNEL_ANSWER, 0, "new")});
  EXPECT_EQ(Text(JobId(1)), "new");
}

TEST_P(JobStoreContract, SuspectGoesOnlyToAnIdleWorkerAndAlone) {
  Insert(Job(1));
  Insert(Job(2));
  for (uint32_t n = 1; n <= 2; ++n) {
    Beat(Worker(10));
    ASSERT_THAT(Lease(Worker(10), {JobId(1)}).leased, SizeIs(1));
    ASSERT_TRUE(store().ReapWorker(Worker(10).instance(), 1).ok());
  }
  EXPECT_EQ(Get(JobId(1)).losses, 2u);
  Beat(Worker(1));
  const LeaseResult busy = Lease(Worker(1), {JobId(1)});
  EXPECT_THAT(busy.leased, IsEmpty());
  EXPECT_THAT(busy.put_back, IsEmpty());
  EXPECT_THAT(busy.suspects, SizeIs(1));
  ASSERT_THAT(*store().ListSuspects(), SizeIs(1));
  EXPECT_EQ(store().ListSuspects()->front().job_id, JobId(1));
  EXPECT_EQ(store().ListSuspects()->front().version, Get(JobId(1)).version);
  const LeaseResult idle = Lease(Worker(1), {JobId(2), JobId(1)}, 100, /*alone=*/true);
  ASSERT_THAT(idle.leased, SizeIs(1));
  EXPECT_TRUE(idle.leased[0].alone);
  EXPECT_THAT(idle.put_back, SizeIs(1));
  EXPECT_EQ(idle.leased[0].job_id, JobId(1));
  EXPECT_TRUE(Get(JobId(1)).alone);
  EXPECT_THAT(*store().ListSuspects(), IsEmpty());
  // While it runs, the worker gets nothing else.
  EXPECT_THAT(Lease(Worker(1), {JobId(2)}).put_back, SizeIs(1));
}

}  // namespace
}  // namespace genwatch

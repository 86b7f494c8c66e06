#include "tests/job_service/job_store_contract.h"

namespace genwatch {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// ---- Priority.

TEST_P(JobStoreContract, PriorityOfAWaitingJobChangesWithoutAChangeOfState) {
  Insert(Job(1));
  const auto changed = store().SetPriority("ann", JobId(1), v1::PRIORITY_HIGH);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->spec.priority(), v1::PRIORITY_HIGH);
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.spec.priority(), v1::PRIORITY_HIGH);
  EXPECT_EQ(read.state, v1::Job::STATE_QUEUED);
  EXPECT_EQ(read.version, 1u);
  EXPECT_FALSE(read.score.has_value());
  // The same again is the same.
  EXPECT_TRUE(store().SetPriority("ann", JobId(1), v1::PRIORITY_HIGH).ok());
}

TEST_P(JobStoreContract, PriorityOfARequeuedJobMovesItsKeptPlaceByTheDifference) {
  const JobRecord leased = InsertLeased(1);
  ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_HANDED_OVER)).ok());
  const double before = Get(JobId(1)).score.value();
  ASSERT_TRUE(store().SetPriority("ann", JobId(1), v1::PRIORITY_HIGH).ok());
  EXPECT_EQ(Get(JobId(1)).score.value(), before - 8);
  ASSERT_TRUE(store().SetPriority("ann", JobId(1), v1::PRIORITY_LOW).ok());
  EXPECT_EQ(Get(JobId(1)).score.value(), before + 8);
  ASSERT_TRUE(store().SetPriority("ann", JobId(1), v1::PRIORITY_NORMAL).ok());
  EXPECT_EQ(Get(JobId(1)).score.value(), before);
}

TEST_P(JobStoreContract, PriorityOfAPausedJobChanges) {
  const JobRecord job = Insert(Job(1));
  ASSERT_TRUE(store().Change(Order(job, v1::Job::STATE_PAUSED)).ok());
  ASSERT_TRUE(store().SetPriority("ann", JobId(1), v1::PRIORITY_LOW).ok());
  EXPECT_EQ(Get(JobId(1)).spec.priority(), v1::PRIORITY_LOW);
}

TEST_P(JobStoreContract, PriorityOfARunningOrEndedJobStays) {
  const JobRecord leased = InsertLeased(1);
  EXPECT_THAT(store().SetPriority("ann", JobId(1), v1::PRIORITY_HIGH).status(),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"));
  ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).ok());
  EXPECT_THAT(store().SetPriority("ann", JobId(1), v1::PRIORITY_HIGH).status(),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"));
  EXPECT_EQ(Get(JobId(1)).spec.priority(), v1::PRIORITY_NORMAL);
}

TEST_P(JobStoreContract, PriorityOfAForeignJobIsNotFound) {
  Insert(Job(1));
  EXPECT_THAT(store().SetPriority("bob", JobId(1), v1::PRIORITY_HIGH).status(),
              FailsWith(absl::StatusCode::kNotFound, "JOB_NOT_FOUND"));
  EXPECT_THAT(store().SetPriority("ann", JobId(9), v1::PRIORITY_HIGH).status(),
              FailsWith(absl::StatusCode::kNotFound, "JOB_NOT_FOUND"));
  EXPECT_EQ(Get(JobId(1)).spec.priority(), v1::PRIORITY_NORMAL);
}

// ---- Delete.

TEST_P(JobStoreContract, DeletedJobIsGoneWithItsTextsAndAttempts) {
  NewJob job = Job(1);
  job.request_id = "click";
  Insert(job);
  Beat(Worker(1));
  const LeaseResult result = Lease(Worker(1), {JobId(1)});
  ASSERT_THAT(result.leased, SizeIs(1));
  const JobRecord& leased = result.leased[0];
  Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "abc")});
  ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).ok());
  ASSERT_TRUE(store().Delete("ann", JobId(1)).ok());
  EXPECT_TRUE(absl::IsNotFound(store().Get(JobId(1)).status()));
  EXPECT_TRUE(absl::IsNotFound(store().ReadText(JobId(1), v1::CHANNEL_ANSWER, 0, 10).status()));
  EXPECT_THAT(*store().ListAttempts(JobId(1)), IsEmpty());
  EXPECT_THAT(store().Delete("ann", JobId(1)),
              FailsWith(absl::StatusCode::kNotFound, "JOB_NOT_FOUND"));
  // Its worker repeats itself to nobody.
  EXPECT_TRUE(
      absl::IsNotFound(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).status()));
  // The request_id is free again.
  const auto again = store().Insert(job);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->existed);
  EXPECT_EQ(Text(JobId(1)), "");
}

TEST_P(JobStoreContract, OnlyEndedJobsAreDeletedAndOnlyByTheirOwner) {
  const JobRecord waiting = Insert(Job(1));
  const JobRecord running = InsertLeased(2);
  const JobRecord job = Insert(Job(3));
  ASSERT_TRUE(store().Change(Order(job, v1::Job::STATE_PAUSED)).ok());
  for (int n = 1; n <= 3; ++n) {
    EXPECT_THAT(store().Delete("ann", JobId(n)),
                FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"));
  }
  ASSERT_TRUE(store().Change(Order(waiting, v1::Job::STATE_CANCELLED)).ok());
  EXPECT_THAT(store().Delete("bob", JobId(1)),
              FailsWith(absl::StatusCode::kNotFound, "JOB_NOT_FOUND"));
  EXPECT_TRUE(store().Delete("ann", JobId(1)).ok());
  EXPECT_EQ(Get(running.job_id).state, v1::Job::STATE_PROCESSING);
}

TEST_P(JobStoreContract, DeletingARetryLetsTheJobBeRetriedAgain) {
  const JobRecord job = Insert(Job(1));
  ASSERT_TRUE(store().Change(Order(job, v1::Job::STATE_CANCELLED)).ok());
  NewJob retry = Job(2);
  retry.retry_of = JobId(1);
  const JobRecord first = Insert(retry);
  EXPECT_EQ(Get(JobId(1)).retried_as, JobId(2));
  ASSERT_TRUE(store().Change(Order(first, v1::Job::STATE_CANCELLED)).ok());
  ASSERT_TRUE(store().Delete("ann", JobId(2)).ok());
  EXPECT_EQ(Get(JobId(1)).retried_as, "");
  NewJob second = Job(3);
  second.retry_of = JobId(1);
  EXPECT_EQ(Insert(second).job_id, JobId(3));
}

TEST_P(JobStoreContract, ARetryOutlivesTheJobItWasMadeFrom) {
  const JobRecord job = Insert(Job(1));
  ASSERT_TRUE(store().Change(Order(job, v1::Job::STATE_CANCELLED)).ok());
  NewJob retry = Job(2);
  retry.retry_of = JobId(1);
  Insert(retry);
  ASSERT_TRUE(store().Delete("ann", JobId(1)).ok());
  EXPECT_EQ(Get(JobId(2)).retry_of, JobId(1));
}

// ---- Attempts.

TEST_P(JobStoreContract, AttemptsTellHowEachLeaseEnded) {
  const JobRecord first = InsertLeased(1);
  Append(first, {Piece(v1::CHANNEL_ANSWER, 0, "abc")});
  auto running = store().ListAttempts(JobId(1));
  ASSERT_TRUE(running.ok()) << running.status();
  ASSERT_THAT(*running, SizeIs(1));
  EXPECT_EQ(running->front().outcome, "");
  EXPECT_FALSE(running->front().ended_at.has_value());
  ASSERT_TRUE(store().FinishAttempt(Finish(first, v1::OUTCOME_PASSING)).ok());
  PassTime(absl::Minutes(5));
  ASSERT_THAT(*store().TakeDueRetries(10), SizeIs(1));
  const LeaseResult again = Lease(Worker(1), {JobId(1)});
  ASSERT_THAT(again.leased, SizeIs(1));
  const auto paused = store().Change(Order(again.leased[0], v1::Job::STATE_PAUSED));
  ASSERT_TRUE(paused.ok()) << paused.status();

  const auto attempts = store().ListAttempts(JobId(1));
  ASSERT_TRUE(attempts.ok()) << attempts.status();
  ASSERT_THAT(*attempts, SizeIs(2));
  const AttemptRecord& one = attempts->at(0);
  EXPECT_EQ(one.attempt, 1u);
  EXPECT_EQ(one.version, first.version);
  EXPECT_EQ(one.instance, Worker(1).instance());
  EXPECT_EQ(one.server_url, Worker(1).server_url());
  EXPECT_EQ(one.outcome, "passing");
  EXPECT_EQ(one.reason, "MODEL_UNREACHABLE");
  EXPECT_EQ(one.error_message, "the model server does not answer");
  EXPECT_EQ(one.base.answer, 0u);
  ASSERT_TRUE(one.ended_at.has_value());
  EXPECT_GE(*one.ended_at, one.leased_at);
  EXPECT_EQ(attempts->at(1).attempt, 2u);
  EXPECT_EQ(attempts->at(1).version, again.leased[0].version);
  EXPECT_EQ(attempts->at(1).outcome, "paused");
  EXPECT_EQ(attempts->at(1).reason, "BY_OWNER");
  EXPECT_THAT(*store().ListAttempts(JobId(9)), IsEmpty());
}

TEST_P(JobStoreContract, AttemptsTellOfLossReleaseAndCancel) {
  InsertLeased(1);
  ASSERT_THAT(*store().ReapWorker(Worker(1).instance(), 1), SizeIs(1));
  EXPECT_EQ(store().ListAttempts(JobId(1))->at(0).outcome, "lost");
  InsertLeased(2);
  ASSERT_THAT(*store().ReleaseUnheld(Worker(1).instance(), 9, {}), SizeIs(1));
  EXPECT_EQ(store().ListAttempts(JobId(2))->at(0).outcome, "released");
  const JobRecord cancelled = InsertLeased(3);
  ASSERT_TRUE(store().Change(Order(cancelled, v1::Job::STATE_CANCELLED)).ok());
  EXPECT_EQ(store().ListAttempts(JobId(3))->at(0).outcome, "cancelled");
}

// ---- What people are shown of the queue.

TEST_P(JobStoreContract, RunningJobsOfAModelAreListedInKeyOrder) {
  for (int n : {3, 1, 2}) InsertLeased(n, n == 1 ? "bob" : "ann");
  Insert(Job(4));
  const auto running = store().ListRunning("llama", 2);
  ASSERT_TRUE(running.ok()) << running.status();
  ASSERT_THAT(*running, SizeIs(2));
  EXPECT_EQ(running->at(0).job_id, JobId(3));
  EXPECT_EQ(running->at(1).job_id, JobId(1));
  EXPECT_EQ(running->at(1).owner_id, "bob");
  EXPECT_THAT(*store().ListRunning("other", 10), IsEmpty());
}

TEST_P(JobStoreContract, LoadsCountWhatRunsAndWhatWaitsForARetry) {
  EXPECT_THAT(*store().ListLoads(), IsEmpty());
  NewJob other = Job(9);
  other.spec.set_model("gemma");
  Insert(other);
  InsertLeased(1);
  InsertLeased(2);
  ASSERT_TRUE(store().FinishAttempt(Finish(InsertLeased(3), v1::OUTCOME_PASSING)).ok());
  const auto loads = store().ListLoads();
  ASSERT_TRUE(loads.ok()) << loads.status();
  ASSERT_THAT(*loads, SizeIs(1));
  EXPECT_EQ(loads->front().model, "llama");
  EXPECT_EQ(loads->front().running, 2u);
  EXPECT_EQ(loads->front().retrying, 1u);
  PassTime(absl::Minutes(5));
  ASSERT_THAT(*store().TakeDueRetries(10), SizeIs(1));
  EXPECT_EQ(store().ListLoads()->front().retrying, 0u);
}

TEST_P(JobStoreContract, AHoldKeepsItsTimeAndTheNewestNote) {
  ASSERT_TRUE(store().Hold("llama", "new weights").ok());
  ASSERT_TRUE(store().Hold("gemma:2b", "").ok());
  const auto first = store().ListHolds();
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_THAT(*first, SizeIs(2));
  EXPECT_EQ(first->at(0).model, "gemma:2b");
  EXPECT_EQ(first->at(1).model, "llama");
  EXPECT_EQ(first->at(1).note, "new weights");
  ASSERT_TRUE(store().Hold("llama", "newer weights").ok());
  const auto second = store().ListHolds();
  EXPECT_EQ(second->at(1).note, "newer weights");
  EXPECT_EQ(second->at(1).held_at, first->at(1).held_at);
  ASSERT_TRUE(store().Release("llama").ok());
  ASSERT_TRUE(store().Release("llama").ok());
  EXPECT_THAT(*store().ListHolds(), SizeIs(1));
}

}  // namespace
}  // namespace genwatch

#include "tests/job_service/job_store_contract.h"

namespace genwatch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_P(JobStoreContract, WaitingJobIsCancelled) {
  const JobRecord job = Insert(Job(1));
  const auto cancelled = store().Change(Order(job, v1::Job::STATE_CANCELLED));
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state, v1::Job::STATE_CANCELLED);
  EXPECT_EQ(cancelled->version, 2u);
  EXPECT_EQ(cancelled->reason, "BY_OWNER");
  EXPECT_TRUE(cancelled->completed_at.has_value());
  Beat(Worker(1));
  const LeaseResult result = Lease(Worker(1), {JobId(1)});
  EXPECT_THAT(result.leased, IsEmpty());
  EXPECT_THAT(result.put_back, IsEmpty());
}

TEST_P(JobStoreContract, RunningJobIsCancelledWithTheTailOfItsText) {
  const JobRecord leased = InsertLeased(1);
  Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "abc")});
  OwnerChange change = Order(leased, v1::Job::STATE_CANCELLED);
  // A tail that repeats what is kept, and a piece behind a gap, which is left out.
  change.pieces = {Piece(v1::CHANNEL_ANSWER, 1, "bcde"), Piece(v1::CHANNEL_THINKING, 3, "gap")};
  change.numbers.emplace().set_current_tokens(5);
  change.numbers->set_elapsed_ms(700);
  const auto cancelled = store().Change(change);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.state, v1::Job::STATE_CANCELLED);
  EXPECT_EQ(read.numbers.current_tokens(), 5u);
  EXPECT_EQ(read.numbers.elapsed_ms(), 700u);
  EXPECT_EQ(read.numbers.answer_bytes(), 5u);
  EXPECT_EQ(read.numbers.thinking_bytes(), 0u);
  EXPECT_EQ(read.instance, "");
  EXPECT_EQ(Text(JobId(1)), "abcde");
  EXPECT_THAT(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).status(),
              FailsWith(absl::StatusCode::kAborted, "LEASE_LOST"));
}

TEST_P(JobStoreContract, RunningJobIsCancelledWithoutAnAnswerOfItsWorker) {
  const JobRecord leased = InsertLeased(1);
  Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "abc")});
  v1::ProgressRecord record;
  record.set_job_id(leased.job_id);
  record.set_version(leased.version);
  record.set_sequence(1);
  record.mutable_numbers()->set_current_tokens(3);
  record.mutable_numbers()->set_percent(40);
  record.mutable_numbers()->set_remaining_ms(10);
  ASSERT_TRUE(store().RecordProgress({record}).ok());
  ASSERT_TRUE(store().Change(Order(leased, v1::Job::STATE_CANCELLED)).ok());
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.numbers.current_tokens(), 3u);
  EXPECT_EQ(read.numbers.percent(), 40);
  EXPECT_FALSE(read.numbers.has_remaining_ms());
  EXPECT_EQ(Text(JobId(1)), "abc");
}

TEST_P(JobStoreContract, OrderDecidedOnAnOldVersionIsAborted) {
  const JobRecord job = Insert(Job(1));
  Beat(Worker(1));
  Lease(Worker(1), {JobId(1)});
  EXPECT_THAT(store().Change(Order(job, v1::Job::STATE_CANCELLED)).status(),
              FailsWith(absl::StatusCode::kAborted, "VERSION_CHANGED"));
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_PROCESSING);
}

TEST_P(JobStoreContract, JobOfSomebodyElseDoesNotExist) {
  const JobRecord job = Insert(Job(1));
  OwnerChange change = Order(job, v1::Job::STATE_CANCELLED);
  change.owner_id = "bob";
  EXPECT_EQ(store().Change(change).status(), JobNotFound(JobId(1)));
  change.job_id = JobId(9);
  change.owner_id = "ann";
  EXPECT_EQ(store().Change(change).status(), JobNotFound(JobId(9)));
}

TEST_P(JobStoreContract, EndedJobTakesNoOrders) {
  const JobRecord leased = InsertLeased(1);
  const auto done = store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED));
  ASSERT_TRUE(done.ok());
  for (const JobState to :
       {v1::Job::STATE_CANCELLED, v1::Job::STATE_PAUSED, v1::Job::STATE_QUEUED}) {
    const absl::Status status = store().Change(Order(*done, to)).status();
    EXPECT_THAT(status, FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("is completed"));
  }
  EXPECT_EQ(Get(JobId(1)).version, done->version);
}

TEST_P(JobStoreContract, OnlyPausedJobsAreResumedAndOnlyByThisDoor) {
  const JobRecord waiting = Insert(Job(1));
  EXPECT_THAT(store().Change(Order(waiting, v1::Job::STATE_QUEUED)).status(),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"));
  EXPECT_THAT(store().Change(Order(waiting, v1::Job::STATE_EXPIRED)).status(),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"));
  const JobRecord leased = InsertLeased(2);
  EXPECT_THAT(store().Change(Order(leased, v1::Job::STATE_QUEUED)).status(),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"));
  EXPECT_THAT(store().Change(Order(leased, v1::Job::STATE_COMPLETED)).status(),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"));
}

TEST_P(JobStoreContract, PausedJobKeepsItsTextAndComesBackAsANewArrival) {
  const JobRecord leased = InsertLeased(1);
  OwnerChange change = Order(leased, v1::Job::STATE_PAUSED);
  change.pieces = {Piece(v1::CHANNEL_ANSWER, 0, "so far")};
  const auto paused = store().Change(change);
  ASSERT_TRUE(paused.ok()) << paused.status();
  EXPECT_EQ(paused->state, v1::Job::STATE_PAUSED);
  EXPECT_FALSE(paused->completed_at.has_value());
  EXPECT_EQ(Text(JobId(1)), "so far");
  EXPECT_THAT(*store().ListWaiting(0, 10), IsEmpty());
  const auto resumed = store().Change(Order(*paused, v1::Job::STATE_QUEUED));
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(resumed->state, v1::Job::STATE_QUEUED);
  EXPECT_EQ(resumed->failures, 0u);
  EXPECT_FALSE(resumed->score.has_value());
  EXPECT_THAT(Lease(Worker(1), {JobId(1)}).leased, SizeIs(1));
}

TEST_P(JobStoreContract, PauseDuringABackoffForgetsTheRetryTime) {
  const JobRecord leased = InsertLeased(1);
  const auto queued = store().FinishAttempt(Finish(leased, v1::OUTCOME_PASSING));
  ASSERT_TRUE(queued.ok());
  const auto paused = store().Change(Order(*queued, v1::Job::STATE_PAUSED));
  ASSERT_TRUE(paused.ok());
  EXPECT_FALSE(paused->not_before.has_value());
  PassTime(absl::Minutes(5));
  EXPECT_THAT(*store().TakeDueRetries(10), IsEmpty());
}

TEST_P(JobStoreContract, WaitingJobsAreListedInKeyOrder) {
  for (int i = 5; i >= 1; --i) Insert(Job(i));
  InsertLeased(9);
  const auto page = store().ListWaiting(0, 3);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(*page, SizeIs(3));
  EXPECT_EQ((*page)[0].job_id, JobId(5));
  EXPECT_EQ((*page)[2].job_id, JobId(3));
  EXPECT_EQ((*page)[0].spec.model(), "llama");
  EXPECT_EQ((*page)[0].owner_id, "ann");
  const auto rest = store().ListWaiting(page->back().row_id, 10);
  ASSERT_THAT(*rest, SizeIs(2));
  EXPECT_EQ((*rest)[1].job_id, JobId(1));
}

TEST_P(JobStoreContract, WaitingJobExpiresAtItsDeadline) {
  NewJob job = Job(1);
  job.spec.mutable_deadlines()->set_waiting_ms(60'000);
  Insert(job);
  Insert(Job(2));
  NewJob later = Job(3);
  later.spec.mutable_deadlines()->set_waiting_ms(3'600'000);
  Insert(later);
  EXPECT_THAT(*store().ExpireWaiting(10), IsEmpty());
  PassTime(absl::Seconds(61));
  const auto expired = store().ExpireWaiting(10);
  ASSERT_TRUE(expired.ok()) << expired.status();
  ASSERT_THAT(*expired, SizeIs(1));
  EXPECT_EQ(expired->front().job_id, JobId(1));
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.state, v1::Job::STATE_EXPIRED);
  EXPECT_EQ(read.version, 2u);
  EXPECT_EQ(read.reason, "WAITING_DEADLINE");
  EXPECT_TRUE(read.completed_at.has_value());
  EXPECT_THAT(*store().ExpireWaiting(10), IsEmpty());
}

TEST_P(JobStoreContract, PausedJobExpiresToo) {
  NewJob job = Job(1);
  job.spec.mutable_deadlines()->set_waiting_ms(1000);
  const JobRecord inserted = Insert(job);
  ASSERT_TRUE(store().Change(Order(inserted, v1::Job::STATE_PAUSED)).ok());
  PassTime(absl::Seconds(2));
  EXPECT_THAT(*store().ExpireWaiting(10), SizeIs(1));
}

TEST_P(JobStoreContract, DeadlineForWaitingEndsWithTheFirstLease) {
  NewJob job = Job(1);
  job.spec.mutable_deadlines()->set_waiting_ms(1000);
  Insert(job);
  Beat(Worker(1));
  const LeaseResult result = Lease(Worker(1), {JobId(1)});
  ASSERT_THAT(result.leased, SizeIs(1));
  PassTime(absl::Seconds(2));
  EXPECT_THAT(*store().ExpireWaiting(10), IsEmpty());
  ASSERT_TRUE(store().FinishAttempt(Finish(result.leased[0], v1::OUTCOME_HANDED_OVER)).ok());
  EXPECT_THAT(*store().ExpireWaiting(10), IsEmpty());
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_QUEUED);
}

TEST_P(JobStoreContract, ExpiryAndDueRetriesTakeAtMostWhatIsAskedFor) {
  for (int i = 1; i <= 3; ++i) {
    NewJob job = Job(i);
    job.spec.mutable_deadlines()->set_waiting_ms(1000);
    Insert(job);
  }
  PassTime(absl::Seconds(2));
  EXPECT_THAT(*store().ExpireWaiting(2), SizeIs(2));
  EXPECT_THAT(*store().ExpireWaiting(2), SizeIs(1));
  for (int i = 4; i <= 6; ++i) {
    ASSERT_TRUE(store().FinishAttempt(Finish(InsertLeased(i), v1::OUTCOME_PASSING)).ok());
  }
  PassTime(absl::Minutes(5));
  EXPECT_THAT(*store().TakeDueRetries(2), SizeIs(2));
  EXPECT_THAT(*store().TakeDueRetries(2), SizeIs(1));
}

}  // namespace
}  // namespace genwatch

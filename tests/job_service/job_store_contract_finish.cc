#include "tests/job_service/job_store_contract.h"

namespace genwatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_P(JobStoreContract, CompletionStoresTailAndNumbersWithTheState) {
  const JobRecord leased = InsertLeased(1);
  Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "Hello ")});
  FinishedAttempt attempt = Finish(leased, v1::OUTCOME_COMPLETED);
  attempt.pieces = {Piece(v1::CHANNEL_ANSWER, 3, "lo world"), Piece(v1::CHANNEL_THINKING, 0, "ok")};
  attempt.numbers.set_percent(12);
  attempt.numbers.set_current_tokens(42);
  attempt.numbers.set_tokens_per_second(10.129);
  attempt.numbers.set_elapsed_ms(4200);
  attempt.numbers.set_prompt_tokens(8);
  attempt.numbers.set_completion_tokens(42);
  attempt.numbers.set_first_token_ms(200);
  attempt.numbers.set_remaining_ms(77);
  attempt.numbers.set_done_reason("stop");
  const auto done = store().FinishAttempt(attempt);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state, v1::Job::STATE_COMPLETED);
  EXPECT_EQ(done->version, leased.version + 1);

  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.state, v1::Job::STATE_COMPLETED);
  EXPECT_EQ(read.version, leased.version + 1);
  EXPECT_EQ(read.reason, "");
  EXPECT_EQ(read.numbers.percent(), 100);
  EXPECT_EQ(read.numbers.remaining_ms(), 0u);
  EXPECT_TRUE(read.numbers.has_remaining_ms());
  EXPECT_EQ(read.numbers.current_tokens(), 42u);
  EXPECT_EQ(read.numbers.tokens_per_second(), 10.13);
  EXPECT_EQ(read.numbers.elapsed_ms(), 4200u);
  EXPECT_EQ(read.numbers.prompt_tokens(), 8u);
  EXPECT_EQ(read.numbers.completion_tokens(), 42u);
  EXPECT_EQ(read.numbers.total_tokens(), 50u);
  EXPECT_EQ(read.numbers.first_token_ms(), 200u);
  EXPECT_EQ(read.numbers.done_reason(), "stop");
  EXPECT_EQ(read.numbers.answer_bytes(), 11u);
  EXPECT_EQ(read.numbers.thinking_bytes(), 2u);
  EXPECT_TRUE(read.completed_at.has_value());
  EXPECT_EQ(read.completed_at, done->completed_at);
  EXPECT_EQ(read.instance, "");
  EXPECT_EQ(read.worker_address, "");
  EXPECT_EQ(Text(JobId(1)), "Hello world");
  EXPECT_EQ(Text(JobId(1), v1::CHANNEL_THINKING), "ok");
  EXPECT_EQ(done->numbers.SerializeAsString(), read.numbers.SerializeAsString());
}

TEST_P(JobStoreContract, FinishingTwiceAnswersTheSame) {
  const JobRecord leased = InsertLeased(1);
  FinishedAttempt attempt = Finish(leased, v1::OUTCOME_COMPLETED);
  attempt.pieces = {Piece(v1::CHANNEL_ANSWER, 0, "once")};
  ASSERT_TRUE(store().FinishAttempt(attempt).ok());
  const auto again = store().FinishAttempt(attempt);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->state, v1::Job::STATE_COMPLETED);
  EXPECT_EQ(again->version, leased.version + 1);
  EXPECT_EQ(Text(JobId(1)), "once");
}

TEST_P(JobStoreContract, FinishingTwiceIsKnownAlsoAfterTheNextLease) {
  const JobRecord first = InsertLeased(1);
  ASSERT_TRUE(store().FinishAttempt(Finish(first, v1::OUTCOME_HANDED_OVER)).ok());
  const LeaseResult second = Lease(Worker(1), {JobId(1)});
  ASSERT_THAT(second.leased, SizeIs(1));
  const auto again = store().FinishAttempt(Finish(first, v1::OUTCOME_HANDED_OVER));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->state, v1::Job::STATE_PROCESSING);
  EXPECT_EQ(Get(JobId(1)).version, second.leased[0].version);
}

TEST_P(JobStoreContract, FinishOfALostLeaseIsRefused) {
  const JobRecord leased = InsertLeased(1);
  FinishedAttempt foreign = Finish(leased, v1::OUTCOME_COMPLETED);
  foreign.instance = Worker(2).instance();
  EXPECT_THAT(store().FinishAttempt(foreign).status(),
              FailsWith(absl::StatusCode::kAborted, "LEASE_LOST"));
  FinishedAttempt old = Finish(leased, v1::OUTCOME_COMPLETED);
  old.version = leased.version - 1;
  EXPECT_THAT(store().FinishAttempt(old).status(),
              FailsWith(absl::StatusCode::kAborted, "LEASE_LOST"));
  ASSERT_TRUE(store().Change(Order(leased, v1::Job::STATE_CANCELLED)).ok());
  EXPECT_THAT(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).status(),
              FailsWith(absl::StatusCode::kAborted, "LEASE_LOST"));
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_CANCELLED);
  FinishedAttempt unknown = Finish(leased, v1::OUTCOME_COMPLETED);
  unknown.job_id = JobId(9);
  EXPECT_TRUE(absl::IsNotFound(store().FinishAttempt(unknown).status()));
}

TEST_P(JobStoreContract, FinishWithAGapInItsTextIsRefused) {
  const JobRecord leased = InsertLeased(1);
  Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "abc")});
  FinishedAttempt attempt = Finish(leased, v1::OUTCOME_COMPLETED);
  attempt.pieces = {Piece(v1::CHANNEL_ANSWER, 4, "e")};
  EXPECT_THAT(store().FinishAttempt(attempt).status(),
              FailsWith(absl::StatusCode::kInvalidArgument, "TEXT_GAP"));
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_PROCESSING);
  EXPECT_EQ(Text(JobId(1)), "abc");
  attempt.pieces = {Piece(v1::CHANNEL_ANSWER, 3, "de")};
  EXPECT_TRUE(store().FinishAttempt(attempt).ok());
}

TEST_P(JobStoreContract, PassingFaultWaitsForItsRetry) {
  const JobRecord leased = InsertLeased(1);
  const auto queued = store().FinishAttempt(Finish(leased, v1::OUTCOME_PASSING));
  ASSERT_TRUE(queued.ok()) << queued.status();
  EXPECT_EQ(queued->state, v1::Job::STATE_QUEUED);
  EXPECT_EQ(queued->failures, 1u);
  EXPECT_EQ(queued->reason, "MODEL_UNREACHABLE");
  EXPECT_EQ(queued->error_message, "the model server does not answer");
  ASSERT_TRUE(queued->not_before.has_value());
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.not_before, queued->not_before);
  EXPECT_EQ(read.score, 0.5);
  EXPECT_EQ(read.completed_at, std::nullopt);

  // Neither waiting for a worker nor due.
  EXPECT_THAT(*store().ListWaiting(0, 10), IsEmpty());
  EXPECT_THAT(*store().TakeDueRetries(10), IsEmpty());
  const LeaseResult early = Lease(Worker(1), {JobId(1)});
  EXPECT_THAT(early.leased, IsEmpty());
  EXPECT_THAT(early.put_back, IsEmpty());

  PassTime(absl::Seconds(10));
  const auto due = store().TakeDueRetries(10);
  ASSERT_TRUE(due.ok()) << due.status();
  ASSERT_THAT(*due, SizeIs(1));
  EXPECT_EQ(due->front().job_id, JobId(1));
  EXPECT_EQ(due->front().score, 0.5);
  EXPECT_EQ(due->front().spec.model(), "llama");
  EXPECT_FALSE(due->front().not_before.has_value());
  EXPECT_THAT(*store().TakeDueRetries(10), IsEmpty());
  EXPECT_THAT(*store().ListWaiting(0, 10), SizeIs(1));
  const LeaseResult second = Lease(Worker(1), {JobId(1)});
  ASSERT_THAT(second.leased, SizeIs(1));
  EXPECT_EQ(second.leased[0].attempt, 2u);
  EXPECT_EQ(second.leased[0].failures, 1u);
  EXPECT_EQ(second.leased[0].reason, "");
}

TEST_P(JobStoreContract, BudgetOfFailuresEndsTheJob) {
  Insert(Job(1));
  Beat(Worker(1));
  for (int i = 1; i <= 3; ++i) {
    const LeaseResult result = Lease(Worker(1), {JobId(1)});
    ASSERT_THAT(result.leased, SizeIs(1)) << i;
    Append(result.leased[0], {Piece(v1::CHANNEL_ANSWER, 0, "part")});
    ASSERT_TRUE(store().FinishAttempt(Finish(result.leased[0], v1::OUTCOME_PASSING)).ok());
    PassTime(absl::Minutes(5));
    ASSERT_TRUE(store().TakeDueRetries(10).ok());
  }
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.state, v1::Job::STATE_FAILED);
  EXPECT_EQ(read.failures, 3u);
  EXPECT_EQ(read.attempt, 3u);
  EXPECT_EQ(read.reason, "MODEL_UNREACHABLE");
  EXPECT_TRUE(read.completed_at.has_value());
  EXPECT_LT(read.numbers.percent(), 100);
  // The text so far is kept.
  EXPECT_EQ(Text(JobId(1)), "part");
}

TEST_P(JobStoreContract, PermanentFaultEndsTheJobAtOnce) {
  const JobRecord leased = InsertLeased(1);
  const auto failed = store().FinishAttempt(Finish(leased, v1::OUTCOME_PERMANENT));
  ASSERT_TRUE(failed.ok()) << failed.status();
  EXPECT_EQ(failed->state, v1::Job::STATE_FAILED);
  EXPECT_EQ(failed->failures, 1u);
  EXPECT_FALSE(failed->not_before.has_value());
}

TEST_P(JobStoreContract, HandedOverJobIsLeasedAgainAtOnce) {
  const JobRecord leased = InsertLeased(1);
  const auto queued = store().FinishAttempt(Finish(leased, v1::OUTCOME_HANDED_OVER));
  ASSERT_TRUE(queued.ok()) << queued.status();
  EXPECT_EQ(queued->state, v1::Job::STATE_QUEUED);
  EXPECT_EQ(queued->failures, 0u);
  EXPECT_FALSE(queued->not_before.has_value());
  EXPECT_EQ(queued->score, 0.5);
  EXPECT_THAT(Lease(Worker(1), {JobId(1)}).leased, SizeIs(1));
}

TEST_P(JobStoreContract, LongReasonsAndMessagesAreCut) {
  const JobRecord leased = InsertLeased(1);
  FinishedAttempt attempt = Finish(leased, v1::OUTCOME_PERMANENT);
  attempt.end.reason = std::string(500, 'R') + "\xC3\xB6";
  attempt.end.error_message = std::string(200'000, 'm') + "\xF0\x9F\x98\x80";
  attempt.numbers.set_done_reason(std::string(1000, 'd'));
  const auto failed = store().FinishAttempt(attempt);
  ASSERT_TRUE(failed.ok()) << failed.status();
  const JobRecord read = Get(JobId(1));
  EXPECT_EQ(read.reason, std::string(64, 'R'));
  EXPECT_EQ(read.error_message, std::string(4096, 'm'));
  EXPECT_EQ(read.reason, failed->reason);
}

TEST_P(JobStoreContract, FinalNumbersOfALeaseAreNotChangedByLateProgress) {
  const JobRecord leased = InsertLeased(1);
  FinishedAttempt attempt = Finish(leased, v1::OUTCOME_COMPLETED);
  attempt.numbers.set_current_tokens(9);
  ASSERT_TRUE(store().FinishAttempt(attempt).ok());
  v1::ProgressRecord late;
  late.set_job_id(leased.job_id);
  late.set_version(leased.version);
  late.set_sequence(1'000'000);
  late.mutable_numbers()->set_current_tokens(8);
  EXPECT_EQ(*store().RecordProgress({late}), 0u);
  EXPECT_EQ(Get(JobId(1)).numbers.current_tokens(), 9u);
}

TEST_P(JobStoreContract, HistoryLearnsFromWhatEnded) {
  Beat(Worker(1));
  for (int i = 1; i <= 25; ++i) {
    NewJob job = Job(i);
    job.spec.set_job_class(i <= 22 ? "title" : "other");
    Insert(job);
    const LeaseResult result = Lease(Worker(1), {JobId(i)});
    ASSERT_THAT(result.leased, SizeIs(1));
    FinishedAttempt attempt = Finish(result.leased[0], v1::OUTCOME_COMPLETED);
    attempt.numbers.set_completion_tokens(static_cast<uint32_t>(i));
    attempt.numbers.set_prompt_tokens(4);
    attempt.numbers.set_first_token_ms(300);
    attempt.numbers.set_done_reason(i == 21 ? "length" : "stop");
    attempt.facts.set_answer_chunks(static_cast<uint32_t>(i));
    attempt.facts.set_eval_ms(i * 50.0);
    attempt.facts.set_prompt_eval_ms(40);
    attempt.facts.set_load_ms(2000);
    ASSERT_TRUE(store().FinishAttempt(attempt).ok());
  }
  v1::JobSpec spec = Job(1).spec;
  spec.set_job_class("title");
  const auto history = store().History(spec);
  ASSERT_TRUE(history.ok()) << history.status();
  EXPECT_EQ(history->scope(), v1::LengthHistory::SCOPE_CLASS);
  ASSERT_EQ(history->lengths_size(), 22);
  EXPECT_EQ(history->lengths(0), 22u);
  EXPECT_EQ(history->lengths(21), 1u);
  ASSERT_EQ(history->censored_size(), 22);
  EXPECT_FALSE(history->censored(0));
  EXPECT_TRUE(history->censored(1));
  EXPECT_DOUBLE_EQ(history->tokens_per_chunk(), 1.0);
  EXPECT_DOUBLE_EQ(history->tokens_per_second(), 20.0);
  EXPECT_DOUBLE_EQ(history->first_token_ms(), 300.0);
  EXPECT_DOUBLE_EQ(history->load_ms(), 2000.0);
  EXPECT_DOUBLE_EQ(history->prompt_tokens_per_second(), 100.0);
  EXPECT_GT(history->prompt_tokens_per_byte(), 0.0);

  spec.set_job_class("other");
  EXPECT_EQ(store().History(spec)->scope(), v1::LengthHistory::SCOPE_MODEL);
  EXPECT_EQ(store().History(spec)->lengths_size(), 25);
  spec.set_model("unknown");
  const auto all = store().History(spec);
  EXPECT_EQ(all->scope(), v1::LengthHistory::SCOPE_ALL);
  EXPECT_EQ(all->lengths_size(), 25);
  EXPECT_EQ(all->tokens_per_second(), 0);
}

TEST_P(JobStoreContract, HistoryIsEmptyAtFirstAndLearnsNothingFromNothing) {
  const JobRecord leased = InsertLeased(1);
  ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_PERMANENT)).ok());
  const auto history = store().History(leased.spec);
  ASSERT_TRUE(history.ok()) << history.status();
  EXPECT_EQ(history->scope(), v1::LengthHistory::SCOPE_UNSPECIFIED);
  EXPECT_EQ(history->lengths_size(), 0);
}

TEST_P(JobStoreContract, CancelledJobTeachesACensoredLength) {
  const JobRecord leased = InsertLeased(1);
  OwnerChange change = Order(leased, v1::Job::STATE_CANCELLED);
  change.numbers.emplace().set_current_tokens(33);
  change.facts.emplace().set_answer_chunks(30);
  ASSERT_TRUE(store().Change(change).ok());
  const auto history = store().History(leased.spec);
  ASSERT_TRUE(history.ok()) << history.status();
  ASSERT_THAT(history->lengths(), ElementsAre(33u));
  EXPECT_TRUE(history->censored(0));
  // An estimate of tokens teaches nothing about chunks.
  EXPECT_EQ(history->tokens_per_chunk(), 0);
}

TEST_P(JobStoreContract, RecentLeasesAreCountedByModel) {
  EXPECT_EQ(store().RecentLeases("llama")->leases, 0u);
  InsertLeased(1);
  PassTime(absl::Milliseconds(5));
  InsertLeased(2);
  PassTime(absl::Milliseconds(5));
  const auto pace = store().RecentLeases("llama");
  ASSERT_TRUE(pace.ok()) << pace.status();
  EXPECT_EQ(pace->leases, 2u);
  EXPECT_GT(pace->since_newest, absl::ZeroDuration());
  EXPECT_GT(pace->since_oldest, pace->since_newest);
  EXPECT_EQ(store().RecentLeases("qwen")->leases, 0u);
}

TEST_P(JobStoreContract, NewestReportOfEachModelServerIsKept) {
  EXPECT_THAT(*store().LoadModels(), IsEmpty());
  v1::ModelReport report;
  report.mutable_server()->set_url("http://a:1");
  report.add_models()->set_name("llama");
  ASSERT_TRUE(store().SaveModels(report).ok());
  v1::ModelReport other;
  other.mutable_server()->set_url("http://b:1");
  ASSERT_TRUE(store().SaveModels(other).ok());
  report.add_models()->set_name("qwen");
  ASSERT_TRUE(store().SaveModels(report).ok());
  const auto reports = store().LoadModels();
  ASSERT_TRUE(reports.ok()) << reports.status();
  ASSERT_THAT(*reports, SizeIs(2));
  EXPECT_EQ((*reports)[0].SerializeAsString(), report.SerializeAsString());
  EXPECT_EQ((*reports)[1].server().url(), "http://b:1");
}

}  // namespace
}  // namespace genwatch

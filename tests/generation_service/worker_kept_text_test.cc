// Attempts that begin with text of an earlier one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/generation_service/feed_watcher.h"
#include "tests/generation_service/worker_fixture.h"

namespace genwatch {
namespace {

using testing::HasSubstr;

constexpr char kKept[] = "The quick brown fox jumps over the lazy dog, and then it sle";

class WorkerKeptTextTest : public WorkerTest {
 protected:
  WorkerKeptTextTest() {
    options_.continuing = ModelPatterns("m");
    Start();
  }

  // The second lease of a job whose first one left text.
  v1::LeasedJob KeptJob(const std::string& model = "m", const std::string& thinking = "") {
    ledger_->Keep("job_1", kKept, thinking);
    v1::LeasedJob job = Job("job_1", model);
    job.set_version(4);
    job.set_attempt(2);
    v1::LeaseBase* base = job.add_bases();
    base->set_version(4);
    base->set_answer(sizeof(kKept) - 1);
    base->set_thinking(static_cast<uint32_t>(thinking.size()));
    job.set_answer(kKept);
    job.set_thinking(thinking);
    return job;
  }

  FakeLedger::Finished AwaitFinished() {
    EXPECT_TRUE(Await([&] { return ledger_->finished().size() == 1; }));
    return ledger_->finished().empty() ? FakeLedger::Finished() : ledger_->finished()[0];
  }

  // The conversation of the same attempt that follows `index`.
  size_t AwaitNext(size_t index) {
    EXPECT_TRUE(Await([&] { return models_.started() > index + 1; }));
    EXPECT_TRUE(models_.closed(index));
    EXPECT_EQ(models_.request(index + 1).spec.messages_size(), 0);
    EXPECT_EQ(models_.request(index + 1).spec.prompt(), "hi");
    return index + 1;
  }

  static Failure Refusal(const std::string& text) {
    Failure failure;
    failure.kind = Failure::Kind::kStatus;
    failure.http_status = 400;
    failure.server_text = text;
    return failure;
  }
};

TEST_F(WorkerKeptTextTest, JobGoesOnFromItsKeptText) {
  v1::LeasedJob job = KeptJob();
  job.mutable_spec()->mutable_options()->set_num_predict(50);
  FeedWatcher watcher(stub_.get());
  const size_t index = StartJob(job);
  const v1::JobSpec spec = models_.request(index).spec;
  ASSERT_EQ(spec.messages_size(), 2);
  EXPECT_EQ(spec.messages(0).content(), "hi");
  EXPECT_EQ(spec.messages(1).role(), "assistant");
  EXPECT_EQ(spec.messages(1).content(), kKept);
  EXPECT_EQ(spec.options().num_predict(), 35);

  models_.SayText(index, "eps");
  models_.SayText(index, " well.");
  FeedWatcher::Job& seen = watcher.jobs["job_1"];
  ASSERT_TRUE(watcher.ReadUntil([&] { return seen.last.answer_chunks() == 2; }));
  EXPECT_EQ(seen.answer, std::string(sizeof(kKept) - 1, '.') + "eps well.");
  EXPECT_EQ(seen.fixed_seen, 1);
  EXPECT_EQ(seen.last.tokens(), 17u);  // of the whole text
  EXPECT_EQ(seen.last.kept_tokens(), 15u);

  models_.SayDone(index, 3);
  const FakeLedger::Finished finished = AwaitFinished();
  EXPECT_EQ(finished.request.outcome(), v1::OUTCOME_COMPLETED);
  EXPECT_EQ(finished.answer, std::string(kKept) + "eps well.");
  EXPECT_EQ(finished.request.numbers().answer_bytes(), finished.answer.size());
  EXPECT_EQ(finished.request.numbers().current_tokens(), 18u);
  EXPECT_TRUE(finished.request.numbers().tokens_estimated());
  EXPECT_FALSE(finished.request.numbers().has_completion_tokens());
  EXPECT_EQ(ledger_->lowered_bases(), 0);
}

TEST_F(WorkerKeptTextTest, EchoIsHeldBackAndDropped) {
  FeedWatcher watcher(stub_.get());
  const size_t index = StartJob(KeptJob());
  models_.SayText(index, "The quick brown fox jumps over");
  models_.SayText(index, " the lazy dog, and then it sleeps.");
  models_.SayDone(index, 20);
  EXPECT_EQ(AwaitFinished().answer, std::string(kKept) + "eps.");
  FeedWatcher::Job& seen = watcher.jobs["job_1"];
  ASSERT_TRUE(watcher.ReadUntil([&] { return seen.last.ended(); }));
  EXPECT_EQ(seen.answer, std::string(sizeof(kKept) - 1, '.') + "eps.");
}

TEST_F(WorkerKeptTextTest, ModelThatStartsAnewIsAskedAnewUnderTheSameLease) {
  FeedWatcher watcher(stub_.get());
  const size_t first = StartJob(KeptJob());
  models_.SayText(first, "Sure! Here is another story");
  const size_t second = AwaitNext(first);
  models_.SayText(second, "A cat ");
  models_.SayText(second, "meows.");
  models_.SayDone(second, 4);
  const FakeLedger::Finished finished = AwaitFinished();
  EXPECT_EQ(finished.request.outcome(), v1::OUTCOME_COMPLETED);
  EXPECT_EQ(finished.request.version(), 4u);
  EXPECT_EQ(finished.answer, "A cat meows.");
  EXPECT_EQ(finished.request.numbers().completion_tokens(), 4u);
  EXPECT_FALSE(finished.request.numbers().tokens_estimated());
  EXPECT_GE(ledger_->lowered_bases(), 1);
  FeedWatcher::Job& seen = watcher.jobs["job_1"];
  ASSERT_TRUE(watcher.ReadUntil([&] { return seen.last.ended(); }));
  EXPECT_EQ(seen.fixed_seen, 2);
  EXPECT_EQ(seen.fixed.bases(1).answer(), 0u);
  EXPECT_EQ(seen.answer, "A cat meows.");
}

TEST_F(WorkerKeptTextTest, RefusedPrefillCostsNoFailure) {
  for (const char* text : {"Assistant response prefill is incompatible with enable_thinking.",
                           "Cannot have 2 or more assistant messages at the end of the list."}) {
    const size_t before = ledger_->finished().size();
    const size_t first = StartJob(KeptJob());
    models_.Say(first, Refusal(text));
    const size_t second = AwaitNext(first);
    models_.SayText(second, "New.");
    models_.SayDone(second, 1);
    ASSERT_TRUE(Await([&] { return ledger_->finished().size() == before + 1; }));
    EXPECT_EQ(ledger_->finished().back().request.outcome(), v1::OUTCOME_COMPLETED);
    EXPECT_TRUE(AwaitListed("job_1", false));
  }
}

TEST_F(WorkerKeptTextTest, RefusalOfTheJobItselfFailsIt) {
  const size_t first = StartJob(KeptJob());
  models_.Say(first, Refusal("bad option"));
  models_.Say(AwaitNext(first), Refusal("bad option"));
  const FakeLedger::Finished finished = AwaitFinished();
  EXPECT_EQ(finished.request.outcome(), v1::OUTCOME_PERMANENT);
  // No new text came: the old one is worth more than none.
  EXPECT_EQ(ledger_->lowered_bases(), 0);
  EXPECT_EQ(finished.answer, kKept);
  EXPECT_EQ(finished.request.numbers().answer_bytes(), sizeof(kKept) - 1);
  EXPECT_THAT(finished.request.error_message(), HasSubstr("text so far is kept"));
}

TEST_F(WorkerKeptTextTest, OtherModelsStartOverAtOnce) {
  const size_t index = StartJob(KeptJob("n"));
  EXPECT_EQ(models_.request(index).spec.messages_size(), 0);
  models_.SayText(index, "New");
  EXPECT_TRUE(Await([&] { return ledger_->kept_answer("job_1") == "New"; }));
  models_.SayDone(index, 1);
  EXPECT_EQ(AwaitFinished().answer, "New");
}

TEST_F(WorkerKeptTextTest, ThinkingThatWasFinishedStandsAndIsNotRepeated) {
  const size_t index = StartJob(KeptJob("m", "hm, hm"));
  EXPECT_EQ(models_.request(index).spec.think(), v1::THINKING_OFF);
  models_.SayText(index, "eps.");
  models_.SayDone(index, 1);
  const FakeLedger::Finished finished = AwaitFinished();
  EXPECT_EQ(finished.thinking, "hm, hm");
  EXPECT_EQ(finished.answer, std::string(kKept) + "eps.");
}

TEST_F(WorkerKeptTextTest, ModelThatThinksAgainStartsOver) {
  const size_t first = StartJob(KeptJob("m", "hm, hm"));
  models_.SayText(first, "", "Well");
  const size_t second = AwaitNext(first);
  models_.SayText(second, "", "Once more");
  models_.SayText(second, "New.");
  models_.SayDone(second, 3);
  const FakeLedger::Finished finished = AwaitFinished();
  EXPECT_EQ(finished.thinking, "Once more");
  EXPECT_EQ(finished.answer, "New.");
}

TEST_F(WorkerKeptTextTest, NothingOfANewTextIsShownBeforeTheLedgerHasLoweredTheBase) {
  FeedWatcher watcher(stub_.get());
  ledger_->FailAppends(absl::UnavailableError("no database"));
  const size_t index = StartJob(KeptJob("n"));
  // Longer than the kept text, so that it could be taken for more of it.
  models_.SayText(index, std::string(100, 'x'));
  FeedWatcher::Job& seen = watcher.jobs["job_1"];
  ASSERT_TRUE(watcher.ReadUntil([&] { return seen.last.answer_chunks() == 1; }));
  const int append_calls = ledger_->append_calls();
  EXPECT_TRUE(Await([&] { return ledger_->append_calls() > append_calls + 1; }));
  EXPECT_EQ(seen.answer.find('x'), std::string::npos);
  EXPECT_EQ(seen.last.answer_bytes(), sizeof(kKept) - 1);
  // Not even when it is done: the result waits.
  models_.SayDone(index, 1);
  EXPECT_TRUE(AwaitListed("job_1", true));
  EXPECT_EQ(ledger_->finish_calls(), 0);
  ledger_->FailAppends(absl::OkStatus());
  EXPECT_EQ(AwaitFinished().answer, std::string(100, 'x'));
  ASSERT_TRUE(watcher.ReadUntil([&] { return seen.last.ended(); }));
  EXPECT_EQ(seen.answer, std::string(100, 'x'));
}

TEST_F(WorkerKeptTextTest, LostAnswerOfALoweringChangesNothing) {
  const size_t index = StartJob(KeptJob("n"));
  ledger_->LoseNextAppendAnswer();
  models_.SayText(index, "New ");
  EXPECT_TRUE(Await([&] { return ledger_->lowered_bases() >= 2; }));
  models_.SayText(index, "text.");
  models_.SayDone(index, 2);
  EXPECT_EQ(AwaitFinished().answer, "New text.");
}

TEST_F(WorkerKeptTextTest, EmptyNewAnswerDropsTheKeptText) {
  const size_t index = StartJob(KeptJob("n"));
  models_.SayDone(index, 1);
  EXPECT_EQ(AwaitFinished().answer, "");
}

TEST_F(WorkerKeptTextTest, PauseBeforeItIsClearLeavesTheKeptText) {
  const size_t index = StartJob(KeptJob());
  models_.SayText(index, "The quick");  // an echo, or a new beginning
  const v1::StopGenerationResponse response = StopGeneration("job_1", /*version=*/4);
  EXPECT_TRUE(response.stopped());
  EXPECT_EQ(response.pieces_size(), 0);
  EXPECT_EQ(response.numbers().answer_bytes(), sizeof(kKept) - 1);
  EXPECT_EQ(response.numbers().current_tokens(), 15u);
  EXPECT_TRUE(models_.closed(index));
}

TEST_F(WorkerKeptTextTest, PauseOfAnAttemptWhoseNewTextIsNotKeptLeavesTheKeptText) {
  ledger_->FailAppends(absl::UnavailableError("no database"));
  const size_t index = StartJob(KeptJob("n"));
  models_.SayText(index, "New");
  const v1::StopGenerationResponse response = StopGeneration("job_1", /*version=*/4);
  EXPECT_EQ(response.pieces_size(), 0);
  EXPECT_EQ(response.numbers().answer_bytes(), sizeof(kKept) - 1);
}

TEST_F(WorkerKeptTextTest, CancelOfAResultWhoseTextIsNotKeptLeavesTheKeptText) {
  ledger_->FailAppends(absl::UnavailableError("no database"));
  const size_t index = StartJob(KeptJob("n"));
  models_.SayText(index, "New");
  models_.SayDone(index, 1);
  const v1::StopGenerationResponse response = StopGeneration("job_1", /*version=*/4);
  EXPECT_TRUE(response.stopped());
  EXPECT_EQ(response.pieces_size(), 0);
}

TEST_F(WorkerKeptTextTest, BrokenStreamKeepsWhatTheContinuationAdded) {
  const size_t index = StartJob(KeptJob());
  models_.SayText(index, "eps well");
  Failure failure;
  failure.kind = Failure::Kind::kIncomplete;
  models_.Say(index, failure);
  const FakeLedger::Finished finished = AwaitFinished();
  EXPECT_EQ(finished.request.outcome(), v1::OUTCOME_PASSING);
  EXPECT_EQ(finished.answer, std::string(kKept) + "eps well");
}

TEST_F(WorkerKeptTextTest, FaultThatIsNotARefusalEndsTheAttempt) {
  const size_t index = StartJob(KeptJob());
  Failure failure;
  failure.kind = Failure::Kind::kStatus;
  failure.http_status = 503;
  models_.Say(index, failure);
  const FakeLedger::Finished finished = AwaitFinished();
  EXPECT_EQ(finished.request.outcome(), v1::OUTCOME_PASSING);
  EXPECT_EQ(finished.answer, kKept);
  EXPECT_EQ(models_.started(), 1u);
}

TEST_F(WorkerKeptTextTest, DrainHandsTheContinuationOver) {
  const size_t index = StartJob(KeptJob());
  models_.SayText(index, "eps well");
  worker_->Drain();
  const FakeLedger::Finished finished = AwaitFinished();
  EXPECT_EQ(finished.request.outcome(), v1::OUTCOME_HANDED_OVER);
  EXPECT_EQ(finished.answer, std::string(kKept) + "eps well");
}

TEST_F(WorkerKeptTextTest, LimitOfOutputCountsTheKeptText) {
  v1::LeasedJob job = KeptJob();
  job.set_max_output_bytes(sizeof(kKept) - 1 + 4);
  const size_t index = StartJob(job);
  models_.SayText(index, "eps well");
  const FakeLedger::Finished finished = AwaitFinished();
  EXPECT_EQ(finished.request.outcome(), v1::OUTCOME_COMPLETED);
  EXPECT_EQ(finished.answer, std::string(kKept) + "eps ");
}

}  // namespace
}  // namespace genwatch

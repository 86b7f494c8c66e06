#include "generation_service/attempt.h"

#include <gtest/gtest.h>

#include <string>

namespace genwatch {
namespace {

constexpr absl::Duration kStart = absl::Seconds(1000);

absl::Duration At(int ms) { return kStart + absl::Milliseconds(ms); }

v1::LeasedJob Lease() {
  v1::LeasedJob lease;
  lease.set_job_id("job_1");
  lease.set_version(4);
  lease.set_elapsed_before_ms(5'000);
  v1::LeaseBase* base = lease.add_bases();
  base->set_version(4);
  return lease;
}

v1::WorkerState StateOf(const Attempt& attempt, int ms) {
  v1::WorkerState state;
  attempt.FillState(At(ms), &state);
  return state;
}

TEST(AttemptTest, PhasesFollowTheFacts) {
  Attempt attempt(Lease(), /*model_loaded=*/false, kStart);
  EXPECT_EQ(attempt.phase(), v1::PHASE_LOADING);
  attempt.OnFirstByte(At(200));
  EXPECT_EQ(attempt.phase(), v1::PHASE_PROMPT);
  attempt.AddText({"", ""}, At(210));
  EXPECT_EQ(attempt.phase(), v1::PHASE_PROMPT);
  attempt.AddText({"", "hm"}, At(300));
  EXPECT_EQ(attempt.phase(), v1::PHASE_THINKING);
  attempt.AddText({"yes", ""}, At(500));
  EXPECT_EQ(attempt.phase(), v1::PHASE_GENERATING);
  attempt.AddText({"", "wait"}, At(510));
  EXPECT_EQ(attempt.phase(), v1::PHASE_GENERATING);
  attempt.Finish({}, At(900));

  const v1::WorkerState state = StateOf(attempt, 1'000);
  EXPECT_EQ(state.phase(), v1::PHASE_FINALIZING);
  ASSERT_EQ(state.phases_size(), 5);
  EXPECT_EQ(state.phases(0).phase(), v1::PHASE_LOADING);
  EXPECT_EQ(state.phases(0).start_ms(), 0u);
  EXPECT_EQ(state.phases(0).duration_ms(), 200u);
  EXPECT_EQ(state.phases(2).phase(), v1::PHASE_THINKING);
  EXPECT_EQ(state.phases(2).start_ms(), 300u);
  EXPECT_EQ(state.phases(2).duration_ms(), 200u);
  EXPECT_EQ(state.phases(4).duration_ms(), 100u);
  EXPECT_EQ(state.first_token_ms(), 300u);
}

TEST(AttemptTest, LoadingThatWasSeenIsALessonThoughTheAnswerKnowsNothingOfIt) {
  Attempt attempt(Lease(), /*model_loaded=*/false, kStart);
  attempt.OnModelLoaded(At(4'000));
  EXPECT_EQ(attempt.phase(), v1::PHASE_PROMPT);
  attempt.OnFirstByte(At(4'500));
  attempt.AddText({"yes", ""}, At(4'500));
  AnswerStatistics statistics;
  statistics.load = absl::Milliseconds(3);
  attempt.Finish(statistics, At(5'000));

  const v1::AttemptFacts facts = attempt.Facts(At(5'000));
  EXPECT_DOUBLE_EQ(facts.load_ms(), 4'000);
  ASSERT_EQ(facts.phases_size(), 4);
  EXPECT_EQ(facts.phases(0).duration_ms(), 4'000u);
  EXPECT_EQ(facts.phases(1).phase(), v1::PHASE_PROMPT);
  EXPECT_EQ(facts.phases(1).duration_ms(), 500u);
}

TEST(AttemptTest, LoadedModelStartsWithThePrompt) {
  Attempt attempt(Lease(), /*model_loaded=*/true, kStart);
  EXPECT_EQ(attempt.phase(), v1::PHASE_PROMPT);
}

TEST(AttemptTest, TokensAreChunksTimesTheLearnedFactor) {
  v1::LeasedJob lease = Lease();
  lease.mutable_history()->set_tokens_per_chunk(1.5);
  Attempt attempt(lease, true, kStart);
  for (int i = 0; i < 10; ++i) attempt.AddText({"a", ""}, At(100 * i));
  for (int i = 0; i < 4; ++i) attempt.AddText({"", "b"}, At(1'000));
  attempt.AddText({"", ""}, At(1'001));
  const v1::WorkerState state = StateOf(attempt, 1'001);
  EXPECT_EQ(state.tokens(), 21u);
  EXPECT_FALSE(state.tokens_exact());
  EXPECT_EQ(state.answer_chunks(), 10u);
  EXPECT_EQ(state.thinking_chunks(), 4u);
}

TEST(AttemptTest, TheModelsCountReplacesTheEstimateAtTheEnd) {
  Attempt attempt(Lease(), true, kStart);
  for (int i = 0; i < 10; ++i) attempt.AddText({"a", ""}, At(100 * i));
  AnswerStatistics statistics;
  statistics.done_reason = "stop";
  statistics.prompt_tokens = 26;
  statistics.completion_tokens = 30;
  statistics.eval = absl::Seconds(2);
  statistics.load = absl::Milliseconds(12.5);
  attempt.Finish(statistics, At(1'000));

  const v1::WorkerState state = StateOf(attempt, 5'000);
  EXPECT_EQ(state.tokens(), 30u);
  EXPECT_TRUE(state.tokens_exact());
  EXPECT_DOUBLE_EQ(state.tokens_per_second(), 15);
  EXPECT_EQ(state.prompt_tokens(), 26u);
  EXPECT_EQ(state.done_reason(), "stop");

  const v1::JobNumbers numbers = attempt.Numbers(At(5'000));
  EXPECT_EQ(numbers.completion_tokens(), 30u);
  EXPECT_EQ(numbers.total_tokens(), 56u);
  EXPECT_FALSE(numbers.tokens_estimated());
  EXPECT_DOUBLE_EQ(numbers.chars_per_second(), 10);
  EXPECT_DOUBLE_EQ(attempt.Facts(At(5'000)).load_ms(), 12.5);
}

TEST(AttemptTest, UnknownCountsStayUnknown) {
  Attempt attempt(Lease(), true, kStart);
  for (int i = 0; i < 5; ++i) attempt.AddText({"a", ""}, At(500 * i));
  attempt.Finish({}, At(2'500));
  const v1::JobNumbers numbers = attempt.Numbers(At(2'500));
  EXPECT_TRUE(numbers.tokens_estimated());
  EXPECT_EQ(numbers.current_tokens(), 5u);
  EXPECT_FALSE(numbers.has_prompt_tokens());
  EXPECT_FALSE(numbers.has_completion_tokens());
  EXPECT_FALSE(numbers.has_total_tokens());
  EXPECT_DOUBLE_EQ(numbers.tokens_per_second(), 2);
}

TEST(AttemptTest, ElapsedCountsEarlierAttemptsAndStandsStillAtTheEnd) {
  Attempt attempt(Lease(), true, kStart);
  EXPECT_EQ(StateOf(attempt, 700).elapsed_ms(), 5'700u);
  EXPECT_EQ(StateOf(attempt, 700).attempt_elapsed_ms(), 700u);
  attempt.Stop(At(900));
  EXPECT_EQ(StateOf(attempt, 60'000).elapsed_ms(), 5'900u);
  EXPECT_EQ(attempt.Numbers(At(60'000)).elapsed_ms(), 5'900u);
}

TEST(AttemptTest, OutputIsCutAtTheLimitAtACharacterBorder) {
  v1::LeasedJob lease = Lease();
  lease.set_max_output_bytes(10);
  Attempt attempt(lease, true, kStart);
  EXPECT_FALSE(attempt.AddText({"", "12345"}, At(1)).limit_reached);
  const std::string text = "abc\xC3\xA9\xC3\xA9";  // 7 bytes; 5 fit
  const Attempt::Taken taken = attempt.AddText({text, ""}, At(2));
  EXPECT_TRUE(taken.limit_reached);
  EXPECT_EQ(taken.answer, "abc\xC3\xA9");
  attempt.FinishAtLimit(At(3));
  const v1::WorkerState state = StateOf(attempt, 3);
  EXPECT_EQ(state.done_reason(), "output_limit");
  EXPECT_EQ(state.answer_bytes(), 5u);
  EXPECT_EQ(state.thinking_bytes(), 5u);
  EXPECT_FALSE(state.tokens_exact());
}

TEST(AttemptTest, OutputOfExactlyTheLimitIsNotCut) {
  v1::LeasedJob lease = Lease();
  lease.set_max_output_bytes(4);
  Attempt attempt(lease, true, kStart);
  EXPECT_FALSE(attempt.AddText({"abcd", ""}, At(1)).limit_reached);
  EXPECT_FALSE(attempt.AddText({"", ""}, At(2)).limit_reached);
  EXPECT_TRUE(attempt.AddText({"e", ""}, At(3)).limit_reached);
}

TEST(AttemptTest, LengthsCountFromTheBase) {
  v1::LeasedJob lease = Lease();
  lease.mutable_bases(0)->set_answer(40);
  lease.mutable_bases(0)->set_thinking(7);
  Attempt attempt(lease, true, kStart);
  attempt.AddText({"abc", "d"}, At(1));
  EXPECT_EQ(attempt.answer_bytes(), 43u);
  EXPECT_EQ(attempt.thinking_bytes(), 8u);
}

TEST(AttemptTest, BaseIsThatOfThisLease) {
  v1::LeasedJob lease = Lease();
  v1::LeaseBase* older = lease.add_bases();
  older->set_version(2);
  older->set_answer(99);
  EXPECT_EQ(BaseOf(lease).answer(), 0u);
  lease.clear_bases();
  EXPECT_EQ(BaseOf(lease).version(), 4u);
}

TEST(AttemptTest, AnAbsurdLearnedFactorIsBounded) {
  v1::LeasedJob lease = Lease();
  lease.mutable_history()->set_tokens_per_chunk(1e12);
  Attempt attempt(lease, true, kStart);
  attempt.AddText({"a", ""}, At(1));
  EXPECT_EQ(attempt.tokens(), 100u);
}

}  // namespace
}  // namespace genwatch

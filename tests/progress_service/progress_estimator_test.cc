#include "progress_service/progress_estimator.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace genwatch {
namespace {

v1::LeaseFixed LeaseWithHistory() {
  v1::LeaseFixed lease;
  lease.set_model("m");
  for (uint32_t i = 1; i <= 100; ++i) lease.mutable_history()->add_lengths(i * 4);
  return lease;
}

v1::WorkerState StateOf(v1::Phase phase, uint32_t tokens, double rate = 0) {
  v1::WorkerState state;
  state.set_version(2);
  state.set_phase(phase);
  state.set_tokens(tokens);
  state.set_tokens_per_second(rate);
  return state;
}

// Seed's defect: the percent was a function of bytes against a constant, so that long answers stuck
// at 90, short ones jumped from 20 to done, and loading had no place; time left was 0 all along.
TEST(ProgressEstimatorTest, SeedDefect16PercentFollowsTheExpectedLengthAndNotBytes) {
  v1::LeaseFixed long_answers;
  v1::LeaseFixed short_answers;
  for (int i = 0; i < 50; ++i) {
    long_answers.mutable_history()->add_lengths(4000 + i);
    short_answers.mutable_history()->add_lengths(40 + i % 5);
  }
  const ProgressEstimator for_long(long_answers);
  const ProgressEstimator for_short(short_answers);

  // The same 20 tokens are half of a short answer and nearly nothing of a long one; 9,000 bytes,
  // where the seed showed 90 %, are not even the middle of it.
  EXPECT_NEAR(for_short.PercentGenerating(20), 47, 5);
  EXPECT_LT(for_long.PercentGenerating(20), 6);
  v1::WorkerState state = StateOf(v1::PHASE_GENERATING, 1500, 50);
  state.set_answer_bytes(9000);
  EXPECT_LT(for_long.Interpret(state).percent(), 45);

  // It moves all along, and the time left is a time.
  double before = 0;
  for (uint32_t tokens = 100; tokens <= 4000; tokens += 100) {
    const double percent = for_long.PercentGenerating(tokens);
    EXPECT_GT(percent, before) << tokens;
    before = percent;
  }
  EXPECT_NEAR(for_long.Interpret(state).remaining_ms(), 1000 * 2525 / 50, 600);

  // Loading and the prompt have their place.
  EXPECT_LT(for_long.Interpret(StateOf(v1::PHASE_LOADING, 0)).percent(), 2.6);
  EXPECT_LE(for_long.Interpret(StateOf(v1::PHASE_PROMPT, 0)).percent(), 5);
}

TEST(ProgressEstimatorTest, NothingButCompletionIsAHundred) {
  const ProgressEstimator estimator(LeaseWithHistory());

  EXPECT_LE(estimator.Interpret(StateOf(v1::PHASE_GENERATING, 1'000'000)).percent(),
            kPercentGenerated);
  const double finalizing = estimator.Interpret(StateOf(v1::PHASE_FINALIZING, 400)).percent();
  EXPECT_GE(finalizing, 90);
  EXPECT_LT(finalizing, 100);
}

TEST(ProgressEstimatorTest, ThinkingCountsAsGenerating) {
  const ProgressEstimator estimator(LeaseWithHistory());

  EXPECT_DOUBLE_EQ(estimator.Interpret(StateOf(v1::PHASE_THINKING, 120)).percent(),
                   estimator.Interpret(StateOf(v1::PHASE_GENERATING, 120)).percent());
}

TEST(ProgressEstimatorTest, RemainingIsUnknownWhileNoRateIsKnown) {
  v1::LeaseFixed lease = LeaseWithHistory();

  EXPECT_FALSE(
      ProgressEstimator(lease).Interpret(StateOf(v1::PHASE_GENERATING, 10)).has_remaining_ms());

  lease.mutable_history()->set_tokens_per_second(20);
  const v1::JobNumbers numbers =
      ProgressEstimator(lease).Interpret(StateOf(v1::PHASE_GENERATING, 0));
  EXPECT_EQ(numbers.remaining_ms(), 200 * 1000 / 20);
  EXPECT_LT(numbers.remaining_low_ms(), numbers.remaining_ms());
  EXPECT_GT(numbers.remaining_high_ms(), numbers.remaining_ms());
}

TEST(ProgressEstimatorTest, UntilTheWorkerHasASpeedItIsTheAverageSinceTheFirstToken) {
  const ProgressEstimator estimator(LeaseWithHistory());
  v1::WorkerState state = StateOf(v1::PHASE_GENERATING, 50);
  state.set_first_token_ms(300);
  state.set_attempt_elapsed_ms(400);
  EXPECT_EQ(estimator.Interpret(state).tokens_per_second(), 0);

  state.set_attempt_elapsed_ms(800);
  EXPECT_DOUBLE_EQ(estimator.Interpret(state).tokens_per_second(), 100);
  EXPECT_TRUE(estimator.Interpret(state).has_remaining_ms());

  state.set_tokens_per_second(120);
  EXPECT_DOUBLE_EQ(estimator.Interpret(state).tokens_per_second(), 120);
}

TEST(ProgressEstimatorTest, AYoungMeasureIsHeldAgainstTheUsualSpeed) {
  v1::LeaseFixed lease;
  for (int i = 0; i < 20; ++i) lease.mutable_history()->add_lengths(400);
  lease.mutable_history()->set_tokens_per_second(20);
  const ProgressEstimator estimator(lease);
  // A burst: 100 tokens a second over the first half second.
  v1::WorkerState state = StateOf(v1::PHASE_GENERATING, 100, 100);
  state.set_first_token_ms(1000);
  state.set_attempt_elapsed_ms(1500);

  EXPECT_EQ(estimator.Interpret(state).remaining_ms(), 300 * 1000 / 40);
  // The speed that is shown is the one that was seen.
  EXPECT_DOUBLE_EQ(estimator.Interpret(state).tokens_per_second(), 100);

  state.set_attempt_elapsed_ms(3000);
  EXPECT_EQ(estimator.Interpret(state).remaining_ms(), 300 * 1000 / 100);
}

TEST(ProgressEstimatorTest, NothingIsBuiltForAJobOfWhichNothingIsEstimated) {
  v1::LeaseFixed lease = LeaseWithHistory();
  const ProgressEstimator estimator(lease);

  estimator.Interpret(StateOf(v1::PHASE_PROMPT, 0));
  estimator.Interpret(StateOf(v1::PHASE_FINALIZING, 2));
  EXPECT_FALSE(estimator.has_estimated());

  estimator.Interpret(StateOf(v1::PHASE_GENERATING, 2));
  EXPECT_TRUE(estimator.has_estimated());
}

TEST(ProgressEstimatorTest, WhatComesBeforeTheFirstTokenIsPartOfTheTimeLeft) {
  v1::LeaseFixed lease = LeaseWithHistory();
  lease.mutable_history()->set_tokens_per_second(20);
  lease.mutable_history()->set_load_ms(8000);
  lease.mutable_history()->set_first_token_ms(1500);
  const ProgressEstimator estimator(lease);
  v1::WorkerState state = StateOf(v1::PHASE_LOADING, 0);
  state.add_phases()->set_phase(v1::PHASE_LOADING);
  state.mutable_phases(0)->set_duration_ms(3000);

  EXPECT_EQ(estimator.Interpret(state).remaining_ms(), 5000 + 1500 + 10'000);

  state.set_phase(v1::PHASE_PROMPT);
  state.add_phases()->set_phase(v1::PHASE_PROMPT);
  state.mutable_phases(1)->set_duration_ms(500);
  EXPECT_EQ(estimator.Interpret(state).remaining_ms(), 1000 + 10'000);
}

TEST(ProgressEstimatorTest, NumPredictAndContextLimitTheEstimate) {
  v1::LeaseFixed lease = LeaseWithHistory();
  lease.set_num_predict(100);
  EXPECT_DOUBLE_EQ(ProgressEstimator(lease).PercentGenerating(100), kPercentGenerated);

  lease.set_num_predict(-1);  // unlimited
  lease.set_context_length(150);
  lease.set_prompt_bytes(400);
  lease.mutable_history()->set_prompt_tokens_per_byte(0.25);
  EXPECT_DOUBLE_EQ(ProgressEstimator(lease).PercentGenerating(50), kPercentGenerated);
}

TEST(ProgressEstimatorTest, CountsOfTheModelAreShownWhenItHasSaidThem) {
  const ProgressEstimator estimator(LeaseWithHistory());
  v1::WorkerState state = StateOf(v1::PHASE_GENERATING, 42);
  EXPECT_TRUE(estimator.Interpret(state).tokens_estimated());
  EXPECT_FALSE(estimator.Interpret(state).has_completion_tokens());

  state.set_tokens_exact(true);
  state.set_prompt_tokens(8);
  const v1::JobNumbers numbers = estimator.Interpret(state);
  EXPECT_FALSE(numbers.tokens_estimated());
  EXPECT_EQ(numbers.completion_tokens(), 42);
  EXPECT_EQ(numbers.total_tokens(), 50);
}

// A lease from its beginning to its end, with any history: the percent never falls.
TEST(ProgressEstimatorTest, PercentNeverFallsInTheCourseOfALease) {
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    v1::LeaseFixed lease;
    const uint32_t history = random() % 100;
    for (uint32_t i = 0; i < history; ++i) {
      lease.mutable_history()->add_lengths(random() % 2000);
      lease.mutable_history()->add_censored(random() % 6 == 0);
    }
    lease.mutable_history()->set_load_ms(random() % 20'000);
    lease.mutable_history()->set_first_token_ms(random() % 3000);
    const ProgressEstimator estimator(lease);

    double before = 0;
    const auto show = [&](const v1::WorkerState& state) {
      const double percent = estimator.Interpret(state).percent();
      EXPECT_GE(percent, before) << state.ShortDebugString();
      EXPECT_LT(percent, 100);
      before = percent;
    };
    v1::WorkerState state = StateOf(v1::PHASE_LOADING, 0);
    v1::PhaseTime* time = state.add_phases();
    time->set_phase(v1::PHASE_LOADING);
    for (uint32_t ms = 0; ms < 30'000; ms += 700) {
      time->set_duration_ms(ms);
      show(state);
    }
    state.set_phase(v1::PHASE_PROMPT);
    time = state.add_phases();
    time->set_phase(v1::PHASE_PROMPT);
    for (uint32_t ms = 0; ms < 30'000; ms += 700) {
      time->set_duration_ms(ms);
      show(state);
    }
    state.set_phase(v1::PHASE_THINKING);
    uint32_t tokens = 0;
    for (; tokens < 300; tokens += random() % 7) {
      state.set_tokens(tokens);
      show(state);
    }
    state.set_phase(v1::PHASE_GENERATING);
    for (; tokens < 5000; tokens += random() % 50) {
      state.set_tokens(tokens);
      show(state);
    }
    state.set_phase(v1::PHASE_FINALIZING);
    show(state);
  }
}

}  // namespace
}  // namespace genwatch

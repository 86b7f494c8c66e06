#include "job_service/job_estimate.h"

#include <gtest/gtest.h>

#include <vector>

namespace genwatch {
namespace {

// 100, 200, ... 1,000 tokens at 50 a second, a second to load, and half a token for each byte of
// prompt at 1,000 of them a second.
v1::LengthHistory History() {
  v1::LengthHistory history;
  history.set_scope(v1::LengthHistory::SCOPE_MODEL);
  for (uint32_t i = 1; i <= 10; ++i) {
    history.add_lengths(100 * i);
    history.add_censored(false);
  }
  history.set_tokens_per_second(50);
  history.set_first_token_ms(300);
  history.set_load_ms(1000);
  history.set_prompt_tokens_per_byte(0.5);
  history.set_prompt_tokens_per_second(1000);
  return history;
}

v1::EstimateJobResponse EstimateOf(const v1::LengthHistory& history, const PlannedJob& job) {
  v1::EstimateJobResponse estimate;
  FillEstimate(history, job, estimate);
  return estimate;
}

TEST(JobEstimate, LengthSpeedAndPromptMakeTheDuration) {
  const v1::EstimateJobResponse estimate =
      EstimateOf(History(), {.prompt_bytes = 400, .loaded = true});
  EXPECT_EQ(estimate.basis(), v1::EstimateJobResponse::BASIS_MODEL);
  EXPECT_EQ(estimate.past_jobs(), 10u);
  EXPECT_EQ(estimate.tokens(), 500u);
  EXPECT_EQ(estimate.tokens_low(), 100u);
  EXPECT_EQ(estimate.tokens_high(), 900u);
  EXPECT_DOUBLE_EQ(estimate.tokens_per_second(), 50);
  EXPECT_EQ(estimate.first_token_ms(), 200u);
  EXPECT_FALSE(estimate.has_load_ms());
  EXPECT_EQ(estimate.duration_ms(), 10'200u);
  EXPECT_EQ(estimate.duration_low_ms(), 2'200u);
  EXPECT_EQ(estimate.duration_high_ms(), 18'200u);
}

TEST(JobEstimate, AModelThatIsNotInMemoryIsLoadedFirst) {
  const v1::EstimateJobResponse estimate = EstimateOf(History(), {.prompt_bytes = 400});
  EXPECT_EQ(estimate.load_ms(), 1000u);
  EXPECT_EQ(estimate.first_token_ms(), 1200u);
  EXPECT_EQ(estimate.duration_ms(), 11'200u);
}

TEST(JobEstimate, NumPredictAndContextLimitTheLength) {
  EXPECT_EQ(EstimateOf(History(), {.num_predict = 250}).tokens(), 250u);
  EXPECT_EQ(EstimateOf(History(), {.num_predict = 250}).tokens_high(), 250u);
  EXPECT_EQ(EstimateOf(History(), {.num_predict = -1}).tokens_high(), 900u);
  // 800 bytes of prompt take 400 of the context's tokens.
  const PlannedJob long_prompt{.prompt_bytes = 800, .context_length = 1000, .loaded = true};
  EXPECT_EQ(EstimateOf(History(), long_prompt).tokens_high(), 600u);
}

TEST(JobEstimate, WhatIsNotKnownIsAbsent) {
  EXPECT_EQ(EstimateOf({}, {.prompt_bytes = 10}).SerializeAsString(), "");

  // Nine answers are too few to speak of the tenth; how fast the model is, is known.
  v1::LengthHistory few = History();
  few.mutable_lengths()->RemoveLast();
  few.mutable_censored()->RemoveLast();
  const v1::EstimateJobResponse short_history = EstimateOf(few, {.loaded = true});
  EXPECT_EQ(short_history.basis(), v1::EstimateJobResponse::BASIS_UNSPECIFIED);
  EXPECT_FALSE(short_history.has_tokens());
  EXPECT_FALSE(short_history.has_duration_ms());
  EXPECT_TRUE(short_history.has_tokens_per_second());

  // Of another model: its lengths, but no speed of this one.
  v1::LengthHistory others = History();
  others.set_scope(v1::LengthHistory::SCOPE_ALL);
  others.clear_tokens_per_second();
  const v1::EstimateJobResponse foreign = EstimateOf(others, {.loaded = true});
  EXPECT_EQ(foreign.basis(), v1::EstimateJobResponse::BASIS_ALL);
  EXPECT_EQ(foreign.tokens(), 500u);
  EXPECT_FALSE(foreign.has_duration_ms());
}

}  // namespace
}  // namespace genwatch

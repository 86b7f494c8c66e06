#include "progress_service/estimate_trace.h"

#include <gtest/gtest.h>

#include <cmath>

namespace genwatch {
namespace {

v1::WorkerState At(uint32_t tokens, uint32_t elapsed_ms) {
  v1::WorkerState state;
  state.set_phase(v1::PHASE_GENERATING);
  state.set_tokens(tokens);
  state.set_attempt_elapsed_ms(elapsed_ms);
  return state;
}

v1::JobNumbers Told(uint32_t remaining_ms, uint32_t low_ms, uint32_t high_ms) {
  v1::JobNumbers numbers;
  numbers.set_remaining_ms(remaining_ms);
  numbers.set_remaining_low_ms(low_ms);
  numbers.set_remaining_high_ms(high_ms);
  return numbers;
}

TEST(EstimateTrace, WhatWasToldIsHeldAgainstWhatCame) {
  EstimateTrace trace;
  // Twice too long at first, right in the middle.
  trace.Add(At(25, 1000), Told(6000, 4000, 8000));
  trace.Add(At(50, 2000), Told(2000, 1000, 4000));

  // 100 tokens after 4 s.
  EXPECT_NEAR(trace.At(0.25, 100, 4000)->log_error, std::log(2), 1e-9);
  EXPECT_FALSE(trace.At(0.25, 100, 4000)->inside);
  EXPECT_NEAR(trace.At(0.5, 100, 4000)->log_error, 0, 1e-9);
  EXPECT_TRUE(trace.At(0.5, 100, 4000)->inside);
  EXPECT_EQ(trace.At(0.25, 100, 4000)->told_ms, 6000u);
  EXPECT_EQ(trace.At(0.25, 100, 4000)->low_ms, 4000u);
  EXPECT_EQ(trace.At(0.25, 100, 4000)->high_ms, 8000u);
  EXPECT_EQ(trace.At(0.25, 100, 4000)->true_ms, 3000u);
}

TEST(EstimateTrace, ASampleFarFromTheShareSaysNothing) {
  EstimateTrace trace;
  trace.Add(At(10, 1000), Told(6000, 4000, 8000));
  trace.Add(At(90, 5000), Told(600, 400, 800));
  EXPECT_FALSE(trace.At(0.5, 100, 6000).has_value());
  EXPECT_FALSE(trace.At(0.95, 100, 6000).has_value());
  EXPECT_FALSE(EstimateTrace().At(0.5, 100, 6000).has_value());
}

TEST(EstimateTrace, LongAnswersTakeLittleRoomAndKeepEveryShare) {
  EstimateTrace trace;
  for (uint32_t tokens = 1; tokens <= 100'000; ++tokens) {
    trace.Add(At(tokens, 10 * tokens), Told(10 * (100'000 - tokens), 0, 4'000'000));
  }
  for (const double share : {0.25, 0.5, 0.75}) {
    ASSERT_TRUE(trace.At(share, 100'000, 1'000'000).has_value()) << share;
    EXPECT_NEAR(trace.At(share, 100'000, 1'000'000)->log_error, 0, 1e-9);
  }
}

TEST(EstimateTrace, UnknownAndFinishedTimesAreNoEstimates) {
  EstimateTrace trace;
  trace.Add(At(25, 1000), v1::JobNumbers());
  v1::WorkerState done = At(25, 1000);
  done.set_phase(v1::PHASE_FINALIZING);
  trace.Add(done, Told(0, 0, 0));
  EXPECT_FALSE(trace.At(0.25, 100, 4000).has_value());
}

}  // namespace
}  // namespace genwatch

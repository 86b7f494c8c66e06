#include "common/length_estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace genwatch {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

v1::LengthHistory HistoryOf(const std::vector<uint32_t>& lengths,
                            const std::vector<bool>& censored = {}) {
  v1::LengthHistory history;
  for (const uint32_t length : lengths) history.add_lengths(length);
  for (const bool cut : censored) history.add_censored(cut);
  return history;
}

std::vector<uint32_t> UpTo(uint32_t count, uint32_t step = 1) {
  std::vector<uint32_t> lengths;
  for (uint32_t i = 1; i <= count; ++i) lengths.push_back(i * step);
  return lengths;
}

TEST(LengthEstimateTest, WithoutCensoringTheQuantilesAreTheSamplesOwn) {
  const LengthEstimate estimate(HistoryOf(UpTo(100)), kNoLimit);

  const RemainingTokens at_start = estimate.Remaining(0);

  EXPECT_DOUBLE_EQ(at_start.low, 10);
  EXPECT_DOUBLE_EQ(at_start.median, 50);
  EXPECT_DOUBLE_EQ(at_start.high, 90);
}

TEST(LengthEstimateTest, WhatIsThereAlreadyConditionsTheRest) {
  const LengthEstimate estimate(HistoryOf(UpTo(100)), kNoLimit);

  // 41 to 100 are left: half of them end by 70, 10 % by 46, 90 % by 94.
  const RemainingTokens rest = estimate.Remaining(40);

  EXPECT_DOUBLE_EQ(rest.median, 30);
  EXPECT_DOUBLE_EQ(rest.low, 6);
  EXPECT_DOUBLE_EQ(rest.high, 54);
}

// The textbook's example: times 6, 6, 6, 7, 10, 13, 16, 22, 23 ended; 6, 9, 10, 11, 17, 19, 20, 25,
// 32, 32, 34, 35 were cut. Survival is 0.857 after 6, 0.807 after 7, 0.753 after 10, 0.690 after
// 13, 0.627 after 16, 0.538 after 22, 0.448 after 23, so the median is 23.
TEST(LengthEstimateTest, CutLengthsCountAsAtLeastThat) {
  const LengthEstimate estimate(
      HistoryOf({6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35},
                {false, false, false, false, false, false, false, false, false, true, true,
                 true,  true,  true,  true,  true,  true,  true,  true,  true,  true}),
      kNoLimit);

  EXPECT_DOUBLE_EQ(estimate.Remaining(0).median, 23);
  EXPECT_DOUBLE_EQ(estimate.Remaining(0).low, 6);
}

TEST(LengthEstimateTest, AllCutMeansLongerThanWhatWasSeen) {
  const LengthEstimate estimate(HistoryOf(UpTo(20), std::vector<bool>(20, true)), kNoLimit);

  EXPECT_GE(estimate.Remaining(0).median, 20);
  EXPECT_DOUBLE_EQ(estimate.Remaining(100).median, 50);
}

TEST(LengthEstimateTest, PastTheHistoryTheTailIsHeavy) {
  const LengthEstimate estimate(HistoryOf(UpTo(100)), kNoLimit);

  const RemainingTokens rest = estimate.Remaining(1000);

  EXPECT_NEAR(rest.low, 100, 1e-6);
  EXPECT_NEAR(rest.median, 500, 1e-6);
  EXPECT_NEAR(rest.high, 3000, 1e-6);
}

TEST(LengthEstimateTest, ColdStartGivesANumberAndAWideBand) {
  const LengthEstimate estimate(v1::LengthHistory(), kNoLimit);

  const RemainingTokens rest = estimate.Remaining(0);

  EXPECT_GT(rest.median, 0);
  EXPECT_LT(rest.low, rest.median / 2);
  EXPECT_GT(rest.high, rest.median * 2);
}

TEST(LengthEstimateTest, AShortHistoryIsNotForgottenAfterItsFirstLength) {
  const LengthEstimate estimate(HistoryOf({50, 400, 400, 400, 400, 400, 400, 400}), kNoLimit);

  EXPECT_DOUBLE_EQ(estimate.Remaining(60).median, 340);
  EXPECT_LT(estimate.Fraction(60), 0.2);
}

TEST(LengthEstimateTest, NothingIsExpectedBeyondTheLimit) {
  const LengthEstimate estimate(HistoryOf(UpTo(100, 10)), 200);

  EXPECT_DOUBLE_EQ(estimate.Remaining(150).high, 50);
  EXPECT_DOUBLE_EQ(estimate.Remaining(200).median, 0);
  EXPECT_DOUBLE_EQ(estimate.Remaining(300).median, 0);
  EXPECT_DOUBLE_EQ(estimate.Fraction(200), 1);
}

// Any history: the fraction never falls, stays within 0 and 1, and the band is in order.
TEST(LengthEstimateTest, FractionNeverFallsWhateverTheHistory) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    v1::LengthHistory history;
    const uint32_t count = random() % 4 == 0 ? random() % 12 : random() % 512;
    std::lognormal_distribution<double> length(3 + random() % 4, 0.3 + (random() % 20) / 10.0);
    for (uint32_t i = 0; i < count; ++i) {
      history.add_lengths(static_cast<uint32_t>(std::min(1e6, length(random))));
      history.add_censored(random() % 5 == 0);
    }
    const double limit = random() % 2 == 0 ? kNoLimit : 1 + random() % 5000;
    const LengthEstimate estimate(history, limit);

    double before = 0;
    for (double t = 0; t < 20'000; t += t < 200 ? 0.5 : 1 + t / 50) {
      const double fraction = estimate.Fraction(t);
      ASSERT_GE(fraction, before) << "round " << round << " at " << t;
      ASSERT_LE(fraction, 1);
      before = fraction;
      const RemainingTokens rest = estimate.Remaining(t);
      ASSERT_GE(rest.low, 0);
      ASSERT_GE(rest.median, rest.low);
      ASSERT_GE(rest.high, rest.median);
      ASSERT_TRUE(std::isfinite(rest.high));
    }
  }
}

TEST(LengthEstimateTest, TheSameHistoryGivesTheSameNumbersInAnyOrder) {
  const LengthEstimate one(HistoryOf({5, 9, 100, 40, 40, 7, 300, 20, 1000, 60}), kNoLimit);
  const LengthEstimate other(HistoryOf({1000, 60, 40, 5, 9, 300, 20, 100, 40, 7}), kNoLimit);

  for (double t = 0; t < 2000; t += 3) {
    ASSERT_EQ(one.Remaining(t).median, other.Remaining(t).median);
    ASSERT_EQ(one.Fraction(t), other.Fraction(t));
  }
}

}  // namespace
}  // namespace genwatch

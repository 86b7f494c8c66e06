#include "tests/bench/eta/replay.h"

#include <gtest/gtest.h>

#include <cmath>

// The replay is a pure function of its seed: the bounds are of figures that don't vary.

namespace genwatch::eta {
namespace {

const std::vector<Score>& TestScores() {
  static const auto* const scores = new std::vector<Score>(ReplayMany({}, kFirstTestSeed, 2));
  return *scores;
}

TEST(EtaReplay, OursBeatsTheSimplerRulesInEveryColumn) {
  const Score& ours = TestScores()[0];
  ASSERT_GT(ours.jobs, 7000);
  for (const Score& other : TestScores()) {
    if (other.estimator == ours.estimator || other.estimator == "true_lengths") continue;
    for (size_t at = 0; at < kShares.size(); ++at) {
      EXPECT_LT(ours.points[at], other.points[at]) << other.estimator << " at " << kShares[at];
      EXPECT_LT(ours.log_ratio[at], other.log_ratio[at]) << other.estimator << " " << kShares[at];
    }
    EXPECT_LT(ours.log_ratio_at_ages, other.log_ratio_at_ages) << other.estimator;
    EXPECT_LT(ours.coverage_gap, other.coverage_gap) << other.estimator;
    EXPECT_LE(ours.falls, other.falls) << other.estimator;
  }
}

TEST(EtaReplay, WithKnownClassesItIsAsGoodAsThoseLengthsAllow) {
  const Score& ours = TestScores()[0];
  EXPECT_LE(ours.points[0], 11);
  EXPECT_LE(ours.points[1], 14);
  EXPECT_LE(ours.points[2], 18);
  EXPECT_GE(ours.coverage, 0.75);
  EXPECT_LE(ours.coverage, 0.85);
  EXPECT_EQ(ours.falls, 0);
}

TEST(EtaReplay, FewJobsAreEnoughForAClassToBeWorthIt) {
  const ReplayOptions options{.learned = 100, .scored = 50};
  const std::vector<Score> scores = ReplayMany(options, kFirstTestSeed, 20);
  const Score& ours = scores[0];
  const Score& pooled = scores[3];
  for (size_t at = 0; at < kShares.size(); ++at) {
    EXPECT_LT(ours.points[at], 0.9 * pooled.points[at]) << kShares[at];
  }
}

TEST(EtaReplay, WithoutAnyHistoryItIsStillCalibratedAndNeverFalls) {
  const ReplayOptions options{.learned = 0, .scored = 20};
  const Score ours = ReplayMany(options, kFirstTestSeed, 40)[0];
  EXPECT_EQ(ours.falls, 0);
  EXPECT_GE(ours.coverage, 0.65);
  for (const double points : ours.points) EXPECT_TRUE(std::isfinite(points));
}

TEST(EtaReplay, TheSameSeedGivesTheSameScores) {
  const ReplayOptions options{.seed = 7, .learned = 50, .scored = 50};
  EXPECT_EQ(Replay(options)[0].points, Replay(options)[0].points);
  EXPECT_EQ(Replay(options)[0].coverage, Replay(options)[0].coverage);
}

}  // namespace
}  // namespace genwatch::eta

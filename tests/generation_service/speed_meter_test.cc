#include "generation_service/speed_meter.h"

#include <gtest/gtest.h>

namespace genwatch {
namespace {

TEST(SpeedMeterTest, SpeedIsUnknownForTheFirstSecond) {
  SpeedMeter meter;
  EXPECT_EQ(meter.TokensPerSecond(absl::Seconds(9)), 0);
  for (int i = 0; i < 10; ++i) meter.Add(i, absl::Milliseconds(100 * i));
  EXPECT_EQ(meter.TokensPerSecond(absl::Milliseconds(900)), 0);
  meter.Add(10, absl::Seconds(1));
  EXPECT_DOUBLE_EQ(meter.TokensPerSecond(absl::Seconds(1)), 10);
}

TEST(SpeedMeterTest, OnlyTheLastFiveSecondsCount) {
  SpeedMeter meter;
  double tokens = 0;
  for (int ms = 0; ms < 20'000; ms += 20) meter.Add(++tokens, absl::Milliseconds(ms));  // 50/s
  for (int ms = 20'000; ms < 26'000; ms += 100) meter.Add(++tokens, absl::Milliseconds(ms));
  EXPECT_NEAR(meter.TokensPerSecond(absl::Milliseconds(25'900)), 10, 0.5);
}

TEST(SpeedMeterTest, SpeedFallsWhileNothingComes) {
  SpeedMeter meter;
  for (int i = 0; i <= 50; ++i) meter.Add(i, absl::Milliseconds(100 * i));  // 10/s for 5 s
  EXPECT_NEAR(meter.TokensPerSecond(absl::Seconds(5)), 10, 0.3);
  EXPECT_NEAR(meter.TokensPerSecond(absl::Milliseconds(7'500)), 5, 0.3);
  EXPECT_EQ(meter.TokensPerSecond(absl::Seconds(60)), 0);
}

TEST(SpeedMeterTest, BurstsAreSmoothed) {
  SpeedMeter meter;
  double tokens = 0;
  for (int ms = 0; ms <= 10'000; ms += 250) {  // five tokens at once, four times a second
    for (int i = 0; i < 5; ++i) meter.Add(++tokens, absl::Milliseconds(ms));
    if (ms < 5'000) continue;
    EXPECT_NEAR(meter.TokensPerSecond(absl::Milliseconds(ms)), 20, 1.1);
  }
}

}  // namespace
}  // namespace genwatch

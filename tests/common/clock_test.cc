#include "common/clock.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "tests/support/fake_clock.h"

namespace genwatch {
namespace {

TEST(RealClockTest, MonotonicTimeNeverFalls) {
  absl::Duration last = RealClock()->Monotonic();
  for (int i = 0; i < 10'000; ++i) {
    const absl::Duration now = RealClock()->Monotonic();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(RealClockTest, NowIsTheWallClock) {
  const absl::Time before = absl::Now();
  const absl::Time now = RealClock()->Now();
  EXPECT_GE(now, before - absl::Seconds(5));
  EXPECT_LE(now, absl::Now() + absl::Seconds(5));
}

TEST(FakeClockTest, MovesOnlyWhenTold) {
  FakeClock clock;
  const absl::Time start = clock.Now();
  EXPECT_EQ(clock.Monotonic(), absl::ZeroDuration());
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(clock.Monotonic(), absl::Seconds(3));
  EXPECT_EQ(clock.Now(), start + absl::Seconds(3));
}

TEST(FakeClockTest, AJumpOfTheWallClockLeavesMonotonicTimeAlone) {
  FakeClock clock;
  clock.Advance(absl::Seconds(3));
  clock.SetWall(absl::UnixEpoch());
  EXPECT_EQ(clock.Now(), absl::UnixEpoch());
  EXPECT_EQ(clock.Monotonic(), absl::Seconds(3));
}

}  // namespace
}  // namespace genwatch

#include "common/periodic.h"

#include <gtest/gtest.h>

#include <atomic>

#include "common/clock.h"
#include "tests/support/await.h"
#include "tests/support/notification.h"

namespace genwatch {
namespace {

TEST(PeriodicTest, RunsAgainAndAgain) {
  std::atomic<int> runs = 0;
  const Periodic periodic("test", absl::Milliseconds(5), [&runs] { ++runs; });
  EXPECT_TRUE(Await([&runs] { return runs >= 5; }));
}

TEST(PeriodicTest, TheFirstRunComesAfterTheInterval) {
  const absl::Duration start = RealClock()->Monotonic();
  Notification ran;
  absl::Duration first;
  const Periodic periodic("test", absl::Milliseconds(50), [&] {
    if (ran.HasBeenNotified()) return;
    first = RealClock()->Monotonic();
    ran.Notify();
  });
  ran.WaitForNotification();
  EXPECT_GE(first - start, absl::Milliseconds(50));
}

TEST(PeriodicTest, TheFirstRunMayComeAtOnce) {
  std::atomic<int> runs = 0;
  const Periodic periodic(
      "test", absl::Hours(1), [&runs] { ++runs; }, Periodic::FirstRun::kAtOnce);
  EXPECT_TRUE(Await([&runs] { return runs == 1; }));
}

TEST(PeriodicTest, AKickRunsItNow) {
  std::atomic<int> runs = 0;
  Periodic periodic("test", absl::Hours(1), [&runs] { ++runs; });
  periodic.Kick();
  EXPECT_TRUE(Await([&runs] { return runs == 1; }));
}

TEST(PeriodicTest, KicksDuringARunAreOneMoreRun) {
  std::atomic<int> runs = 0;
  Notification entered;
  Notification release;
  Periodic periodic("test", absl::Hours(1), [&] {
    if (++runs == 1) {
      entered.Notify();
      release.WaitForNotification();
    }
  });
  periodic.Kick();
  entered.WaitForNotification();
  for (int i = 0; i < 10; ++i) periodic.Kick();
  release.Notify();
  EXPECT_TRUE(Await([&runs] { return runs == 2; }));
  // A third would have started by now: the thread has been idle since the second.
  EXPECT_FALSE(Await([&runs] { return runs > 2; }, absl::Milliseconds(50)));
}

TEST(PeriodicTest, DestructionWaitsForTheRunAndThereAreNoMore) {
  std::atomic<bool> finished = false;
  Notification entered;
  {
    Periodic periodic("test", absl::Milliseconds(1), [&] {
      if (entered.HasBeenNotified()) return;
      entered.Notify();
      // Long enough for the destructor to have begun.
      EXPECT_FALSE(Await([] { return false; }, absl::Milliseconds(50)));
      finished = true;
    });
    entered.WaitForNotification();
  }
  EXPECT_TRUE(finished);
}

TEST(PeriodicTest, AnIdleOneIsDestroyedAtOnce) {
  const absl::Duration start = RealClock()->Monotonic();
  {
    const Periodic periodic("test", absl::Hours(1), [] {});
  }
  EXPECT_LT(RealClock()->Monotonic() - start, absl::Seconds(20));
}

}  // namespace
}  // namespace genwatch

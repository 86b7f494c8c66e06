#include "common/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "common/clock.h"

namespace genwatch {
namespace {

TEST(MutexTest, OneThreadAtATime) {
  Mutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10'000; ++j) {
        MutexLock lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 40'000);
}

TEST(MutexTest, TryLockFailsWhileHeld) {
  Mutex mutex;
  MutexLock lock(mutex);
  bool taken = true;
  std::thread([&] { taken = mutex.TryLock(); }).join();
  EXPECT_FALSE(taken);
}

TEST(MutexTest, ALockMayBeReleasedEarlyAndTakenAgain) {
  Mutex mutex;
  const auto is_free = [&mutex] {
    bool taken = false;
    std::thread([&] {
      taken = mutex.TryLock();
      if (taken) mutex.Unlock();
    }).join();
    return taken;
  };
  {
    MutexLock lock(mutex);
    lock.Unlock();
    EXPECT_TRUE(is_free());
    lock.Lock();
    EXPECT_FALSE(is_free());
  }
  EXPECT_TRUE(is_free());
  {
    MutexLock lock(mutex);
    lock.Unlock();
  }
  EXPECT_TRUE(is_free());
}

TEST(CondVarTest, WaitIsWokenByNotify) {
  Mutex mutex;
  CondVar cond;
  bool ready = false;
  std::thread setter([&] {
    MutexLock lock(mutex);
    ready = true;
    cond.NotifyOne();
  });
  {
    MutexLock lock(mutex);
    while (!ready) cond.Wait(mutex);
    EXPECT_TRUE(ready);
  }
  setter.join();
}

// Under ThreadSanitizer this fails if timed waits are not intercepted: then the release of the
// mutex inside the wait is not seen, and `turns` looks like a race.
TEST(CondVarTest, TimedWaitsHandTheMutexOver) {
  Mutex mutex;
  CondVar cond;
  int turns = 0;
  const auto play = [&](int parity) {
    MutexLock lock(mutex);
    while (turns < 1000) {
      while (turns % 2 != parity && turns < 1000) cond.WaitFor(mutex, absl::Seconds(20));
      ++turns;
      cond.NotifyAll();
    }
  };
  std::thread other([&] { play(1); });
  play(0);
  other.join();
  EXPECT_GE(turns, 1000);
}

TEST(CondVarTest, TimedWaitEndsWhenNobodyNotifies) {
  Mutex mutex;
  CondVar cond;
  const absl::Duration start = RealClock()->Monotonic();
  MutexLock lock(mutex);
  while (cond.WaitFor(mutex, absl::Milliseconds(30))) {
  }
  EXPECT_GE(RealClock()->Monotonic() - start, absl::Milliseconds(30));
}

TEST(CondVarTest, TimeoutThatIsNotPositiveReturnsAtOnce) {
  Mutex mutex;
  CondVar cond;
  MutexLock lock(mutex);
  EXPECT_FALSE(cond.WaitFor(mutex, absl::ZeroDuration()));
  EXPECT_FALSE(cond.WaitFor(mutex, -absl::InfiniteDuration()));
}

TEST(CondVarTest, EndlessTimeoutsAreWokenByNotify) {
  for (const absl::Duration timeout :
       {absl::InfiniteDuration(), absl::InfiniteDuration() / 2, absl::Hours(24 * 365 * 500)}) {
    Mutex mutex;
    CondVar cond;
    bool ready = false;
    std::thread setter([&] {
      MutexLock lock(mutex);
      ready = true;
      cond.NotifyAll();
    });
    {
      MutexLock lock(mutex);
      while (!ready) EXPECT_TRUE(cond.WaitFor(mutex, timeout));
    }
    setter.join();
  }
}

}  // namespace
}  // namespace genwatch

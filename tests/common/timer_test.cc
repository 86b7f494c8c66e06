#include "common/timer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "tests/support/await.h"
#include "tests/support/notification.h"

namespace genwatch {
namespace {

TEST(TimerQueueTest, FiresAfterTheDelayAndNotBefore) {
  TimerQueue timers;
  const absl::Duration start = RealClock()->Monotonic();
  absl::Duration fired;
  Notification done;
  timers.RunAfter(absl::Milliseconds(30), [&] {
    fired = RealClock()->Monotonic();
    done.Notify();
  });
  EXPECT_EQ(timers.pending(), 1u);
  done.WaitForNotification();
  EXPECT_GE(fired - start, absl::Milliseconds(30));
  EXPECT_EQ(timers.pending(), 0u);
}

TEST(TimerQueueTest, FiresInTheOrderOfTimeNotOfSubmission) {
  TimerQueue timers;
  std::vector<int> order;
  Notification done;
  timers.RunAfter(absl::Milliseconds(60), [&] {
    order.push_back(3);
    done.Notify();
  });
  timers.RunAfter(absl::Milliseconds(40), [&] { order.push_back(2); });
  timers.RunAfter(-absl::Seconds(1), [&] { order.push_back(1); });
  done.WaitForNotification();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(TimerQueueTest, ACancelledTimerNeverFires) {
  TimerQueue timers;
  std::atomic<bool> fired = false;
  const auto owned = std::make_shared<int>(1);
  const TimerId id = timers.RunAfter(absl::Milliseconds(20), [&fired, owned] { fired = true; });
  EXPECT_TRUE(timers.Cancel(id));
  EXPECT_EQ(owned.use_count(), 1);  // what it held is free
  EXPECT_FALSE(timers.Cancel(id));
  Notification later;
  timers.RunAfter(absl::Milliseconds(40), [&later] { later.Notify(); });
  later.WaitForNotification();
  EXPECT_FALSE(fired);
}

TEST(TimerQueueTest, CancelOfOneThatRanIsFalse) {
  TimerQueue timers;
  Notification done;
  const TimerId id = timers.RunAfter(absl::ZeroDuration(), [&done] { done.Notify(); });
  done.WaitForNotification();
  EXPECT_FALSE(timers.Cancel(id));
  EXPECT_FALSE(timers.Cancel(0));
}

TEST(TimerQueueTest, CallbacksMayAddAndCancelTimers) {
  TimerQueue timers;
  Notification done;
  timers.RunAfter(absl::ZeroDuration(), [&] {
    const TimerId never = timers.RunAfter(absl::Hours(1), [] {});
    EXPECT_TRUE(timers.Cancel(never));
    timers.RunAfter(absl::Milliseconds(1), [&done] { done.Notify(); });
  });
  done.WaitForNotification();
}

TEST(TimerQueueTest, EachTimerEitherFiresOrIsCancelled) {
  TimerQueue timers;
  std::atomic<int> fired = 0;
  std::atomic<int> cancelled = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const TimerId id = timers.RunAfter(absl::Microseconds(i), [&fired] { ++fired; });
        if (i % 2 == 0 && timers.Cancel(id)) ++cancelled;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(Await([&] { return fired + cancelled == 2000; }));
  EXPECT_EQ(timers.pending(), 0u);
}

TEST(TimerQueueTest, DestructionDropsWhatIsPending) {
  const auto owned = std::make_shared<int>(1);
  std::atomic<bool> fired = false;
  {
    TimerQueue timers;
    timers.RunAfter(absl::Hours(1), [&fired, owned] { fired = true; });
  }
  EXPECT_FALSE(fired);
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
}  // namespace genwatch

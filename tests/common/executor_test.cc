#include "common/executor.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/status.h"
#include "tests/support/await.h"
#include "tests/support/notification.h"

namespace genwatch {
namespace {

TEST(ExecutorTest, OneThreadRunsTasksInOrder) {
  std::vector<int> order;
  {
    Executor executor("test", 1, 1000);
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(executor.Submit([&order, i] { order.push_back(i); }).ok());
    }
  }
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(ExecutorTest, AsManyTasksRunAtOnceAsThereAreThreads) {
  Executor executor("test", 3, 10);
  std::atomic<int> running = 0;
  for (int i = 0; i < 3; ++i) {
    // Each ends only when all three run.
    ASSERT_TRUE(executor
                    .Submit([&running] {
                      ++running;
                      EXPECT_TRUE(Await([&running] { return running == 3; }));
                    })
                    .ok());
  }
  executor.Shutdown();
  EXPECT_EQ(running, 3);
}

TEST(ExecutorTest, AFullQueueRefusesAndTellsWhenToComeBack) {
  Notification started;
  Notification release;
  Executor executor("test", 1, 2);
  ASSERT_TRUE(executor
                  .Submit([&] {
                    started.Notify();
                    release.WaitForNotification();
                  })
                  .ok());
  started.WaitForNotification();
  std::atomic<int> ran = 0;
  EXPECT_TRUE(executor.Submit([&ran] { ++ran; }).ok());
  EXPECT_TRUE(executor.Submit([&ran] { ++ran; }).ok());
  EXPECT_EQ(executor.queued(), 2u);

  const absl::Status refused = executor.Submit([&ran] { ran = 100; });

  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused), "EXECUTOR_FULL");
  EXPECT_GT(RetryAfterOf(refused), absl::ZeroDuration());
  release.Notify();
  executor.Shutdown();
  EXPECT_EQ(ran, 2);
}

TEST(ExecutorTest, ShutdownRunsWhatWasAcceptedAndRefusesTheRest) {
  std::atomic<int> ran = 0;
  Executor executor("test", 2, 1000);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(executor.Submit([&ran] { ++ran; }).ok());
  executor.Shutdown();
  EXPECT_EQ(ran, 500);
  EXPECT_EQ(executor.queued(), 0u);
  const absl::Status refused = executor.Submit([&ran] { ++ran; });
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused), "SHUTTING_DOWN");
  executor.Shutdown();
  EXPECT_EQ(ran, 500);
}

TEST(ExecutorTest, NoAcceptedTaskIsLostWhenShutdownRacesWithSubmit) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> accepted = 0;
    std::atomic<int> ran = 0;
    Executor executor("test", 2, 1000);
    std::thread submitter([&] {
      for (int i = 0; i < 200; ++i) {
        if (executor.Submit([&ran] { ++ran; }).ok()) ++accepted;
      }
    });
    executor.Shutdown();
    submitter.join();
    EXPECT_EQ(ran, accepted);
  }
}

TEST(ExecutorTest, TasksMayOwnThingsThatCanOnlyBeMovedAndMaySubmit) {
  int result = 0;
  Executor executor("test", 1, 10);
  Notification done;
  auto value = std::make_unique<int>(7);
  ASSERT_TRUE(executor
                  .Submit([&, value = std::move(value)]() mutable {
                    ASSERT_TRUE(executor
                                    .Submit([&, value = std::move(value)] {
                                      result = *value;
                                      done.Notify();
                                    })
                                    .ok());
                  })
                  .ok());
  done.WaitForNotification();
  executor.Shutdown();
  EXPECT_EQ(result, 7);
}

TEST(ExecutorTest, ThreadsCarryTheName) {
  char name[16] = "";
  Executor executor("a_rather_long_name", 1, 10);
  ASSERT_TRUE(
      executor.Submit([&name] { pthread_getname_np(pthread_self(), name, sizeof(name)); }).ok());
  executor.Shutdown();
  EXPECT_STREQ(name, "a_rather_long_n");
}

}  // namespace
}  // namespace genwatch

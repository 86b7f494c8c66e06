#include "common/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/await.h"
#include "tests/support/notification.h"

namespace genwatch {
namespace {

using ::testing::ElementsAre;

TEST(BatcherTest, ALoneItemIsABatchAtOnce) {
  Executor executor("test", 1, 10);
  Notification ran;
  Batcher<int> batcher(&executor, {}, [&ran](const std::vector<int>& batch) {
    EXPECT_THAT(batch, ElementsAre(7));
    ran.Notify();
  });
  ASSERT_TRUE(batcher.Add(7).ok());
  ran.WaitForNotification();
  executor.Shutdown();
}

TEST(BatcherTest, WhatComesWhileABatchRunsIsTheNextOne) {
  Notification started;
  Notification release;
  std::vector<std::vector<int>> batches;
  {
    Executor executor("test", 4, 10);
    Batcher<int> batcher(&executor, {.most_items = 3, .most_running = 1},
                         [&](std::vector<int> batch) {
                           batches.push_back(std::move(batch));
                           if (batches.size() > 1) return;
                           started.Notify();
                           release.WaitForNotification();
                         });
    ASSERT_TRUE(batcher.Add(0).ok());
    started.WaitForNotification();
    for (int i = 1; i <= 5; ++i) ASSERT_TRUE(batcher.Add(i).ok());
    release.Notify();
    executor.Shutdown();
  }
  EXPECT_THAT(batches, ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3), ElementsAre(4, 5)));
}

TEST(BatcherTest, AsManyBatchesRunAtOnceAsAllowed) {
  Executor executor("test", 4, 10);
  std::atomic<int> running = 0;
  Batcher<int> batcher(&executor, {.most_items = 1, .most_running = 2},
                       [&running](const std::vector<int>&) {
                         ++running;
                         EXPECT_TRUE(Await([&running] { return running >= 2; }));
                       });
  ASSERT_TRUE(batcher.Add(1).ok());
  ASSERT_TRUE(batcher.Add(2).ok());
  executor.Shutdown();
  EXPECT_EQ(running, 2);
}

TEST(BatcherTest, OtherTasksGetTheirTurnBetweenBatches) {
  Notification started;
  Notification release;
  std::vector<int> order;
  Executor executor("test", 1, 10);
  Batcher<int> batcher(&executor, {.most_items = 1}, [&](const std::vector<int>& batch) {
    order.push_back(batch.front());
    if (batch.front() != 1) return;
    started.Notify();
    release.WaitForNotification();
  });
  ASSERT_TRUE(batcher.Add(1).ok());
  started.WaitForNotification();
  ASSERT_TRUE(executor.Submit([&order] { order.push_back(0); }).ok());
  for (int i = 2; i <= 4; ++i) ASSERT_TRUE(batcher.Add(i).ok());
  release.Notify();
  ASSERT_TRUE(Await([&executor] { return executor.queued() == 0; }));
  executor.Shutdown();
  EXPECT_THAT(order, ElementsAre(1, 0, 2, 3, 4));
}

TEST(BatcherTest, AFullOneRefusesAndTellsWhenToComeBack) {
  Notification started;
  Notification release;
  std::atomic<int> ran = 0;
  Executor executor("test", 1, 10);
  Batcher<int> batcher(&executor, {.most_items = 1, .most_running = 1, .queue_limit = 2},
                       [&](const std::vector<int>& batch) {
                         ran += static_cast<int>(batch.size());
                         if (started.HasBeenNotified()) return;
                         started.Notify();
                         release.WaitForNotification();
                       });
  ASSERT_TRUE(batcher.Add(1).ok());
  started.WaitForNotification();
  EXPECT_TRUE(batcher.Add(2).ok());
  EXPECT_TRUE(batcher.Add(3).ok());
  const absl::Status refused = batcher.Add(4);
  EXPECT_TRUE(absl::IsUnavailable(refused));
  EXPECT_TRUE(RetryAfterOf(refused).has_value());
  release.Notify();
  executor.Shutdown();
  EXPECT_EQ(ran, 3);
}

TEST(BatcherTest, AnItemThatNobodyCanRunIsRefused) {
  Executor executor("test", 1, 10);
  executor.Shutdown();
  Batcher<int> batcher(&executor, {}, [](const std::vector<int>&) { ADD_FAILURE(); });
  EXPECT_TRUE(absl::IsUnavailable(batcher.Add(1)));
  EXPECT_TRUE(absl::IsUnavailable(batcher.Add(2)));
}

TEST(BatcherTest, EachItemOfManyThreadsIsRunOnce) {
  constexpr int kThreads = 8;
  constexpr int kItems = 2000;
  std::vector<std::atomic<int>> runs(kThreads * kItems);
  {
    Executor executor("test", 4, 100);
    Batcher<int> batcher(&executor,
                         {.most_items = 7, .most_running = 3, .queue_limit = kThreads * kItems},
                         [&runs](const std::vector<int>& batch) {
                           for (const int item : batch) ++runs[static_cast<size_t>(item)];
                         });
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&batcher, t] {
        for (int i = 0; i < kItems; ++i) EXPECT_TRUE(batcher.Add(t * kItems + i).ok());
      });
    }
    for (std::thread& thread : threads) thread.join();
    executor.Shutdown();
  }
  for (const std::atomic<int>& count : runs) ASSERT_EQ(count, 1);
}

}  // namespace
}  // namespace genwatch

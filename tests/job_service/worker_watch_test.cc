#include "job_service/worker_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace genwatch {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

WorkerRecord Worker(const std::string& instance, uint32_t number) {
  WorkerRecord record{.heartbeat_number = number};
  record.worker.set_instance(instance);
  return record;
}

TEST(WorkerWatchTest, TheSameNumberForFourSecondsIsALoss) {
  WorkerWatch watch;
  absl::Duration now = absl::Seconds(100);
  for (int look = 0; look < 8; ++look, now += absl::Milliseconds(500)) {
    EXPECT_THAT(watch.Observe({Worker("w", 7)}, now), IsEmpty()) << look;
  }
  EXPECT_THAT(watch.Observe({Worker("w", 7)}, now), SizeIs(1));
}

TEST(WorkerWatchTest, AnyNewNumberIsLife) {
  WorkerWatch watch;
  for (uint32_t second = 0; second < 60; ++second) {
    EXPECT_THAT(watch.Observe({Worker("w", second / 3)}, absl::Seconds(second)), IsEmpty());
  }
}

TEST(WorkerWatchTest, AFailedLookStartsTheObservationAnew) {
  WorkerWatch watch;
  watch.Observe({Worker("w", 7)}, absl::Seconds(0));
  watch.Observe({Worker("w", 7)}, absl::Seconds(2));
  watch.Forget();
  EXPECT_THAT(watch.Observe({Worker("w", 7)}, absl::Seconds(4)), IsEmpty());
  EXPECT_THAT(watch.Observe({Worker("w", 7)}, absl::Seconds(6)), IsEmpty());
  EXPECT_THAT(watch.Observe({Worker("w", 7)}, absl::Seconds(8)), SizeIs(1));
}

TEST(WorkerWatchTest, AnObserverThatStoodStillAccusesNobody) {
  WorkerWatch watch;
  watch.Observe({Worker("w", 7)}, absl::Seconds(0));
  // The process was stopped for a minute, and the worker's next heartbeat is on its way.
  EXPECT_THAT(watch.Observe({Worker("w", 7)}, absl::Seconds(60)), IsEmpty());
  EXPECT_THAT(watch.Observe({Worker("w", 8)}, absl::Seconds(61)), IsEmpty());
}

TEST(WorkerWatchTest, OneLossLeavesTheOthers) {
  WorkerWatch watch;
  std::vector<WorkerRecord> lost;
  for (uint32_t second = 0; second <= 4; ++second) {
    lost = watch.Observe({Worker("dead", 7), Worker("alive", second)}, absl::Seconds(second));
  }
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_EQ(lost[0].worker.instance(), "dead");
}

}  // namespace
}  // namespace genwatch

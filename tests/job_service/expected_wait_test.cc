#include "job_service/expected_wait.h"

#include <gtest/gtest.h>

namespace genwatch {
namespace {

constexpr LeasePace kUnknownPace;

std::optional<absl::Duration> ExpectedWait(const ModelPace& pace, uint32_t position) {
  return WaitTable(pace).At(position);
}

RunningJob Job(absl::Duration elapsed, std::optional<absl::Duration> remaining) {
  return {.elapsed = elapsed, .remaining = remaining};
}

TEST(ExpectedWait, IsUnknownWithoutEvidence) {
  EXPECT_EQ(ExpectedWait({}, 1), std::nullopt);
  // One job, about which nothing is known.
  EXPECT_EQ(ExpectedWait({.running = {Job(absl::Seconds(3), std::nullopt)}}, 1), std::nullopt);
  // One lease is no pace.
  const LeasePace one{
      .leases = 1, .since_oldest = absl::Seconds(3), .since_newest = absl::Seconds(3)};
  EXPECT_EQ(ExpectedWait({.recent = one, .running = {Job(absl::Seconds(3), std::nullopt)}}, 1),
            std::nullopt);
}

TEST(ExpectedWait, IsUnknownForAJobThatIsNotInTheQueue) {
  EXPECT_EQ(ExpectedWait({.running = {Job(absl::Seconds(3), absl::Seconds(4))}}, 0), std::nullopt);
}

TEST(ExpectedWait, OfTheFirstIsWhatRemainsOfTheRunningJobs) {
  const ModelPace pace{.recent = kUnknownPace,
                       .running = {Job(absl::Seconds(2), absl::Seconds(8)),
                                   Job(absl::Seconds(8), absl::Seconds(3))}};
  EXPECT_EQ(ExpectedWait(pace, 1), absl::Seconds(3));
  EXPECT_EQ(ExpectedWait(pace, 2), absl::Seconds(8));
}

TEST(ExpectedWait, OfLaterOnesGrowsByAJobsTimeEachRound) {
  // They take 10 s each.
  const ModelPace pace{.recent = kUnknownPace,
                       .running = {Job(absl::Seconds(2), absl::Seconds(8)),
                                   Job(absl::Seconds(7), absl::Seconds(3))}};
  EXPECT_EQ(ExpectedWait(pace, 3), absl::Seconds(15));    // 13, in steps of 5
  EXPECT_EQ(ExpectedWait(pace, 21), absl::Seconds(105));  // 103, in steps of 15
}

TEST(ExpectedWait, TakesTheLeasesOfLateWhereTheyAreTheSlowerEvidence) {
  // A lease each 20 s on two slots: 40 s a job, whatever the running ones promise.
  const LeasePace recent{
      .leases = 11, .since_oldest = absl::Seconds(200), .since_newest = absl::Seconds(5)};
  const ModelPace pace{.recent = recent,
                       .running = {Job(absl::Seconds(2), absl::Seconds(8)),
                                   Job(absl::Seconds(7), absl::Seconds(3))}};
  EXPECT_EQ(ExpectedWait(pace, 3), absl::Seconds(45));
}

// Four jobs were leased at the same moment, because four slots were free: that is no pace.
TEST(ExpectedWait, IsNotFooledByABurst) {
  const LeasePace recent{
      .leases = 4, .since_oldest = absl::Milliseconds(10), .since_newest = absl::Milliseconds(9)};
  ModelPace pace{.recent = recent};
  for (int i = 0; i < 4; ++i) pace.running.push_back(Job(absl::ZeroDuration(), absl::Seconds(40)));
  EXPECT_EQ(ExpectedWait(pace, 5), absl::Seconds(90));  // 80, in steps of 15
}

TEST(ExpectedWait, WithoutEstimatesIsThePaceOfTheLeases) {
  const LeasePace recent{
      .leases = 11, .since_oldest = absl::Seconds(100), .since_newest = absl::Seconds(5)};
  ModelPace pace{.recent = recent};
  for (int i = 0; i < 4; ++i) pace.running.push_back(Job(absl::Seconds(9), std::nullopt));
  // Half a job's time of 40 s, and one more for each round.
  EXPECT_EQ(ExpectedWait(pace, 1), absl::Seconds(20));
  EXPECT_EQ(ExpectedWait(pace, 5), absl::Seconds(60));
}

TEST(ExpectedWait, OfAQueueThatStandsStillIsUnknown) {
  LeasePace recent{
      .leases = 33, .since_oldest = absl::Minutes(5), .since_newest = absl::Seconds(2)};
  EXPECT_NE(ExpectedWait({.recent = recent}, 1), std::nullopt);
  recent.since_newest = absl::Minutes(4);
  EXPECT_EQ(ExpectedWait({.recent = recent}, 1), std::nullopt);
}

TEST(ExpectedWait, ASlotThatIsEmptyForAMomentIsTakenNext) {
  const ModelPace pace{
      .recent = kUnknownPace, .running = {Job(absl::Seconds(2), absl::Seconds(8))}, .slots = 2};
  EXPECT_EQ(ExpectedWait(pace, 1), absl::ZeroDuration());
  EXPECT_EQ(ExpectedWait(pace, 2), absl::Seconds(8));
}

TEST(ExpectedWait, RisesWithThePosition) {
  const LeasePace recent{
      .leases = 20, .since_oldest = absl::Seconds(100), .since_newest = absl::Seconds(1)};
  const ModelPace pace{
      .recent = recent,
      .running = {Job(absl::Seconds(2), absl::Seconds(8)), Job(absl::Seconds(7), std::nullopt)}};
  for (uint32_t position = 1; position < 2000; ++position) {
    EXPECT_LE(*ExpectedWait(pace, position), *ExpectedWait(pace, position + 1)) << position;
  }
  EXPECT_LE(*ExpectedWait(pace, 4'000'000'000), absl::Hours(7 * 24));
}

}  // namespace
}  // namespace genwatch

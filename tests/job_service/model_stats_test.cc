#include "job_service/model_stats.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/time/civil_time.h"
#include "job_service/log_histogram.h"

namespace genwatch {
namespace {

constexpr auto kDays = v1::ModelStats::PERIOD_DAY;
constexpr auto kWeeks = v1::ModelStats::PERIOD_WEEK;

int32_t Day(int year, int month, int day) {
  return DayOf(absl::FromCivil(absl::CivilDay(year, month, day), absl::UTCTimeZone()));
}

EndedJob Completed(uint32_t tokens, double speed) {
  EndedJob job{.model = "m", .state = v1::Job::STATE_COMPLETED};
  job.numbers.set_completion_tokens(tokens);
  job.numbers.set_tokens_per_second(speed);
  job.numbers.set_elapsed_ms(static_cast<uint32_t>(1000 * tokens / speed));
  job.numbers.set_first_token_ms(200);
  return job;
}

TEST(LogHistogram, MeansAreExactAndMediansNearlySo) {
  v1::LogHistogram histogram;
  for (int value = 1; value <= 999; ++value) AddValue(value, histogram);
  EXPECT_EQ(CountOf(histogram), 999u);
  EXPECT_DOUBLE_EQ(MeanOf(histogram), 500);
  EXPECT_NEAR(MedianOf(histogram), 500, 0.05 * 500);
  EXPECT_LT(histogram.buckets_size(), 90);
}

TEST(LogHistogram, OddValuesDoNoHarm) {
  v1::LogHistogram histogram;
  EXPECT_EQ(MedianOf(histogram), 0);
  EXPECT_EQ(MeanOf(histogram), 0);
  for (const double value : {0.0, -5.0, 0.3, 1e300}) AddValue(value, histogram);
  EXPECT_EQ(CountOf(histogram), 4u);
  EXPECT_EQ(MedianOf(histogram), 0);
}

TEST(LogHistogram, AddingUpIsCountingTogether) {
  v1::LogHistogram all;
  v1::LogHistogram odd;
  v1::LogHistogram even;
  for (int value = 1; value <= 2000; value += 7) {
    AddValue(value, all);
    AddValue(value, value % 2 == 0 ? even : odd);
  }
  AddHistogram(odd, even);
  EXPECT_EQ(even.SerializeAsString(), all.SerializeAsString());
}

TEST(ModelStats, DaysAndWeeksAreOfTheCalendar) {
  EXPECT_EQ(Day(1970, 1, 1), 0);
  EXPECT_EQ(DayOf(absl::FromUnixSeconds(86'399)), 0);
  EXPECT_EQ(DayOf(absl::FromUnixSeconds(86'400)), 1);
  // A Sunday and the Monday after it.
  EXPECT_EQ(PeriodStart(Day(2026, 11, 22), kWeeks), Day(2026, 11, 16));
  EXPECT_EQ(PeriodStart(Day(2026, 11, 23), kWeeks), Day(2026, 11, 23));
  EXPECT_EQ(FirstDay(Day(2026, 11, 22), kDays, 14), Day(2026, 11, 9));
  EXPECT_EQ(FirstDay(Day(2026, 11, 22), kWeeks, 2), Day(2026, 11, 9));
}

TEST(ModelStats, OnePeriodSaysHowItsJobsWent) {
  ModelDayRecord day{.model = "m", .day = Day(2026, 11, 22)};
  for (int i = 0; i < 9; ++i) CountJob(Completed(100, 20), day.stats);
  CountJob(Completed(1000, 20), day.stats);
  CountJob({.model = "m", .state = v1::Job::STATE_FAILED}, day.stats);
  CountJob({.model = "m", .state = v1::Job::STATE_CANCELLED}, day.stats);
  CountJob({.model = "m", .state = v1::Job::STATE_EXPIRED}, day.stats);

  const auto all = StatsOf({&day, 1}, kDays);
  ASSERT_EQ(all.size(), 1u);
  const v1::ModelStats& stats = all[0];
  EXPECT_EQ(stats.model(), "m");
  EXPECT_EQ(stats.period_start().seconds(), int64_t{day.day} * 86'400);
  EXPECT_EQ(stats.finished(), 10u);
  EXPECT_EQ(stats.failed(), 1u);
  EXPECT_EQ(stats.cancelled(), 1u);
  EXPECT_EQ(stats.expired(), 1u);
  EXPECT_NEAR(stats.success_rate(), 10.0 / 11, 1e-9);
  EXPECT_DOUBLE_EQ(stats.mean_tokens(), 190);
  EXPECT_NEAR(stats.median_tokens(), 100, 5);
  EXPECT_DOUBLE_EQ(stats.mean_generation_ms(), 9500);
  EXPECT_NEAR(stats.median_generation_ms(), 5000, 250);
  EXPECT_DOUBLE_EQ(stats.mean_tokens_per_second(), 20);
  EXPECT_NEAR(stats.median_tokens_per_second(), 20, 1);
  EXPECT_NEAR(stats.median_first_token_ms(), 200, 10);
  EXPECT_EQ(stats.scored(), 0u);
  EXPECT_FALSE(stats.has_band_coverage());
}

TEST(ModelStats, SamplesAreOfWhatWasTold) {
  EndedJob job = Completed(100, 20);
  EXPECT_TRUE(SamplesOf(job).empty());
  job.score.emplace();
  for (uint32_t share = 1; share <= 3; ++share) {
    v1::ShareScore& told = *job.score->add_shares();
    if (share == 1) continue;  // nothing was told so early
    told.set_remaining_log_error(0.1);
    told.set_told_ms(1000 * share);
    told.set_told_low_ms(10);
    told.set_told_high_ms(9000);
  }
  const std::vector<EstimateSampleRecord> samples = SamplesOf(job);
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].model, "m");
  EXPECT_EQ(samples[0].share, 50u);
  EXPECT_EQ(samples[0].told_ms, 2000u);
  EXPECT_EQ(samples[1].share, 75u);
  EXPECT_EQ(samples[1].told_low_ms, 10u);
  EXPECT_EQ(samples[1].told_high_ms, 9000u);
  EXPECT_EQ(samples[1].true_ms, 0u);
  job.state = v1::Job::STATE_FAILED;
  EXPECT_TRUE(SamplesOf(job).empty());
}

TEST(ModelStats, HowRightTheEstimatesWereIsToldByShare) {
  ModelDayRecord day{.model = "m", .day = 20'000};
  for (int i = 0; i < 4; ++i) {
    EndedJob job = Completed(100, 20);
    job.score.emplace();
    for (int share = 0; share < 3; ++share) {
      v1::ShareScore& told = *job.score->add_shares();
      told.set_percent_error(10.0 * (share + 1) + i);
      if (share == 2 && i > 0) continue;  // nothing was told that late
      told.set_remaining_log_error(0.25 * (share + 1));
      told.set_band_held(i > 0);
    }
    CountJob(job, day.stats);
  }
  const v1::ModelStats stats = StatsOf({&day, 1}, kDays).at(0);
  EXPECT_EQ(stats.scored(), 4u);
  EXPECT_DOUBLE_EQ(stats.percent_error_25(), 11.5);
  EXPECT_DOUBLE_EQ(stats.percent_error_75(), 31.5);
  EXPECT_NEAR(stats.remaining_log_error_25(), 0.25, 0.0125);
  EXPECT_NEAR(stats.remaining_log_error_50(), 0.5, 0.025);
  EXPECT_NEAR(stats.band_coverage(), 6.0 / 9, 1e-9);
}

TEST(ModelStats, WeeksAreTheirDaysAddedUp) {
  std::vector<ModelDayRecord> days;
  for (const auto& [model, day] : {std::pair{"a", 22}, {"a", 23}, {"a", 24}, {"b", 24}}) {
    ModelDayRecord& record =
        days.emplace_back(ModelDayRecord{.model = model, .day = Day(2026, 11, day)});
    CountJob(Completed(100, 20), record.stats);
  }
  EXPECT_EQ(StatsOf(days, kDays).size(), 4u);
  const auto weeks = StatsOf(days, kWeeks);
  ASSERT_EQ(weeks.size(), 3u);
  EXPECT_EQ(weeks[0].finished(), 1u);
  EXPECT_EQ(weeks[1].finished(), 2u);
  EXPECT_EQ(weeks[1].model(), "a");
  EXPECT_EQ(weeks[1].period_start().seconds(), int64_t{Day(2026, 11, 23)} * 86'400);
  EXPECT_EQ(weeks[2].model(), "b");
}

}  // namespace
}  // namespace genwatch

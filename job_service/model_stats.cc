#include "job_service/model_stats.h"

#include <algorithm>
#include <cstddef>

#include "absl/time/civil_time.h"
#include "job_service/log_histogram.h"

namespace genwatch {
namespace {

constexpr uint32_t kSharePercent[] = {25, 50, 75};
constexpr int kShares = 3;

constexpr double kHundredths = 100;
constexpr double kThousandths = 1000;

void CountCompleted(const v1::JobNumbers& numbers, v1::ModelDay& day) {
  day.set_completed(day.completed() + 1);
  AddValue(numbers.elapsed_ms(), *day.mutable_generation_ms());
  if (numbers.tokens_per_second() > 0) {
    AddValue(kHundredths * numbers.tokens_per_second(), *day.mutable_tokens_per_second());
  }
  if (numbers.has_first_token_ms()) {
    AddValue(numbers.first_token_ms(), *day.mutable_first_token_ms());
  }
  const uint32_t tokens =
      numbers.has_completion_tokens() ? numbers.completion_tokens() : numbers.current_tokens();
  AddValue(tokens, *day.mutable_tokens());
}

void CountScore(const v1::EstimateScore& score, v1::ModelDay& day) {
  if (score.shares_size() != kShares) return;
  day.set_scored(day.scored() + 1);
  while (day.shares_size() < kShares) day.add_shares();
  for (int i = 0; i < kShares; ++i) {
    const v1::ShareScore& told = score.shares(i);
    v1::EstimateDay& share = *day.mutable_shares(i);
    share.set_percent_error_sum(share.percent_error_sum() + told.percent_error());
    if (!told.has_remaining_log_error()) continue;
    AddValue(kThousandths * told.remaining_log_error(), *share.mutable_remaining_log_error());
    if (told.band_held()) share.set_bands_held(share.bands_held() + 1);
  }
}

void FillEstimates(const v1::ModelDay& day, v1::ModelStats& stats) {
  stats.set_scored(day.scored());
  if (day.scored() == 0 || day.shares_size() != kShares) return;
  const auto percent_error = [&day](int i) {
    return day.shares(i).percent_error_sum() / day.scored();
  };
  stats.set_percent_error_25(percent_error(0));
  stats.set_percent_error_50(percent_error(1));
  stats.set_percent_error_75(percent_error(2));
  const auto log_error = [&day](int i) {
    return MedianOf(day.shares(i).remaining_log_error()) / kThousandths;
  };
  stats.set_remaining_log_error_25(log_error(0));
  stats.set_remaining_log_error_50(log_error(1));
  stats.set_remaining_log_error_75(log_error(2));
  uint32_t bands = 0;
  uint32_t held = 0;
  for (const v1::EstimateDay& share : day.shares()) {
    bands += CountOf(share.remaining_log_error());
    held += share.bands_held();
  }
  if (bands > 0) stats.set_band_coverage(static_cast<double>(held) / bands);
}

v1::ModelStats ToStats(const ModelDayRecord& sum, v1::ModelStats::Period period) {
  const v1::ModelDay& day = sum.stats;
  v1::ModelStats stats;
  stats.set_model(sum.model);
  stats.set_period(period);
  stats.mutable_period_start()->set_seconds(int64_t{sum.day} * 24 * 60 * 60);
  stats.set_finished(day.completed());
  stats.set_failed(day.failed());
  stats.set_cancelled(day.cancelled());
  stats.set_expired(day.expired());
  if (const uint32_t tried = day.completed() + day.failed(); tried > 0) {
    stats.set_success_rate(static_cast<double>(day.completed()) / tried);
  }
  stats.set_mean_generation_ms(MeanOf(day.generation_ms()));
  stats.set_median_generation_ms(MedianOf(day.generation_ms()));
  stats.set_mean_tokens_per_second(MeanOf(day.tokens_per_second()) / kHundredths);
  stats.set_median_tokens_per_second(MedianOf(day.tokens_per_second()) / kHundredths);
  stats.set_mean_first_token_ms(MeanOf(day.first_token_ms()));
  stats.set_median_first_token_ms(MedianOf(day.first_token_ms()));
  stats.set_mean_tokens(MeanOf(day.tokens()));
  stats.set_median_tokens(MedianOf(day.tokens()));
  FillEstimates(day, stats);
  return stats;
}

}  // namespace

int32_t DayOf(absl::Time time) {
  return static_cast<int32_t>(absl::ToCivilDay(time, absl::UTCTimeZone()) -
                              absl::CivilDay(1970, 1, 1));
}

std::vector<EstimateSampleRecord> SamplesOf(const EndedJob& job) {
  std::vector<EstimateSampleRecord> samples;
  if (job.state != v1::Job::STATE_COMPLETED || !job.score || job.score->shares_size() != kShares) {
    return samples;
  }
  for (int i = 0; i < kShares; ++i) {
    const v1::ShareScore& told = job.score->shares(i);
    // Without the times: from a replica that does not tell them yet.
    if (!told.has_remaining_log_error() || (told.told_ms() == 0 && told.true_ms() == 0)) continue;
    samples.push_back({.model = job.model,
                       .share = kSharePercent[i],
                       .told_ms = told.told_ms(),
                       .told_low_ms = told.told_low_ms(),
                       .told_high_ms = told.told_high_ms(),
                       .true_ms = told.true_ms(),
                       .ended_at = job.ended_at});
  }
  return samples;
}

void CountJob(const EndedJob& job, v1::ModelDay& day) {
  switch (job.state) {
    case v1::Job::STATE_COMPLETED:
      CountCompleted(job.numbers, day);
      if (job.score.has_value()) CountScore(*job.score, day);
      break;
    case v1::Job::STATE_FAILED:
      day.set_failed(day.failed() + 1);
      break;
    case v1::Job::STATE_CANCELLED:
      day.set_cancelled(day.cancelled() + 1);
      break;
    case v1::Job::STATE_EXPIRED:
      day.set_expired(day.expired() + 1);
      break;
    default:
      break;
  }
}

void AddDay(const v1::ModelDay& more, v1::ModelDay& day) {
  day.set_completed(day.completed() + more.completed());
  day.set_failed(day.failed() + more.failed());
  day.set_cancelled(day.cancelled() + more.cancelled());
  day.set_expired(day.expired() + more.expired());
  AddHistogram(more.generation_ms(), *day.mutable_generation_ms());
  AddHistogram(more.tokens_per_second(), *day.mutable_tokens_per_second());
  AddHistogram(more.first_token_ms(), *day.mutable_first_token_ms());
  AddHistogram(more.tokens(), *day.mutable_tokens());
  day.set_scored(day.scored() + more.scored());
  while (day.shares_size() < more.shares_size()) day.add_shares();
  for (int i = 0; i < more.shares_size(); ++i) {
    v1::EstimateDay& share = *day.mutable_shares(i);
    share.set_percent_error_sum(share.percent_error_sum() + more.shares(i).percent_error_sum());
    AddHistogram(more.shares(i).remaining_log_error(), *share.mutable_remaining_log_error());
    share.set_bands_held(share.bands_held() + more.shares(i).bands_held());
  }
}

int32_t PeriodStart(int32_t day, v1::ModelStats::Period period) {
  if (period != v1::ModelStats::PERIOD_WEEK) return day;
  // 1970-01-01 was a Thursday.
  return day - (day + 3) % 7;
}

int32_t FirstDay(int32_t today, v1::ModelStats::Period period, uint32_t periods) {
  const int32_t length = period == v1::ModelStats::PERIOD_WEEK ? 7 : 1;
  return PeriodStart(today, period) - static_cast<int32_t>(std::max(1U, periods) - 1) * length;
}

std::vector<v1::ModelStats> StatsOf(absl::Span<const ModelDayRecord> days,
                                    v1::ModelStats::Period period) {
  std::vector<v1::ModelStats> stats;
  for (size_t i = 0; i < days.size();) {
    ModelDayRecord sum{.model = days[i].model, .day = PeriodStart(days[i].day, period)};
    for (; i < days.size() && days[i].model == sum.model &&
           PeriodStart(days[i].day, period) == sum.day;
         ++i) {
      AddDay(days[i].stats, sum.stats);
    }
    stats.push_back(ToStats(sum, period));
  }
  return stats;
}

}  // namespace genwatch

#ifndef GENWATCH_JOB_SERVICE_MODEL_STATS_H_
#define GENWATCH_JOB_SERVICE_MODEL_STATS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "genwatch/v1/job_feed_service.pb.h"
#include "genwatch/v1/job_service.pb.h"
#include "genwatch/v1/ledger.pb.h"
#include "job_service/job.h"

namespace genwatch {

// Statistics of the models' ended jobs: counted once into the day of their end, read by day or
// week. Pure.

// A job as statistics see it.
struct EndedJob {
  std::string model;
  JobState state = v1::Job::STATE_UNSPECIFIED;
  absl::Time ended_at;
  v1::JobNumbers numbers;
  std::optional<v1::EstimateScore> score;
};

// Days since 1970-01-01, in UTC.
int32_t DayOf(absl::Time time);

// The jobs of a model that ended on one day.
struct ModelDayRecord {
  std::string model;
  int32_t day = 0;
  v1::ModelDay stats;
};

// What a job was told about its time left when it had made a share of its tokens.
struct EstimateSampleRecord {
  std::string model;
  // In percent.
  uint32_t share = 0;
  uint32_t told_ms = 0;
  uint32_t told_low_ms = 0;
  uint32_t told_high_ms = 0;
  uint32_t true_ms = 0;
  // Of the job.
  absl::Time ended_at;
};

// So many are kept of each model: those of 500 jobs at least.
inline constexpr size_t kKeptSamples = 1500;

// Up to three; none of a job that did not complete, or whose estimates nobody told.
std::vector<EstimateSampleRecord> SamplesOf(const EndedJob& job);

void CountJob(const EndedJob& job, v1::ModelDay& day);
void AddDay(const v1::ModelDay& more, v1::ModelDay& day);

// The first day of the period that `day` is in. Weeks begin on Monday.
int32_t PeriodStart(int32_t day, v1::ModelStats::Period period);
// The first day of the oldest of so many periods, of which the last is that of `today`.
int32_t FirstDay(int32_t today, v1::ModelStats::Period period, uint32_t periods);

// One entry for each model and period that has jobs. `days` by model, then by day.
std::vector<v1::ModelStats> StatsOf(absl::Span<const ModelDayRecord> days,
                                    v1::ModelStats::Period period);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_MODEL_STATS_H_

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "job_service/job_rows.h"
#include "job_service/job_state.h"
#include "job_service/length_lesson.h"
#include "job_service/mariadb/transaction.h"
#include "job_service/mariadb_job_store.h"
#include "job_service/model_stats.h"
#include "job_service/queries.h"

// Statistics of ended jobs, and the end of lengths that nobody reads any more.

namespace genwatch {
namespace {

using mariadb::Bytes;
using mariadb::Param;

// A year of weeks and days to look back, and some.
constexpr int32_t kKeptDays = 400;

constexpr JobState kEnds[] = {v1::Job::STATE_COMPLETED, v1::Job::STATE_FAILED,
                              v1::Job::STATE_CANCELLED, v1::Job::STATE_EXPIRED};

using DayKey = std::pair<std::string, int32_t>;

// What a page of ended jobs comes to.
struct Counted {
  std::map<DayKey, v1::ModelDay> days;
  // By model, oldest first.
  std::map<std::string, std::vector<EstimateSampleRecord>> samples;
};

EndedJob ReadEnded(mariadb::RowReader& reader, JobState state, absl::Time ended_at) {
  EndedJob job{.state = state, .ended_at = ended_at};
  job.model = reader.Text();
  job.numbers.set_elapsed_ms(reader.Uint32());
  job.numbers.set_tokens_per_second(reader.Double());
  if (const auto value = reader.OptionalUint32()) job.numbers.set_first_token_ms(*value);
  if (const auto value = reader.OptionalUint32()) job.numbers.set_completion_tokens(*value);
  job.numbers.set_current_tokens(reader.Uint32());
  if (const std::string& score = reader.Text(); !score.empty()) {
    job.score.emplace();
    if (!job.score->ParseFromString(score)) job.score.reset();
  }
  return job;
}

// Reads on from the mark, counts, and moves the mark. 0 if another replica is at it.
absl::StatusOr<size_t> CountOneWay(mariadb::Connection& connection, JobState state,
                                   absl::Duration settled, size_t limit, Counted& counted) {
  const std::string word(StatusWord(state));
  const auto marks = connection.Query(queries::kLockStatsMark, {word});
  if (!marks.ok()) return marks.status();
  if (marks->empty()) return 0;
  mariadb::RowReader mark(marks->front());
  absl::Time updated_at = mark.Time();
  uint64_t row_id = mark.Uint64();
  const auto rows = connection.Query(
      queries::kEndedJobs,
      {word, updated_at, updated_at, row_id, absl::ToInt64Microseconds(settled), uint64_t{limit}});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return 0;
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader reader(row);
    row_id = reader.Uint64();
    updated_at = reader.Time();
    const EndedJob job = ReadEnded(reader, state, updated_at);
    CountJob(job, counted.days[{job.model, DayOf(updated_at)}]);
    for (EstimateSampleRecord& sample : SamplesOf(job)) {
      counted.samples[job.model].push_back(std::move(sample));
    }
  }
  const auto moved = connection.Execute(queries::kStoreStatsMark, {updated_at, row_id, word});
  if (!moved.ok()) return moved.status();
  return rows->size();
}

absl::Status StoreDays(mariadb::Connection& connection,
                       const std::map<DayKey, v1::ModelDay>& more) {
  for (const auto& [key, counted] : more) {
    const auto& [model, day] = key;
    const auto rows = connection.Query(queries::kLockModelDay, {model, day});
    if (!rows.ok()) return rows.status();
    v1::ModelDay sum;
    // Written by us; if it were damaged, the day would begin anew.
    if (!rows->empty()) sum.ParseFromString(mariadb::RowReader(rows->front()).Text());
    AddDay(counted, sum);
    const std::string bytes = sum.SerializeAsString();
    const auto stored = connection.Execute(queries::kStoreModelDay, {model, day, Bytes{bytes}});
    if (!stored.ok()) return stored.status();
  }
  return absl::OkStatus();
}

// Only as many as are kept, and those that are too many then go.
absl::Status StoreSamples(mariadb::Connection& connection, const Counted& counted) {
  for (const auto& [model, samples] : counted.samples) {
    std::vector<std::vector<Param>> rows;
    const size_t first = samples.size() - std::min(samples.size(), kKeptSamples);
    for (size_t i = first; i < samples.size(); ++i) {
      const EstimateSampleRecord& sample = samples[i];
      rows.push_back({sample.model, sample.share, sample.told_ms, sample.told_low_ms,
                      sample.told_high_ms, sample.true_ms, sample.ended_at});
    }
    if (auto done = connection.ExecuteMany(queries::kInsertSample, rows); !done.ok()) {
      return done.status();
    }
    const auto spare =
        connection.Query(queries::kNewestSpareSample, {model, uint64_t{kKeptSamples}});
    if (!spare.ok()) return spare.status();
    if (spare->empty()) continue;
    const uint64_t newest = mariadb::RowReader(spare->front()).Uint64();
    if (auto done = connection.Execute(queries::kDropSpareSamples, {model, newest}); !done.ok()) {
      return done.status();
    }
  }
  return absl::OkStatus();
}

// How many are deleted in one statement, and in one visit of a kind.
constexpr size_t kDropPage = 1000;
constexpr size_t kMostDropped = 100'000;

// Those that `unread` answers, which takes `key`, the newest id to be deleted, and a limit.
absl::StatusOr<size_t> DropLengths(mariadb::Connection& connection, std::string_view newest_unread,
                                   std::string_view unread, std::vector<Param> key, size_t keep) {
  std::vector<Param> params = key;
  params.emplace_back(uint64_t{keep});
  const auto newest = connection.Query(newest_unread, params);
  if (!newest.ok()) return newest.status();
  if (newest->empty()) return 0;
  key.emplace_back(mariadb::RowReader(newest->front()).Uint64());
  key.emplace_back(uint64_t{kDropPage});
  size_t dropped = 0;
  while (dropped < kMostDropped) {
    const auto rows = connection.Query(unread, key);
    if (!rows.ok()) return rows.status();
    std::vector<std::vector<Param>> ids;
    for (const mariadb::Row& row : *rows) ids.push_back({mariadb::RowReader(row).Uint64()});
    if (auto deleted = connection.ExecuteMany(queries::kDropLength, ids); !deleted.ok()) {
      return deleted.status();
    }
    dropped += ids.size();
    if (ids.size() < kDropPage) break;
  }
  return dropped;
}

}  // namespace

absl::StatusOr<uint32_t> MariaDbJobStore::RecordScores(absl::Span<const v1::EstimateScore> scores) {
  std::vector<std::string> job_ids;
  std::map<std::string_view, std::string> bytes;
  for (const v1::EstimateScore& score : scores) {
    job_ids.push_back(score.job_id());
    bytes[score.job_id()] = score.SerializeAsString();
  }
  const IdQuery query = WithIds(queries::kCompletedRows, job_ids);
  if (query.params.empty()) return 0;
  auto connection = pool_.Acquire();
  if (!connection.ok()) return connection.status();
  const auto rows = (*connection)->Query(query.sql, query.params);
  if (!rows.ok()) return rows.status();
  std::vector<std::vector<Param>> inserts;
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader reader(row);
    const uint64_t row_id = reader.Uint64();
    const auto found = bytes.find(reader.Text());
    if (found != bytes.end()) inserts.push_back({row_id, Bytes{found->second}});
  }
  const auto inserted = (*connection)->ExecuteMany(queries::kInsertScore, inserts);
  if (!inserted.ok()) return inserted.status();
  return static_cast<uint32_t>(*inserted);
}

absl::StatusOr<size_t> MariaDbJobStore::CountEnded(absl::Duration settled, size_t limit) {
  size_t most = 0;
  absl::Status status = mariadb::Transaction::Run(pool_, [&](mariadb::Connection& connection) {
    most = 0;
    Counted counted;
    for (const JobState state : kEnds) {
      const auto jobs = CountOneWay(connection, state, settled, limit, counted);
      if (!jobs.ok()) return jobs.status();
      most = std::max(most, *jobs);
    }
    const absl::Status stored = StoreSamples(connection, counted);
    return stored.ok() ? StoreDays(connection, counted.days) : stored;
  });
  if (!status.ok()) return status;
  if (most == 0) return 0;
  // Afterwards: what it deletes is found by time, and must not be locked while jobs are counted.
  status = Execute(pool_, queries::kDropScores).status();
  if (status.ok()) {
    const int32_t oldest = DayOf(absl::Now()) - kKeptDays;
    status = Execute(pool_, queries::kDropModelDays, {oldest}).status();
  }
  if (status.ok()) status = Execute(pool_, queries::kDropOldSamples, {kKeptDays}).status();
  if (!status.ok()) return status;
  return most;
}

absl::StatusOr<std::vector<ModelDayRecord>> MariaDbJobStore::ModelDays(const std::string& model,
                                                                       int32_t first_day) {
  const auto rows = model.empty() ? Query(pool_, queries::kDaysOfAllModels, {first_day})
                                  : Query(pool_, queries::kDaysOfModel, {model, first_day});
  if (!rows.ok()) return rows.status();
  std::vector<ModelDayRecord> days;
  days.reserve(rows->size());
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader reader(row);
    ModelDayRecord& day = days.emplace_back();
    day.model = reader.Text();
    day.day = static_cast<int32_t>(reader.Uint32());
    day.stats.ParseFromString(reader.Text());
  }
  return days;
}

absl::StatusOr<std::vector<EstimateSampleRecord>> MariaDbJobStore::ListEstimateSamples(
    const std::string& model, size_t limit) {
  const auto rows = model.empty()
                        ? Query(pool_, queries::kSamplesOfAllModels, {uint64_t{limit}})
                        : Query(pool_, queries::kSamplesOfModel, {model, uint64_t{limit}});
  if (!rows.ok()) return rows.status();
  std::vector<EstimateSampleRecord> samples;
  samples.reserve(rows->size());
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader reader(row);
    EstimateSampleRecord& sample = samples.emplace_back();
    sample.model = reader.Text();
    sample.share = reader.Uint32();
    sample.told_ms = reader.Uint32();
    sample.told_low_ms = reader.Uint32();
    sample.told_high_ms = reader.Uint32();
    sample.true_ms = reader.Uint32();
    sample.ended_at = reader.Time();
  }
  return samples;
}

absl::StatusOr<PrunedLengths> MariaDbJobStore::PruneLengths(const LengthKind& after, size_t kinds) {
  auto pooled = pool_.Acquire();
  if (!pooled.ok()) return pooled.status();
  mariadb::Connection& connection = **pooled;
  PrunedLengths pruned{.last = after};
  for (size_t i = 0; i < kinds; ++i) {
    LengthKind& kind = pruned.last;
    const auto think = static_cast<uint32_t>(kind.think);
    const auto rows = connection.Query(queries::kNextKind, {kind.model, kind.model, kind.job_class,
                                                            kind.model, kind.job_class, think});
    if (!rows.ok()) return rows.status();
    if (rows->empty()) {
      kind = {};
      break;
    }
    mariadb::RowReader reader(rows->front());
    const std::string model_before = kind.model;
    kind.model = reader.Text();
    kind.job_class = reader.Text();
    kind.think = static_cast<v1::Thinking>(reader.Uint32());
    auto dropped = DropLengths(connection, queries::kNewestUnread, queries::kUnreadLengths,
                               {kind.model, kind.job_class, static_cast<uint32_t>(kind.think)},
                               kHistoryLengths);
    if (!dropped.ok()) return dropped.status();
    pruned.deleted += *dropped;
    if (kind.model == model_before) continue;
    dropped = DropLengths(connection, queries::kNewestUnreadOfModel, queries::kUnreadLengthsOfModel,
                          {kind.model}, kModelLengths);
    if (!dropped.ok()) return dropped.status();
    pruned.deleted += *dropped;
  }
  return pruned;
}

}  // namespace genwatch

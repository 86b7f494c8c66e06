#include "job_service/length_lesson.h"
#include "job_service/mariadb_job_store.h"
#include "job_service/queries.h"

// Models: holds, what their servers offer, and what their jobs teach.

namespace genwatch {
namespace {

using mariadb::Param;

std::vector<LengthLesson> ReadLengths(const std::vector<mariadb::Row>& rows) {
  std::vector<LengthLesson> lessons;
  lessons.reserve(rows.size());
  for (const mariadb::Row& row : rows) {
    mariadb::RowReader reader(row);
    LengthLesson& lesson = lessons.emplace_back();
    lesson.tokens = reader.Uint32();
    lesson.censored = reader.Bool();
  }
  return lessons;
}

std::vector<LengthLesson> ReadModelLessons(const std::vector<mariadb::Row>& rows) {
  std::vector<LengthLesson> lessons;
  lessons.reserve(rows.size());
  for (const mariadb::Row& row : rows) {
    mariadb::RowReader reader(row);
    LengthLesson& lesson = lessons.emplace_back();
    lesson.tokens = reader.Uint32();
    lesson.chunks = reader.Uint32();
    lesson.eval_ms = reader.Double();
    lesson.first_token_ms = reader.Double();
    lesson.load_ms = reader.Double();
    lesson.prompt_bytes = reader.Uint32();
    lesson.prompt_tokens = reader.Uint32();
    lesson.prompt_eval_ms = reader.Double();
  }
  return lessons;
}

}  // namespace

absl::StatusOr<v1::LengthHistory> MariaDbJobStore::History(const v1::JobSpec& spec) {
  struct Scope {
    v1::LengthHistory::Scope scope;
    std::string_view sql;
    std::vector<Param> params;
  };
  const Scope scopes[] = {
      {v1::LengthHistory::SCOPE_CLASS,
       queries::kClassLengths,
       {spec.model(), spec.job_class(), static_cast<uint32_t>(spec.think()), kHistoryLengths}},
      {v1::LengthHistory::SCOPE_MODEL, queries::kModelLengths, {spec.model(), kHistoryLengths}},
      {v1::LengthHistory::SCOPE_ALL, queries::kAllLengths, {kHistoryLengths}},
  };
  auto connection = pool_.Acquire();
  if (!connection.ok()) return connection.status();
  v1::LengthHistory history;
  for (const Scope& scope : scopes) {
    const auto rows = (*connection)->Query(scope.sql, scope.params);
    if (!rows.ok()) return rows.status();
    if (rows->size() < kEnoughLengths && scope.scope != v1::LengthHistory::SCOPE_ALL) continue;
    FillLengths(scope.scope, ReadLengths(*rows), history);
    break;
  }
  const auto rows = (*connection)->Query(queries::kModelLessons, {spec.model(), kModelLessons});
  if (!rows.ok()) return rows.status();
  FillModelFacts(ReadModelLessons(*rows), history);
  return history;
}

absl::StatusOr<LeasePace> MariaDbJobStore::RecentLeases(const std::string& model) {
  const auto rows = Query(pool_, queries::kRecentLeases, {model});
  if (!rows.ok()) return rows.status();
  mariadb::RowReader reader(rows->at(0));
  LeasePace pace;
  pace.leases = reader.Uint32();
  pace.since_oldest = absl::Microseconds(reader.Double());
  pace.since_newest = absl::Microseconds(reader.Double());
  return pace;
}

absl::Status MariaDbJobStore::SaveModels(const v1::ModelReport& report) {
  const std::string bytes = report.SerializeAsString();
  return Execute(pool_, queries::kSaveModels, {report.server().url(), mariadb::Bytes{bytes}})
      .status();
}

absl::StatusOr<std::vector<v1::ModelReport>> MariaDbJobStore::LoadModels() {
  const auto rows = Query(pool_, queries::kLoadModels);
  if (!rows.ok()) return rows.status();
  std::vector<v1::ModelReport> reports;
  for (const mariadb::Row& row : *rows) {
    v1::ModelReport report;
    if (report.ParseFromString(mariadb::RowReader(row).Text()))
      reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace genwatch

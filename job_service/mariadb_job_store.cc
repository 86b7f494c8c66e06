#include "job_service/mariadb_job_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "job_service/job_rows.h"
#include "job_service/labels_json.h"
#include "job_service/queries.h"

namespace genwatch {
namespace {

using mariadb::Param;

// So many ids in one query; more are asked for in turn.
constexpr size_t kMostIds = 1024;

}  // namespace

MariaDbJobStore::MariaDbJobStore(const MariaDbJobStoreOptions& options)
    : pool_(options.connection, options.connections, options.acquire_timeout),
      heartbeat_pool_(options.connection, options.heartbeat_connections, options.acquire_timeout) {}

absl::StatusOr<std::vector<mariadb::Row>> MariaDbJobStore::Query(mariadb::Pool& pool,
                                                                 std::string_view sql,
                                                                 Params params) {
  auto connection = pool.Acquire();
  if (!connection.ok()) return connection.status();
  return (*connection)->Query(sql, params);
}

absl::StatusOr<uint64_t> MariaDbJobStore::Execute(mariadb::Pool& pool, std::string_view sql,
                                                  Params params) {
  auto connection = pool.Acquire();
  if (!connection.ok()) return connection.status();
  return (*connection)->Execute(sql, params);
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::ReadJobs(std::string_view sql,
                                                                 Params params) {
  const auto rows = Query(pool_, sql, params);
  if (!rows.ok()) return rows.status();
  std::vector<JobRecord> jobs;
  jobs.reserve(rows->size());
  for (const mariadb::Row& row : *rows) jobs.push_back(ReadJob(row));
  return jobs;
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::ReadJobsByIds(
    std::string_view sql, absl::Span<const std::string> job_ids) {
  std::vector<JobRecord> jobs;
  for (size_t i = 0; i < job_ids.size(); i += kMostIds) {
    const IdQuery query = WithIds(sql, job_ids.subspan(i, kMostIds));
    if (query.params.empty()) continue;
    auto some = ReadJobs(query.sql, query.params);
    if (!some.ok()) return some.status();
    std::move(some->begin(), some->end(), std::back_inserter(jobs));
  }
  return jobs;
}

absl::Status MariaDbJobStore::Probe() {
  auto connection = pool_.Acquire();
  if (!connection.ok()) return connection.status();
  return (*connection)->Execute(queries::kProbeWrite).status();
}

absl::StatusOr<JobRecord> MariaDbJobStore::Get(const std::string& job_id) {
  auto jobs = GetMany(absl::MakeConstSpan(&job_id, 1));
  if (!jobs.ok()) return jobs.status();
  if (jobs->empty()) return JobNotFound(job_id);
  return std::move(jobs->front());
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::GetMany(
    absl::Span<const std::string> job_ids) {
  return ReadJobsByIds(queries::kGetJobs, job_ids);
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::GetManyBriefly(
    absl::Span<const std::string> job_ids) {
  return ReadJobsByIds(queries::kGetJobsBriefly, job_ids);
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::List(const JobFilter& filter,
                                                             uint64_t before, size_t limit) {
  std::string sql(queries::kListJobs);
  absl::StrAppend(&sql, "TRUE");
  std::vector<Param> params;
  if (!filter.owner_id.empty()) {
    if (!IsLedgerWord(filter.owner_id)) return std::vector<JobRecord>();
    absl::StrAppend(&sql, " AND j.owner_id = ?");
    params.emplace_back(filter.owner_id);
  }
  if (before > 0) {
    absl::StrAppend(&sql, " AND j.id < ?");
    params.emplace_back(before);
  }
  if (!filter.states.empty()) {
    absl::StrAppend(&sql, " AND j.status IN (?");
    for (size_t i = 1; i < filter.states.size(); ++i) absl::StrAppend(&sql, ", ?");
    absl::StrAppend(&sql, ")");
    for (const JobState state : filter.states) params.emplace_back(StatusWord(state));
  }
  if (!filter.model.empty()) {
    absl::StrAppend(&sql, " AND j.model = ?");
    params.emplace_back(filter.model);
  }
  const std::string labels = LabelsJson(filter.labels);
  if (!filter.labels.empty()) {
    absl::StrAppend(&sql, " AND JSON_CONTAINS(j.labels, ?)");
    params.emplace_back(labels);
  }
  absl::StrAppend(&sql, queries::kListJobsOrder);
  params.emplace_back(uint64_t{limit});
  return ReadJobs(sql, params);
}

absl::StatusOr<std::vector<std::string>> MariaDbJobStore::ListActive(const std::string& owner_id,
                                                                     size_t limit) {
  std::vector<std::string> job_ids;
  if (!IsLedgerWord(owner_id)) return job_ids;
  const auto rows = Query(pool_, queries::kListActive, {owner_id, uint64_t{limit}});
  if (!rows.ok()) return rows.status();
  for (const mariadb::Row& row : *rows) job_ids.push_back(mariadb::RowReader(row).Text());
  return job_ids;
}

}  // namespace genwatch

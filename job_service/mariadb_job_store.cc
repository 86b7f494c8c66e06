#include "job_service/mariadb_job_store.h"

#include <algorithm>

#include "common/status.h"
#include "job_service/job_rows.h"
#include "job_service/list_query.h"
#include "job_service/queries.h"

namespace genwatch {
namespace {

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
  if (!filter.owner_id.empty() && !IsLedgerWord(filter.owner_id)) return std::vector<JobRecord>();
  const ListQuery query(filter, before, limit);
  return ReadJobs(query.sql(), query.params());
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

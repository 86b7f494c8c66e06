#include "job_service/mariadb_job_store.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "job_service/job_rows.h"
#include "job_service/mariadb/error.h"
#include "job_service/queries.h"

namespace genwatch {
namespace {

using mariadb::Bytes;
using mariadb::Param;

// So many ids in one query; more are asked for in turn.
constexpr size_t kMostIds = 1024;

bool IsDuplicate(const absl::Status& status) {
  return absl::IsAlreadyExists(status) && ReasonOf(status) == mariadb::kDuplicate;
}

// A JSON object of strings.
template <typename Pairs>
std::string LabelsJson(const Pairs& labels) {
  google::protobuf::Struct object;
  for (const auto& [key, value] : labels) {
    (*object.mutable_fields())[key].set_string_value(value);
  }
  std::string json;
  // Strings always have a form in JSON.
  if (!google::protobuf::util::MessageToJsonString(object, &json).ok()) json = "{}";
  return json;
}

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
  if (const auto read = (*connection)->Query(queries::kProbeRead); !read.ok()) {
    return read.status();
  }
  return (*connection)->Execute(queries::kProbeWrite).status();
}

absl::StatusOr<InsertedJob> MariaDbJobStore::Insert(const NewJob& job) {
  if (!job.retry_of.empty()) {
    if (!MayBeJobId(job.retry_of)) return JobNotFound(job.retry_of);
    const auto original = Query(pool_, queries::kOwnerOf, {job.retry_of});
    if (!original.ok()) return original.status();
    if (original->empty() || std::get<std::string>((*original)[0][0]) != job.owner_id) {
      return JobNotFound(job.retry_of);
    }
  }
  InsertedJob inserted;
  JobRecord& record = inserted.job;
  record.job_id = job.job_id;
  record.owner_id = job.owner_id;
  record.request_id = job.request_id;
  record.state = v1::Job::STATE_QUEUED;
  record.version = 1;
  record.spec = job.spec;
  record.max_failures = job.max_failures;
  record.retry_of = job.retry_of;

  v1::JobSpec rest = job.spec;
  rest.clear_model();
  rest.clear_prompt();
  const std::string spec = rest.SerializeAsString();
  const std::string labels = job.spec.labels().empty() ? "" : LabelsJson(job.spec.labels());
  const uint32_t waiting_ms = job.spec.deadlines().waiting_ms();
  const auto rows = Query(
      pool_, queries::kInsertJob,
      {job.job_id, job.owner_id,
       job.request_id.empty() ? Param(std::nullopt) : Param(job.request_id), Bytes{job.spec_hash},
       job.retry_of.empty() ? Param(std::nullopt) : Param(job.retry_of), job.spec.model(),
       job.spec.prompt(), Bytes{spec}, static_cast<uint32_t>(job.spec.priority()),
       job.spec.job_class(), static_cast<uint32_t>(job.spec.think()),
       labels.empty() ? Param(std::nullopt) : Param(labels), job.max_failures,
       waiting_ms == 0 ? Param(std::nullopt) : Param(uint64_t{waiting_ms} * 1000)});
  if (IsDuplicate(rows.status())) return FindEarlier(job, rows.status());
  if (!rows.ok()) return rows.status();
  mariadb::RowReader reader(rows->at(0));
  record.row_id = reader.Uint64();
  record.created_at = reader.Time();
  record.waiting_deadline = reader.OptionalTime();
  return inserted;
}

absl::StatusOr<InsertedJob> MariaDbJobStore::FindEarlier(const NewJob& job,
                                                         const absl::Status& duplicate) {
  std::string job_id;
  if (!job.request_id.empty()) {
    const auto rows = Query(pool_, queries::kFindRequest, {job.owner_id, job.request_id});
    if (!rows.ok()) return rows.status();
    if (!rows->empty()) {
      mariadb::RowReader reader(rows->at(0));
      job_id = reader.Text();
      if (reader.Text() != job.spec_hash) {
        return WithMetadata(Error(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                                  "this request_id was used for another request"),
                            "job_id", job_id);
      }
    }
  }
  if (job_id.empty() && !job.retry_of.empty()) {
    const auto rows = Query(pool_, queries::kFindRetry, {job.retry_of});
    if (!rows.ok()) return rows.status();
    if (!rows->empty()) job_id = mariadb::RowReader(rows->at(0)).Text();
  }
  if (job_id.empty()) return duplicate;
  auto earlier = Get(job_id);
  if (!earlier.ok()) return earlier.status();
  return InsertedJob{.job = *std::move(earlier), .existed = true};
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

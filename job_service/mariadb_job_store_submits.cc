#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/status.h"
#include "job_service/job_rows.h"
#include "job_service/labels_json.h"
#include "job_service/mariadb/error.h"
#include "job_service/mariadb/transaction.h"
#include "job_service/mariadb_job_store.h"
#include "job_service/queries.h"

// Submits.

namespace genwatch {
namespace {

using mariadb::Bytes;
using mariadb::Param;

// Of one statement; each number of rows up to it is prepared when it is first needed.
constexpr size_t kMostRows = 32;

bool IsDuplicate(const absl::Status& status) {
  return absl::IsAlreadyExists(status) && ReasonOf(status) == mariadb::kDuplicate;
}

std::string InsertSql(size_t rows) {
  std::string values(queries::kInsertJobRow);
  for (size_t i = 1; i < rows; ++i) absl::StrAppend(&values, ", ", queries::kInsertJobRow);
  return absl::StrReplaceAll(queries::kInsertJobs, {{"{rows}", values}});
}

// The texts of one row that the job does not hold as they are stored.
struct RowTexts {
  explicit RowTexts(const NewJob& job)
      : labels(job.spec.labels().empty() ? "" : LabelsJson(job.spec.labels())) {
    v1::JobSpec rest = job.spec;
    rest.clear_model();
    rest.clear_prompt();
    spec = rest.SerializeAsString();
  }
  std::string spec;
  std::string labels;
};

Param OrNull(const std::string& text) { return text.empty() ? Param(std::nullopt) : Param(text); }

// In the order of queries::kInsertJobRow.
void AddRow(const NewJob& job, const RowTexts& texts, std::vector<Param>& params) {
  const uint32_t waiting_ms = job.spec.deadlines().waiting_ms();
  const Param row[] = {job.job_id,
                       job.owner_id,
                       OrNull(job.request_id),
                       Bytes{job.spec_hash},
                       OrNull(job.retry_of),
                       job.spec.model(),
                       job.spec.prompt(),
                       Bytes{texts.spec},
                       static_cast<uint32_t>(job.spec.priority()),
                       job.spec.job_class(),
                       static_cast<uint32_t>(job.spec.think()),
                       OrNull(texts.labels),
                       job.spec.labels().contains(kKindLabel),
                       job.max_failures,
                       waiting_ms == 0 ? Param(std::nullopt) : Param(uint64_t{waiting_ms} * 1000)};
  params.insert(params.end(), std::begin(row), std::end(row));
}

// The job as the ledger has it now; `row` is what the insert answered.
InsertedJob AsInserted(const NewJob& job, const mariadb::Row& row) {
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
  mariadb::RowReader reader(row);
  record.row_id = reader.Uint64();
  record.created_at = reader.Time();
  record.state_since = record.created_at;
  record.waiting_deadline = reader.OptionalTime();
  return inserted;
}

// In step with `jobs`.
absl::StatusOr<std::vector<InsertedJob>> InsertRows(mariadb::Connection& connection,
                                                    absl::Span<const NewJob* const> jobs) {
  std::vector<RowTexts> texts;
  texts.reserve(jobs.size());
  std::vector<Param> params;
  for (const NewJob* job : jobs) AddRow(*job, texts.emplace_back(*job), params);
  const auto rows = connection.Query(InsertSql(jobs.size()), params);
  if (!rows.ok()) return rows.status();
  if (rows->size() != jobs.size()) return absl::InternalError("the ledger answered too few rows");
  std::vector<InsertedJob> inserted;
  for (size_t i = 0; i < jobs.size(); ++i) inserted.push_back(AsInserted(*jobs[i], (*rows)[i]));
  return inserted;
}

}  // namespace

std::vector<absl::StatusOr<InsertedJob>> MariaDbJobStore::InsertMany(
    absl::Span<const NewJob> jobs) {
  std::vector<absl::StatusOr<InsertedJob>> results(jobs.size(), absl::UnknownError("not run"));
  const auto try_together = [&](const std::vector<size_t>& some) {
    std::vector<const NewJob*> together;
    for (const size_t i : some) together.push_back(&jobs[i]);
    auto inserted = InsertTogether(together);
    // Without the ledger each of them would be answered the same.
    if (!inserted.ok() && !absl::IsUnavailable(inserted.status())) return false;
    for (size_t i = 0; i < some.size(); ++i) {
      results[some[i]] = inserted.ok() ? absl::StatusOr<InsertedJob>(std::move((*inserted)[i]))
                                       : absl::StatusOr<InsertedJob>(inserted.status());
    }
    return true;
  };
  const auto each_alone = [&](const std::vector<size_t>& some) {
    for (const size_t i : some) results[i] = InsertAlone(jobs[i]);
  };

  std::vector<size_t> plain;
  std::vector<size_t> keyed;
  std::vector<size_t> retries;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const NewJob& job = jobs[i];
    (!job.retry_of.empty() ? retries : job.request_id.empty() ? plain : keyed).push_back(i);
  }
  std::vector<size_t> all = plain;
  all.insert(all.end(), keyed.begin(), keyed.end());
  if (all.size() < 2) {
    each_alone(all);
  } else if (!try_together(all)) {
    // One of them was there before, or can't be stored: only those that may be it go alone.
    if (keyed.empty() || plain.size() < 2 || !try_together(plain)) each_alone(plain);
    each_alone(keyed);
  }
  each_alone(retries);
  return results;
}

absl::StatusOr<std::vector<InsertedJob>> MariaDbJobStore::InsertTogether(
    absl::Span<const NewJob* const> jobs) {
  std::vector<InsertedJob> inserted;
  const absl::Status status =
      mariadb::Transaction::Run(pool_, [&](mariadb::Connection& connection) {
        inserted.clear();
        for (size_t begin = 0; begin < jobs.size(); begin += kMostRows) {
          auto some = InsertRows(connection, jobs.subspan(begin, kMostRows));
          if (!some.ok()) return some.status();
          std::move(some->begin(), some->end(), std::back_inserter(inserted));
        }
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return inserted;
}

absl::StatusOr<InsertedJob> MariaDbJobStore::InsertAlone(const NewJob& job) {
  if (!job.retry_of.empty()) {
    if (!MayBeJobId(job.retry_of)) return JobNotFound(job.retry_of);
    const auto original = Query(pool_, queries::kOwnerOf, {job.retry_of});
    if (!original.ok()) return original.status();
    if (original->empty() || std::get<std::string>((*original)[0][0]) != job.owner_id) {
      return JobNotFound(job.retry_of);
    }
  }
  const NewJob* const only = &job;
  auto inserted = [&]() -> absl::StatusOr<std::vector<InsertedJob>> {
    auto connection = pool_.Acquire();
    if (!connection.ok()) return connection.status();
    return InsertRows(**connection, {&only, 1});
  }();
  if (inserted.ok()) return std::move(inserted->front());
  if (IsDuplicate(inserted.status())) return FindEarlier(job, inserted.status());
  return inserted.status();
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

}  // namespace genwatch

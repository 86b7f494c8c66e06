#include "job_service/job_change.h"
#include "job_service/job_rows.h"
#include "job_service/job_state.h"
#include "job_service/mariadb/transaction.h"
#include "job_service/mariadb_job_store.h"
#include "job_service/queries.h"

// Orders that change no state, and what people are shown of the queue.

namespace genwatch {
namespace {

// The locked job, if it is the owner's.
absl::StatusOr<JobRecord> LockOwnJob(mariadb::Connection& connection, const std::string& owner_id,
                                     const std::string& job_id) {
  auto locked = LockJobs(connection, absl::MakeConstSpan(&job_id, 1));
  if (!locked.ok()) return locked.status();
  if (locked->jobs.empty()) return JobNotFound(job_id);
  JobRecord& job = locked->jobs.begin()->second;
  if (job.owner_id != owner_id) return JobNotFound(job_id);
  return std::move(job);
}

}  // namespace

absl::StatusOr<JobRecord> MariaDbJobStore::SetPriority(const std::string& owner_id,
                                                       const std::string& job_id,
                                                       v1::Priority priority) {
  JobRecord result;
  const absl::Status status =
      mariadb::Transaction::Run(pool_, [&](mariadb::Connection& connection) {
        auto job = LockOwnJob(connection, owner_id, job_id);
        if (!job.ok()) return job.status();
        if (!MayChangePriority(job->state)) return WrongState("UpdateJob", job_id, job->state);
        ApplyPriority(priority, *job);
        result = *std::move(job);
        return connection
            .Execute(queries::kStorePriority,
                     {static_cast<uint32_t>(priority), result.score, result.row_id, result.version})
            .status();
      });
  if (!status.ok()) return status;
  return result;
}

absl::Status MariaDbJobStore::Delete(const std::string& owner_id, const std::string& job_id) {
  return mariadb::Transaction::Run(pool_, [&](mariadb::Connection& connection) {
    const auto job = LockOwnJob(connection, owner_id, job_id);
    if (!job.ok()) return job.status();
    if (!IsTerminal(job->state)) return WrongState("DeleteJob", job_id, job->state);
    absl::Status status = connection.Execute(queries::kDropTexts, {job->row_id}).status();
    if (status.ok()) status = connection.Execute(queries::kDropAttempts, {job->row_id}).status();
    if (status.ok()) {
      status = connection.Execute(queries::kDropJob, {job->row_id, job->version}).status();
    }
    return status;
  });
}

absl::StatusOr<std::vector<AttemptRecord>> MariaDbJobStore::ListAttempts(
    const std::string& job_id) {
  std::vector<AttemptRecord> attempts;
  if (!MayBeJobId(job_id)) return attempts;
  const auto rows = Query(pool_, queries::kListAttempts, {job_id});
  if (!rows.ok()) return rows.status();
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader reader(row);
    AttemptRecord& attempt = attempts.emplace_back();
    attempt.attempt = reader.Uint32();
    attempt.version = reader.Uint32();
    attempt.instance = reader.Text();
    attempt.server_url = reader.Text();
    attempt.alone = reader.Bool();
    attempt.leased_at = reader.Time();
    attempt.ended_at = reader.OptionalTime();
    attempt.outcome = reader.Text();
    attempt.reason = reader.Text();
    attempt.error_message = reader.Text();
    attempt.base.answer = reader.Uint32();
    attempt.base.thinking = reader.Uint32();
    v1::AttemptFacts facts;
    if (!facts.ParseFromString(reader.Text())) continue;
    attempt.phases.assign(facts.phases().begin(), facts.phases().end());
  }
  return attempts;
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::ListRunning(const std::string& model,
                                                                    size_t limit) {
  return ReadJobs(queries::kListRunning, {model, uint64_t{limit}});
}

absl::StatusOr<std::vector<WaitingSuspect>> MariaDbJobStore::ListSuspects() {
  const auto rows = Query(pool_, queries::kListSuspects);
  if (!rows.ok()) return rows.status();
  std::vector<WaitingSuspect> suspects;
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader reader(row);
    WaitingSuspect& suspect = suspects.emplace_back();
    suspect.job_id = reader.Text();
    suspect.version = reader.Uint32();
    suspect.model = reader.Text();
  }
  return suspects;
}

absl::StatusOr<std::vector<ModelLoad>> MariaDbJobStore::ListLoads() {
  const auto rows = Query(pool_, queries::kListLoads);
  if (!rows.ok()) return rows.status();
  std::vector<ModelLoad> loads;
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader reader(row);
    ModelLoad& load = loads.emplace_back();
    load.model = reader.Text();
    load.running = reader.Uint32();
    load.retrying = reader.Uint32();
  }
  return loads;
}

absl::StatusOr<std::vector<ModelHold>> MariaDbJobStore::ListHolds() {
  const auto rows = Query(pool_, queries::kListHolds);
  if (!rows.ok()) return rows.status();
  std::vector<ModelHold> holds;
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader reader(row);
    ModelHold& hold = holds.emplace_back();
    hold.model = reader.Text();
    hold.note = reader.Text();
    hold.held_at = reader.Time();
  }
  return holds;
}

absl::Status MariaDbJobStore::Hold(const std::string& model, const std::string& note) {
  return Execute(pool_, queries::kHold, {model, note}).status();
}

absl::Status MariaDbJobStore::Release(const std::string& model) {
  return Execute(pool_, queries::kReleaseHold, {model}).status();
}

}  // namespace genwatch

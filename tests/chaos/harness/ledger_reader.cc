#include "tests/chaos/harness/ledger_reader.h"

#include <array>

#include "job_service/mariadb/value.h"
#include "tests/chaos/harness/cluster.h"

namespace genwatch::chaos {

using mariadb::Row;
using mariadb::RowReader;

LedgerReader::LedgerReader(Cluster& cluster)
    : options_{.unix_socket = cluster.mariadb().socket_path(),
               .user = PrivateMariaDb::user(),
               .database = cluster.database(),
               .io_timeout = absl::Seconds(20)} {}

absl::Status LedgerReader::Connect() {
  if (connection_ != nullptr && connection_->Alive()) return absl::OkStatus();
  connection_.reset();
  auto connection = mariadb::Connection::Open(options_);
  if (!connection.ok()) return connection.status();
  connection_ = *std::move(connection);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Row>> LedgerReader::Query(std::string_view sql,
                                                     absl::Span<const mariadb::Param> params) {
  if (absl::Status status = Connect(); !status.ok()) return status;
  return connection_->Query(sql, params);
}

absl::StatusOr<uint64_t> LedgerReader::Number(std::string_view sql,
                                              absl::Span<const mariadb::Param> params) {
  auto rows = Query(sql, params);
  if (!rows.ok()) return rows.status();
  return rows->empty() ? 0 : RowReader((*rows)[0]).Uint64();
}

absl::StatusOr<std::map<std::string, int>> LedgerReader::States() {
  auto rows = Query(
      "SELECT CAST(status AS CHAR), CAST(COUNT(*) AS UNSIGNED) FROM ai_generation_jobs "
      "GROUP BY status");
  if (!rows.ok()) return rows.status();
  std::map<std::string, int> states;
  for (const Row& row : *rows) {
    RowReader cells(row);
    const std::string state = cells.Text();
    states[state] = static_cast<int>(cells.Uint64());
  }
  return states;
}

absl::StatusOr<int> LedgerReader::Ended() {
  auto states = States();
  if (!states.ok()) return states.status();
  return (*states)["completed"] + (*states)["failed"] + (*states)["cancelled"] +
         (*states)["expired"];
}

absl::StatusOr<std::map<std::string, JobRow>> LedgerReader::AllJobs() {
  auto rows = Query(
      "SELECT CAST(id AS UNSIGNED), job_id, CAST(status AS CHAR), CAST(version AS UNSIGNED), "
      "CAST(failures AS UNSIGNED), reason, CAST(answer_bytes AS UNSIGNED), "
      "CAST(thinking_bytes AS UNSIGNED) FROM ai_generation_jobs");
  if (!rows.ok()) return rows.status();
  std::map<std::string, JobRow> jobs;
  std::map<uint64_t, JobRow*> by_key;
  for (const Row& row : *rows) {
    RowReader cells(row);
    const uint64_t key = cells.Uint64();
    JobRow& job = jobs[cells.Text()];
    job.status = cells.Text();
    job.version = cells.Uint32();
    job.failures = cells.Uint32();
    job.reason = cells.Text();
    job.answer_bytes = cells.Uint32();
    job.thinking_bytes = cells.Uint32();
    by_key[key] = &job;
  }
  auto attempts = Query(
      "SELECT CAST(job AS UNSIGNED), CAST(attempt AS UNSIGNED), CAST(version AS UNSIGNED), "
      "instance, CAST(COALESCE(outcome, '') AS CHAR), reason FROM ai_generation_attempts "
      "ORDER BY job, attempt");
  if (!attempts.ok()) return attempts.status();
  for (const Row& row : *attempts) {
    RowReader cells(row);
    const auto job = by_key.find(cells.Uint64());
    if (job == by_key.end()) continue;
    AttemptRow attempt;
    attempt.attempt = cells.Uint32();
    attempt.version = cells.Uint32();
    attempt.instance = cells.Text();
    attempt.outcome = cells.Text();
    attempt.reason = cells.Text();
    job->second->attempts.push_back(std::move(attempt));
  }
  // What a later attempt wrote stands over what an earlier one wrote from there on.
  auto texts = Query(
      "SELECT CAST(job AS UNSIGNED), CAST(channel AS UNSIGNED), CAST(start AS UNSIGNED), body "
      "FROM ai_generation_texts ORDER BY job, channel, attempt, start");
  if (!texts.ok()) return texts.status();
  for (const Row& row : *texts) {
    RowReader cells(row);
    const auto job = by_key.find(cells.Uint64());
    if (job == by_key.end()) continue;
    std::string& text = cells.Uint64() == 1 ? job->second->answer : job->second->thinking;
    // A gap is filled with zeros, which no text has.
    text.resize(cells.Uint64());
    text += cells.Text();
  }
  for (auto& [job_id, job] : jobs) {
    job.answer.resize(job.answer_bytes);
    job.thinking.resize(job.thinking_bytes);
  }
  return jobs;
}

absl::StatusOr<std::map<std::string, uint32_t>> LedgerReader::HeldBy(const std::string& instance) {
  const std::array<mariadb::Param, 1> params = {instance};
  auto rows =
      Query("SELECT job_id, CAST(version AS UNSIGNED) FROM ai_generation_jobs WHERE instance = ?",
            params);
  if (!rows.ok()) return rows.status();
  std::map<std::string, uint32_t> held;
  for (const Row& row : *rows) {
    RowReader cells(row);
    const std::string job_id = cells.Text();
    held[job_id] = cells.Uint32();
  }
  return held;
}

}  // namespace genwatch::chaos

#include <map>
#include <numeric>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "job_service/job_change.h"
#include "job_service/job_rows.h"
#include "job_service/kept_text.h"
#include "job_service/lease_choice.h"
#include "job_service/length_lesson.h"
#include "job_service/mariadb/transaction.h"
#include "job_service/mariadb_job_store.h"
#include "job_service/progress_json.h"
#include "job_service/queries.h"
#include "job_service/row_writes.h"
#include "job_service/text_rows.h"

// Leases and what their holders write.

namespace genwatch {
namespace {

using mariadb::Param;

double Jitter() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

absl::Status LeaseLost(const std::string& job_id) {
  return WithMetadata(Error(absl::StatusCode::kAborted, "LEASE_LOST",
                            "the lease is no longer this worker's: nothing was stored"),
                      "job_id", job_id);
}

// ---- Lease.

absl::StatusOr<uint32_t> LockServerModel(mariadb::Connection& connection, const LeaseGrant& grant) {
  const std::vector<Param> key = {grant.worker.server_url(), grant.model};
  auto rows = connection.Query(queries::kLockServerModel, key);
  if (rows.ok() && rows->empty()) {
    // The first lease of this model there.
    if (auto inserted = connection.Execute(queries::kInsertServerModel, key); !inserted.ok()) {
      return inserted.status();
    }
    rows = connection.Query(queries::kLockServerModel, key);
  }
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return absl::InternalError("the row of a model server vanished");
  return mariadb::RowReader(rows->front()).Uint32();
}

// The number of the last heartbeat stored. Locks the worker against its reaper.
absl::StatusOr<uint32_t> LockWorker(mariadb::Connection& connection, const std::string& instance) {
  absl::StatusOr<std::vector<mariadb::Row>> rows = std::vector<mariadb::Row>();
  if (IsLedgerWord(instance)) rows = connection.Query(queries::kLockWorker, {instance});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, "UNKNOWN_WORKER",
                 "no heartbeat of this worker is known; beat first");
  }
  return mariadb::RowReader(rows->front()).Uint32();
}

absl::StatusOr<LeaseSituation> ReadSituation(mariadb::Connection& connection,
                                             const LeaseGrant& grant, uint32_t server_model_id) {
  const std::string& instance = grant.worker.instance();
  const auto rows = connection.Query(queries::kLeaseSituation,
                                     {server_model_id, grant.model, instance, instance});
  if (!rows.ok()) return rows.status();
  mariadb::RowReader reader(rows->at(0));
  LeaseSituation situation;
  situation.running = reader.Uint32();
  situation.held = reader.Bool();
  situation.worker_jobs = reader.Uint32();
  situation.worker_alone = reader.Bool();
  return situation;
}

absl::Status StoreLease(mariadb::Connection& connection, const JobRecord& before,
                        const JobRecord& after, absl::Time now, const LeaseColumns& columns,
                        RowWrites& writes) {
  const v1::LeaseBase& base = after.bases.back();
  const bool had_text = HasText(before.numbers);
  // What an earlier attempt stored goes with the lease that starts over.
  if (had_text && base.answer() == 0 && base.thinking() == 0) {
    if (absl::Status dropped = DropTexts(connection, before.row_id); !dropped.ok()) return dropped;
  }
  writes.StoreChange(before, after, now, columns);
  writes.OpenAttempt(after, had_text, now);
  return absl::OkStatus();
}

absl::Status LeaseIn(mariadb::Connection& connection, const LeaseGrant& grant,
                     const std::vector<std::string>& job_ids, LeaseResult& result) {
  result = {};
  const auto server_model_id = LockServerModel(connection, grant);
  if (!server_model_id.ok()) return server_model_id.status();
  const auto heartbeat = LockWorker(connection, grant.worker.instance());
  if (!heartbeat.ok()) return heartbeat.status();
  auto situation = ReadSituation(connection, grant, *server_model_id);
  if (!situation.ok()) return situation.status();
  const auto locked = LockJobs(connection, job_ids);
  if (!locked.ok()) return locked.status();
  situation->now = locked->now;

  LeaseChoice choice = ChooseLeases(grant, *situation, locked->jobs);
  // The stored number is at least the one that the worker knew when it began to wait for jobs.
  const LeaseColumns columns{.server_model_id = *server_model_id,
                             .heartbeat_number = std::max(*heartbeat, grant.heartbeat_number)};
  RowWrites writes;
  for (const LeaseChoice::Chosen& chosen : choice.chosen) {
    const JobRecord& before = locked->jobs.at(chosen.job_id);
    JobRecord after = before;
    ApplyLease({.worker = grant.worker,
                .alone = chosen.alone,
                .score = chosen.score,
                .continues = grant.continues},
               locked->now, after);
    if (absl::Status status = StoreLease(connection, before, after, locked->now, columns, writes);
        !status.ok()) {
      return status;
    }
    result.leased.push_back(std::move(after));
  }
  result.put_back = std::move(choice.put_back);
  result.suspects = std::move(choice.suspects);
  return writes.Flush(connection);
}

// ---- AppendText.

struct LockedLease {
  uint64_t row_id = 0;
  uint32_t version = 0;
  bool held = false;
  uint32_t attempt = 0;
  TextLength kept;
};

absl::StatusOr<std::map<std::string, LockedLease>> LockLeases(
    mariadb::Connection& connection, const std::string& instance,
    const std::vector<std::string>& job_ids) {
  std::map<std::string, LockedLease> leases;
  const IdQuery query = WithIds(queries::kLockLeases, job_ids);
  if (query.params.empty()) return leases;
  const auto rows = connection.Query(query.sql, query.params);
  if (!rows.ok()) return rows.status();
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader reader(row);
    LockedLease lease;
    lease.row_id = reader.Uint64();
    const std::string& job_id = reader.Text();
    lease.version = reader.Uint32();
    const bool processing = StateFromWord(reader.Text()) == v1::Job::STATE_PROCESSING;
    lease.held = reader.Text() == instance && processing;
    lease.attempt = reader.Uint32();
    lease.kept.answer = reader.Uint32();
    lease.kept.thinking = reader.Uint32();
    leases.emplace(job_id, lease);
  }
  return leases;
}

absl::Status AppendIn(mariadb::Connection& connection, const std::string& instance,
                      absl::Span<const v1::TextAppend> appends,
                      const std::vector<std::string>& job_ids, std::vector<AppendResult>& results) {
  results.clear();
  auto leases = LockLeases(connection, instance, job_ids);
  if (!leases.ok()) return leases.status();
  std::vector<std::vector<Param>> texts;
  std::map<std::string, const LockedLease*> changed;
  for (const v1::TextAppend& append : appends) {
    AppendResult& result = results.emplace_back();
    const auto found = leases->find(append.job_id());
    if (found == leases->end() || !found->second.held ||
        found->second.version != append.version()) {
      result.lease_lost = true;
      continue;
    }
    LockedLease& lease = found->second;
    if (append.has_lower_base()) {
      // Also what an append before this one brought goes with the base.
      if (auto stored = connection.ExecuteMany(queries::kInsertText, texts); !stored.ok()) {
        return stored.status();
      }
      texts.clear();
      if (absl::Status status =
              LowerBase(connection, lease.row_id, lease.attempt, append.lower_base(), lease.kept);
          !status.ok()) {
        return status;
      }
      changed[append.job_id()] = &lease;
    }
    const TextTail tail = NewTail(lease.kept.answer, lease.kept.thinking, append.pieces());
    for (const NewText& piece : tail.pieces) {
      texts.push_back({lease.row_id, lease.attempt, static_cast<uint32_t>(piece.channel),
                       piece.offset, mariadb::Bytes{piece.text}});
    }
    if (!tail.pieces.empty()) changed[append.job_id()] = &lease;
    lease.kept = {.answer = tail.answer, .thinking = tail.thinking};
    result.kept = lease.kept;
  }
  if (changed.empty()) return absl::OkStatus();
  std::string lengths = "[";
  for (const auto& [job_id, lease] : changed) {
    absl::StrAppend(&lengths, lengths.size() > 1 ? "," : "", "{\"id\":", lease->row_id,
                    ",\"version\":", lease->version, ",\"answer\":", lease->kept.answer,
                    ",\"thinking\":", lease->kept.thinking, "}");
  }
  lengths += "]";
  if (auto stored = connection.ExecuteMany(queries::kInsertText, texts); !stored.ok()) {
    return stored.status();
  }
  return connection.Execute(queries::kStoreTextLengths, {lengths}).status();
}

// ---- FinishAttempt.

absl::Status TextGap(const FinishedAttempt& attempt, const JobRecord& job) {
  absl::Status status = WithMetadata(Error(absl::StatusCode::kInvalidArgument, "TEXT_GAP",
                                           "a piece begins after the end of the kept text"),
                                     "job_id", attempt.job_id);
  status =
      WithMetadata(std::move(status), "answer_bytes", absl::StrCat(job.numbers.answer_bytes()));
  return WithMetadata(std::move(status), "thinking_bytes",
                      absl::StrCat(job.numbers.thinking_bytes()));
}

// Whether this worker's FinishAttempt for this lease was stored before.
absl::StatusOr<bool> FinishedBefore(mariadb::Connection& connection,
                                    const FinishedAttempt& attempt) {
  if (!MayBeJobId(attempt.job_id) || !IsLedgerWord(attempt.instance)) return false;
  const auto rows =
      connection.Query(queries::kFindFinished, {attempt.job_id, attempt.version, attempt.instance});
  if (!rows.ok()) return rows.status();
  return !rows->empty();
}

bool HoldsLease(const FinishedAttempt& attempt, const JobRecord& job) {
  return job.state == v1::Job::STATE_PROCESSING && job.version == attempt.version &&
         job.instance == attempt.instance;
}

// What an attempt's end makes of the job whose lease it holds; the rows go to `writes`.
absl::StatusOr<JobRecord> FinishHeld(const JobRecord& before, absl::Time now,
                                     const FinishedAttempt& attempt, double jitter,
                                     RowWrites& writes) {
  const TextTail tail =
      NewTail(before.numbers.answer_bytes(), before.numbers.thinking_bytes(), attempt.pieces);
  if (tail.gap) return TextGap(attempt, before);
  JobRecord after = before;
  after.numbers.set_answer_bytes(tail.answer);
  after.numbers.set_thinking_bytes(tail.thinking);
  ApplyFinalNumbers(attempt.numbers, now, after);
  AttemptEnd end = attempt.end;
  end.has_text = tail.answer > 0 || tail.thinking > 0;
  ApplyChange(DecideFinish(before, end, jitter), now, after);
  writes.InsertTexts(after.row_id, after.attempt, tail.pieces);
  writes.StoreChange(before, after, now);
  writes.CloseAttempt(after, OutcomeWord(end.outcome), attempt.facts, now);
  if (const auto lesson = LessonOf(after, attempt.facts)) writes.InsertLesson(*lesson);
  return after;
}

// `attempts` are of different jobs.
absl::Status FinishIn(mariadb::Connection& connection,
                      absl::Span<const FinishedAttempt* const> attempts, double jitter,
                      std::vector<absl::StatusOr<JobRecord>>& results) {
  results.clear();
  std::vector<std::string> job_ids;
  for (const FinishedAttempt* attempt : attempts) job_ids.push_back(attempt->job_id);
  const auto locked = LockJobs(connection, job_ids);
  if (!locked.ok()) return locked.status();
  RowWrites writes;
  for (const FinishedAttempt* attempt : attempts) {
    const auto found = locked->jobs.find(attempt->job_id);
    if (found == locked->jobs.end()) {
      results.push_back(JobNotFound(attempt->job_id));
      continue;
    }
    const JobRecord& before = found->second;
    if (HoldsLease(*attempt, before)) {
      results.push_back(FinishHeld(before, locked->now, *attempt, jitter, writes));
      continue;
    }
    // A failure to read is all attempts': the transaction may be over.
    const auto finished = FinishedBefore(connection, *attempt);
    if (!finished.ok()) return finished.status();
    results.push_back(*finished ? absl::StatusOr<JobRecord>(before) : LeaseLost(attempt->job_id));
  }
  return writes.Flush(connection);
}

}  // namespace

absl::StatusOr<LeaseResult> MariaDbJobStore::Lease(const LeaseGrant& grant) {
  std::vector<std::string> job_ids;
  for (const LeaseCandidate& candidate : grant.candidates) job_ids.push_back(candidate.job_id);
  LeaseResult result;
  const absl::Status status = mariadb::Transaction::Run(
      pool_,
      [&](mariadb::Connection& connection) { return LeaseIn(connection, grant, job_ids, result); });
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<std::vector<AppendResult>> MariaDbJobStore::AppendText(
    const std::string& instance, absl::Span<const v1::TextAppend> appends) {
  std::vector<std::string> job_ids;
  for (const v1::TextAppend& append : appends) job_ids.push_back(append.job_id());
  std::vector<AppendResult> results;
  const absl::Status status =
      mariadb::Transaction::Run(pool_, [&](mariadb::Connection& connection) {
        return AppendIn(connection, instance, appends, job_ids, results);
      });
  if (!status.ok()) return status;
  return results;
}

std::vector<absl::StatusOr<JobRecord>> MariaDbJobStore::FinishTogether(
    absl::Span<const FinishedAttempt* const> attempts) {
  const double jitter = Jitter();
  std::vector<absl::StatusOr<JobRecord>> results;
  const absl::Status status =
      mariadb::Transaction::Run(pool_, [&](mariadb::Connection& connection) {
        return FinishIn(connection, attempts, jitter, results);
      });
  if (status.ok()) return results;
  results.assign(attempts.size(), status);
  // What one of them brings may be what fails: the others are not to suffer for it.
  if (attempts.size() == 1 || absl::IsUnavailable(status)) return results;
  for (size_t i = 0; i < attempts.size(); ++i) results[i] = FinishTogether({attempts[i]}).front();
  return results;
}

std::vector<absl::StatusOr<JobRecord>> MariaDbJobStore::FinishAttempts(
    absl::Span<const FinishedAttempt> attempts) {
  std::vector<absl::StatusOr<JobRecord>> results(attempts.size(), absl::UnknownError("not run"));
  // A second word about the same job finds what the first one made of it.
  std::vector<size_t> left(attempts.size());
  std::iota(left.begin(), left.end(), 0);
  while (!left.empty()) {
    std::set<std::string_view> job_ids;
    std::vector<size_t> now;
    std::vector<size_t> later;
    for (const size_t i : left) {
      (job_ids.insert(attempts[i].job_id).second ? now : later).push_back(i);
    }
    std::vector<const FinishedAttempt*> together;
    for (const size_t i : now) together.push_back(&attempts[i]);
    auto finished = FinishTogether(together);
    for (size_t i = 0; i < now.size(); ++i) results[now[i]] = std::move(finished[i]);
    left = std::move(later);
  }
  return results;
}

absl::StatusOr<uint32_t> MariaDbJobStore::RecordProgress(
    absl::Span<const v1::ProgressRecord> records) {
  if (records.empty()) return 0;
  const std::string json = ProgressJson(records);
  const auto changed = Execute(pool_, queries::kRecordProgress, {json});
  if (!changed.ok()) return changed.status();
  return static_cast<uint32_t>(*changed);
}

}  // namespace genwatch

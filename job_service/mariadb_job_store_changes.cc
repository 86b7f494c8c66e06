#include <optional>

#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "job_service/job_change.h"
#include "job_service/job_rows.h"
#include "job_service/kept_text.h"
#include "job_service/length_lesson.h"
#include "job_service/mariadb/transaction.h"
#include "job_service/mariadb_job_store.h"
#include "job_service/queries.h"
#include "job_service/row_writes.h"

// Orders of the owner, and changes that come with time.

namespace genwatch {
namespace {

std::string_view ActionOf(JobState to) {
  switch (to) {
    case v1::Job::STATE_CANCELLED:
      return "CancelJob";
    case v1::Job::STATE_PAUSED:
      return "PauseJob";
    case v1::Job::STATE_QUEUED:
      return "ResumeJob";
    default:
      return "Change";
  }
}

bool IsOwnersOrder(JobState from, JobState to) {
  if (to == v1::Job::STATE_QUEUED) return from == v1::Job::STATE_PAUSED;
  return (to == v1::Job::STATE_CANCELLED || to == v1::Job::STATE_PAUSED) && CanTransition(from, to);
}

// The end of the attempt that the order cut short.
void EndAttempt(const OwnerChange& change, const TextTail& tail, const JobRecord& after,
                absl::Time now, RowWrites& writes) {
  const v1::AttemptFacts facts = change.facts.value_or(v1::AttemptFacts());
  writes.InsertTexts(after.row_id, after.attempt, tail.pieces);
  writes.CloseAttempt(after, change.to == v1::Job::STATE_PAUSED ? "paused" : "cancelled", facts,
                      now);
  if (const auto lesson = LessonOf(after, facts)) writes.InsertLesson(*lesson);
}

absl::Status ChangeIn(mariadb::Connection& connection, const OwnerChange& change,
                      JobRecord& result) {
  const auto locked = LockJobs(connection, absl::MakeConstSpan(&change.job_id, 1));
  if (!locked.ok()) return locked.status();
  if (locked->jobs.empty()) return JobNotFound(change.job_id);
  const JobRecord& before = locked->jobs.begin()->second;
  if (before.owner_id != change.owner_id) return JobNotFound(change.job_id);
  if (before.version != change.version) {
    return WithMetadata(Error(absl::StatusCode::kAborted, "VERSION_CHANGED",
                              "the job has changed meanwhile; read it and decide again"),
                        "job_id", change.job_id);
  }
  if (!IsOwnersOrder(before.state, change.to)) {
    return WrongState(ActionOf(change.to), change.job_id, before.state);
  }

  JobRecord after = before;
  const bool processing = before.state == v1::Job::STATE_PROCESSING;
  TextTail tail;
  if (processing) {
    // A tail that does not fit is not worth the order: it is stored as far as it fits.
    tail = NewTail(before.numbers.answer_bytes(), before.numbers.thinking_bytes(), change.pieces);
    after.numbers.set_answer_bytes(tail.answer);
    after.numbers.set_thinking_bytes(tail.thinking);
    if (change.numbers.has_value()) ApplyFinalNumbers(*change.numbers, locked->now, after);
  }
  ApplyChange({.to = change.to, .reason = change.reason}, locked->now, after);
  RowWrites writes;
  writes.StoreChange(before, after, locked->now);
  if (processing) EndAttempt(change, tail, after, locked->now, writes);
  result = std::move(after);
  return writes.Flush(connection);
}

}  // namespace

absl::StatusOr<JobRecord> MariaDbJobStore::Change(const OwnerChange& change) {
  JobRecord result;
  const absl::Status status = mariadb::Transaction::Run(
      pool_, [&](mariadb::Connection& connection) { return ChangeIn(connection, change, result); });
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::ListWaiting(uint64_t after, size_t limit) {
  return ReadJobs(queries::kListWaiting, {after, uint64_t{limit}});
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::TakeDueRetries(size_t limit) {
  std::vector<JobRecord> due;
  const auto any = Query(pool_, queries::kAnyDueRetry);
  if (!any.ok()) return any.status();
  if (any->empty()) return due;
  const absl::Status status =
      mariadb::Transaction::Run(pool_, [&](mariadb::Connection& connection) {
        due.clear();
        const auto rows = connection.Query(queries::kLockDueRetries, {uint64_t{limit}});
        if (!rows.ok()) return rows.status();
        std::vector<std::vector<mariadb::Param>> keys;
        for (const mariadb::Row& row : *rows) {
          JobRecord& job = due.emplace_back(ReadJob(row));
          job.not_before.reset();
          keys.push_back({job.row_id});
        }
        return connection.ExecuteMany(queries::kClearNotBefore, keys).status();
      });
  if (!status.ok()) return status;
  return due;
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::ExpireWaiting(size_t limit) {
  std::vector<JobRecord> expired;
  const auto any = Query(pool_, queries::kAnyExpired);
  if (!any.ok()) return any.status();
  if (any->empty()) return expired;
  const absl::Status status =
      mariadb::Transaction::Run(pool_, [&](mariadb::Connection& connection) {
        expired.clear();
        const auto rows = connection.Query(queries::kLockExpired, {uint64_t{limit}});
        if (!rows.ok()) return rows.status();
        RowWrites writes;
        for (const mariadb::Row& row : *rows) {
          absl::Time now;
          const JobRecord before = ReadJob(row, &now);
          JobRecord after = before;
          ApplyChange({.to = v1::Job::STATE_EXPIRED,
                       .reason = "WAITING_DEADLINE",
                       .error_message = "no worker took the job before its deadline for waiting"},
                      now, after);
          writes.StoreChange(before, after, now);
          expired.push_back(std::move(after));
        }
        return writes.Flush(connection);
      });
  if (!status.ok()) return status;
  return expired;
}

}  // namespace genwatch

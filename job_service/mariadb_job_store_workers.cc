#include <algorithm>
#include <map>
#include <set>

#include "common/status.h"
#include "job_service/job_change.h"
#include "job_service/job_rows.h"
#include "job_service/mariadb/transaction.h"
#include "job_service/mariadb_job_store.h"
#include "job_service/queries.h"
#include "job_service/row_writes.h"

// Heartbeats, and what becomes of the jobs of the lost.

namespace genwatch {
namespace {

// A lease is not in the heartbeat that is on its way while it is made, nor always in the next.
constexpr uint32_t kHeartbeatsToReceive = 3;

v1::StopReason StopReasonOf(JobState state) {
  switch (state) {
    case v1::Job::STATE_CANCELLED:
      return v1::STOP_REASON_CANCELLED;
    case v1::Job::STATE_PAUSED:
      return v1::STOP_REASON_PAUSED;
    default:
      return v1::STOP_REASON_LEASE_LOST;
  }
}

struct HeldLease {
  std::string job_id;
  uint32_t version = 0;
  uint32_t heartbeat_number = 0;
};

std::vector<HeldLease> ReadLeases(const std::vector<mariadb::Row>& rows) {
  std::vector<HeldLease> leases;
  for (const mariadb::Row& row : rows) {
    mariadb::RowReader reader(row);
    HeldLease& lease = leases.emplace_back();
    lease.job_id = reader.Text();
    lease.version = reader.Uint32();
    lease.heartbeat_number = reader.Uint32();
  }
  return leases;
}

// The attempt whose loss counted, of a job that ran under this lease; 0: none.
absl::StatusOr<uint32_t> FindCountedLoss(mariadb::Connection& connection, const JobRecord& job,
                                         uint32_t version, const std::string& instance) {
  const auto rows = connection.Query(queries::kFindLossAlone, {job.row_id, version, instance});
  if (!rows.ok()) return rows.status();
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader reader(row);
    const uint32_t attempt = reader.Uint32();
    v1::LeaseBase base;
    base.set_answer(reader.Uint32());
    base.set_thinking(reader.Uint32());
    v1::JobNumbers numbers;
    if (!numbers.ParseFromString(reader.Text())) {
      return absl::DataLossError("the numbers of an attempt can't be read");
    }
    if (!StoredNewText(numbers, base)) return attempt;
  }
  return 0;
}

}  // namespace

absl::StatusOr<std::vector<v1::StopJob>> MariaDbJobStore::Heartbeat(
    const v1::Worker& worker, uint32_t number, absl::Span<const v1::HeldJob> held) {
  auto connection = heartbeat_pool_.Acquire();
  if (!connection.ok()) return connection.status();
  const auto stored = (*connection)
                          ->Execute(queries::kHeartbeat, {worker.instance(), number,
                                                          worker.address(), worker.server_url()});
  if (!stored.ok()) return stored.status();
  std::vector<v1::StopJob> stop;
  if (held.empty()) return stop;

  const auto rows = (*connection)->Query(queries::kLeasesOfInstance, {worker.instance()});
  if (!rows.ok()) return rows.status();
  std::map<std::string, uint32_t> leases;
  for (const HeldLease& lease : ReadLeases(*rows)) leases.emplace(lease.job_id, lease.version);
  std::vector<std::string> lost;
  for (const v1::HeldJob& job : held) {
    const auto lease = leases.find(job.job_id());
    if (lease != leases.end() && lease->second == job.version()) continue;
    v1::StopJob& order = stop.emplace_back();
    order.set_job_id(job.job_id());
    order.set_version(job.version());
    order.set_reason(v1::STOP_REASON_LEASE_LOST);
    lost.push_back(job.job_id());
  }
  const IdQuery query = WithIds(queries::kStatesOf, lost);
  if (query.params.empty()) return stop;
  const auto states = (*connection)->Query(query.sql, query.params);
  if (!states.ok()) return states.status();
  for (const mariadb::Row& row : *states) {
    mariadb::RowReader reader(row);
    const std::string& job_id = reader.Text();
    const v1::StopReason reason = StopReasonOf(StateFromWord(reader.Text()));
    for (v1::StopJob& order : stop) {
      if (order.job_id() == job_id) order.set_reason(reason);
    }
  }
  return stop;
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::ReleaseUnheld(
    const std::string& instance, uint32_t number, absl::Span<const v1::HeldJob> held) {
  const auto rows = Query(heartbeat_pool_, queries::kLeasesOfInstance, {instance});
  if (!rows.ok()) return rows.status();
  std::set<std::pair<std::string, uint32_t>> listed;
  for (const v1::HeldJob& job : held) listed.emplace(job.job_id(), job.version());
  std::vector<v1::HeldJob> unheld;
  for (const HeldLease& lease : ReadLeases(*rows)) {
    if (uint64_t{lease.heartbeat_number} + kHeartbeatsToReceive > number) continue;
    if (listed.count({lease.job_id, lease.version}) > 0) continue;
    v1::HeldJob& job = unheld.emplace_back();
    job.set_job_id(lease.job_id);
    job.set_version(lease.version);
  }
  return ReleaseLeases(instance, unheld);
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::ReleaseLeases(
    const std::string& instance, absl::Span<const v1::HeldJob> leases) {
  std::vector<JobRecord> released;
  if (leases.empty()) return released;
  std::map<std::string, uint32_t> versions;
  std::vector<std::string> job_ids;
  for (const v1::HeldJob& lease : leases) {
    versions.emplace(lease.job_id(), lease.version());
    job_ids.push_back(lease.job_id());
  }

  const absl::Status status =
      mariadb::Transaction::Run(pool_, [&](mariadb::Connection& connection) {
        released.clear();
        const auto locked = LockJobs(connection, job_ids);
        if (!locked.ok()) return locked.status();
        RowWrites writes;
        for (const auto& [job_id, before] : locked->jobs) {
          if (before.state != v1::Job::STATE_PROCESSING || before.instance != instance ||
              before.version != versions.at(job_id)) {
            continue;
          }
          JobRecord after = before;
          ApplyChange({.to = v1::Job::STATE_QUEUED}, locked->now, after);
          writes.StoreChange(before, after, locked->now);
          writes.CloseAttempt(after, "released", {}, locked->now);
          released.push_back(std::move(after));
        }
        return writes.Flush(connection);
      });
  if (!status.ok()) return status;
  return released;
}

absl::StatusOr<std::vector<WorkerRecord>> MariaDbJobStore::ListWorkers() {
  const auto rows = Query(pool_, queries::kListWorkers);
  if (!rows.ok()) return rows.status();
  std::vector<WorkerRecord> workers;
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader reader(row);
    WorkerRecord& record = workers.emplace_back();
    record.worker.set_instance(reader.Text());
    record.heartbeat_number = reader.Uint32();
    record.worker.set_address(reader.Text());
    record.worker.set_server_url(reader.Text());
  }
  return workers;
}

absl::StatusOr<std::vector<JobRecord>> MariaDbJobStore::ReapWorker(const std::string& instance,
                                                                   uint32_t number) {
  std::vector<JobRecord> jobs;
  const absl::Status status =
      mariadb::Transaction::Run(pool_, [&](mariadb::Connection& connection) {
        jobs.clear();
        // Its row stays locked, so nothing is leased to it until this is committed.
        const auto forgotten = connection.Execute(queries::kForgetWorker, {instance, number});
        if (!forgotten.ok()) return forgotten.status();
        if (*forgotten == 0) {
          return Error(absl::StatusCode::kAborted, "WORKER_LIVES",
                       "the worker has beaten meanwhile, or was reaped by another replica");
        }
        const auto rows = connection.Query(queries::kJobsOfInstance, {instance});
        if (!rows.ok()) return rows.status();
        std::vector<std::string> job_ids;
        for (const mariadb::Row& row : *rows) job_ids.push_back(mariadb::RowReader(row).Text());
        const auto locked = LockJobs(connection, job_ids);
        if (!locked.ok()) return locked.status();
        RowWrites writes;
        for (const auto& [job_id, before] : locked->jobs) {
          if (before.state != v1::Job::STATE_PROCESSING || before.instance != instance) continue;
          JobRecord after = before;
          const bool stored_new_text = StoredNewText(before);
          ApplyLoss(DecideLoss(before, stored_new_text), stored_new_text, locked->now, after);
          writes.StoreChange(before, after, locked->now);
          writes.CloseAttempt(after, "lost", {}, locked->now);
          jobs.push_back(std::move(after));
        }
        return writes.Flush(connection);
      });
  if (!status.ok()) return status;
  return jobs;
}

absl::StatusOr<uint32_t> MariaDbJobStore::TakeBackLosses(const std::string& instance,
                                                         absl::Span<const v1::HeldJob> leases) {
  uint32_t taken_back = 0;
  std::vector<std::string> job_ids;
  for (const v1::HeldJob& lease : leases) job_ids.push_back(lease.job_id());
  const absl::Status status =
      mariadb::Transaction::Run(pool_, [&](mariadb::Connection& connection) {
        taken_back = 0;
        auto locked = LockJobs(connection, job_ids);
        if (!locked.ok()) return locked.status();
        for (const v1::HeldJob& lease : leases) {
          const auto found = locked->jobs.find(lease.job_id());
          if (found == locked->jobs.end() || !MayTakeBackLoss(found->second)) continue;
          JobRecord& job = found->second;
          const auto attempt = FindCountedLoss(connection, job, lease.version(), instance);
          if (!attempt.ok()) return attempt.status();
          if (*attempt == 0) continue;
          ApplyLossTakenBack(job);
          absl::Status stored =
              connection.Execute(queries::kMarkWorkerBack, {job.row_id, *attempt}).status();
          if (stored.ok()) {
            stored = connection
                         .Execute(queries::kStoreFailures,
                                  {job.failures, job.losses_alone, job.row_id, job.version})
                         .status();
          }
          if (!stored.ok()) return stored;
          ++taken_back;
        }
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return taken_back;
}

}  // namespace genwatch

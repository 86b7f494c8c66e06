#ifndef GENWATCH_JOB_SERVICE_MARIADB_JOB_STORE_H_
#define GENWATCH_JOB_SERVICE_MARIADB_JOB_STORE_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "job_service/job_store.h"
#include "job_service/mariadb/pool.h"

namespace genwatch {

struct MariaDbJobStoreOptions {
  mariadb::ConnectionOptions connection;
  // Best between 8 and 16: more threads only wait for each other's log writes.
  size_t connections = 8;
  // Reserved, so that load never makes living workers look lost.
  size_t heartbeat_connections = 2;
  absl::Duration acquire_timeout = absl::Seconds(1);
};

// The ledger in MariaDB 10.11. Connects when first used, so it may be made before the server is up.
// Statements are in queries.h; what a change writes is decided by job_change.h. Transactions lock
// in the order: server and model, worker, jobs by id. Thread-safe.
class MariaDbJobStore : public JobStore {
 public:
  explicit MariaDbJobStore(const MariaDbJobStoreOptions& options);

  absl::Status Probe() override;

  std::vector<absl::StatusOr<InsertedJob>> InsertMany(absl::Span<const NewJob> jobs) override;
  absl::StatusOr<JobRecord> Get(const std::string& job_id) override;
  absl::StatusOr<std::vector<JobRecord>> GetMany(absl::Span<const std::string> job_ids) override;
  absl::StatusOr<std::vector<JobRecord>> GetManyBriefly(
      absl::Span<const std::string> job_ids) override;
  absl::StatusOr<std::vector<JobRecord>> List(const JobFilter& filter, uint64_t before,
                                              size_t limit) override;
  absl::StatusOr<std::vector<std::string>> ListActive(const std::string& owner_id,
                                                      size_t limit) override;
  absl::StatusOr<TextRead> ReadText(const std::string& job_id, v1::Channel channel, uint32_t offset,
                                    size_t limit) override;

  absl::StatusOr<LeaseResult> Lease(const LeaseGrant& grant) override;
  absl::StatusOr<std::vector<AppendResult>> AppendText(
      const std::string& instance, absl::Span<const v1::TextAppend> appends) override;
  std::vector<absl::StatusOr<JobRecord>> FinishAttempts(
      absl::Span<const FinishedAttempt> attempts) override;
  absl::StatusOr<uint32_t> RecordProgress(absl::Span<const v1::ProgressRecord> records) override;

  absl::StatusOr<std::vector<v1::StopJob>> Heartbeat(const v1::Worker& worker, uint32_t number,
                                                     absl::Span<const v1::HeldJob> held) override;
  absl::StatusOr<std::vector<JobRecord>> ReleaseUnheld(const std::string& instance, uint32_t number,
                                                       absl::Span<const v1::HeldJob> held) override;
  absl::StatusOr<std::vector<JobRecord>> ReleaseLeases(
      const std::string& instance, absl::Span<const v1::HeldJob> leases) override;
  absl::StatusOr<std::vector<WorkerRecord>> ListWorkers() override;
  absl::StatusOr<std::vector<JobRecord>> ReapWorker(const std::string& instance,
                                                    uint32_t number) override;
  absl::StatusOr<uint32_t> TakeBackLosses(const std::string& instance,
                                          absl::Span<const v1::HeldJob> leases) override;

  absl::StatusOr<JobRecord> Change(const OwnerChange& change) override;
  absl::StatusOr<JobRecord> SetPriority(const std::string& owner_id, const std::string& job_id,
                                        v1::Priority priority) override;
  absl::Status Delete(const std::string& owner_id, const std::string& job_id) override;
  absl::StatusOr<std::vector<AttemptRecord>> ListAttempts(const std::string& job_id) override;

  absl::StatusOr<std::vector<JobRecord>> ListWaiting(uint64_t after, size_t limit) override;
  absl::StatusOr<std::vector<JobRecord>> TakeDueRetries(size_t limit) override;
  absl::StatusOr<std::vector<JobRecord>> ExpireWaiting(size_t limit) override;
  absl::StatusOr<std::vector<JobRecord>> ListRunning(const std::string& model,
                                                     size_t limit) override;
  absl::StatusOr<std::vector<WaitingSuspect>> ListSuspects() override;
  absl::StatusOr<std::vector<ModelLoad>> ListLoads() override;
  absl::StatusOr<std::vector<ModelHold>> ListHolds() override;
  absl::Status Hold(const std::string& model, const std::string& note) override;
  absl::Status Release(const std::string& model) override;

  absl::StatusOr<v1::LengthHistory> History(const v1::JobSpec& spec) override;
  absl::StatusOr<PrunedLengths> PruneLengths(const LengthKind& after, size_t kinds) override;
  absl::StatusOr<LeasePace> RecentLeases(const std::string& model) override;
  absl::Status SaveModels(const v1::ModelReport& report) override;
  absl::StatusOr<std::vector<v1::ModelReport>> LoadModels() override;

  absl::StatusOr<uint32_t> RecordScores(absl::Span<const v1::EstimateScore> scores) override;
  absl::StatusOr<size_t> CountEnded(absl::Duration settled, size_t limit) override;
  absl::StatusOr<std::vector<ModelDayRecord>> ModelDays(const std::string& model,
                                                        int32_t first_day) override;
  absl::StatusOr<std::vector<EstimateSampleRecord>> ListEstimateSamples(const std::string& model,
                                                                        size_t limit) override;

 private:
  using Params = absl::Span<const mariadb::Param>;

  // One statement outside of transactions.
  static absl::StatusOr<std::vector<mariadb::Row>> Query(mariadb::Pool& pool, std::string_view sql,
                                                         Params params = {});
  static absl::StatusOr<uint64_t> Execute(mariadb::Pool& pool, std::string_view sql,
                                          Params params = {});
  absl::StatusOr<std::vector<JobRecord>> ReadJobs(std::string_view sql, Params params);
  absl::StatusOr<std::vector<JobRecord>> ReadJobsByIds(std::string_view sql,
                                                       absl::Span<const std::string> job_ids);
  absl::StatusOr<InsertedJob> InsertAlone(const NewJob& job);
  // All of them, or none.
  absl::StatusOr<std::vector<InsertedJob>> InsertTogether(absl::Span<const NewJob* const> jobs);
  // Of different jobs, in one transaction.
  std::vector<absl::StatusOr<JobRecord>> FinishTogether(
      absl::Span<const FinishedAttempt* const> attempts);
  // The job that made the insert of `job` a duplicate.
  absl::StatusOr<InsertedJob> FindEarlier(const NewJob& job, const absl::Status& duplicate);
  absl::StatusOr<uint32_t> ServerModelId(const v1::Worker& worker, const std::string& model);

  mariadb::Pool pool_;
  mariadb::Pool heartbeat_pool_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_MARIADB_JOB_STORE_H_

#ifndef GENWATCH_TESTS_JOB_SERVICE_FAKE_JOB_STORE_H_
#define GENWATCH_TESTS_JOB_SERVICE_FAKE_JOB_STORE_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "job_service/job_store.h"
#include "job_service/length_lesson.h"

namespace genwatch {

// The ledger in memory: the same rules as the real one (the contract suite runs on both), each call
// atomic, the clock in the test's hands. Thread-safe. The clock outlives it.
class FakeJobStore : public JobStore {
 public:
  explicit FakeJobStore(const Clock* clock) : clock_(clock) {}

  // While true, every call answers UNAVAILABLE (LEDGER_UNAVAILABLE) and does nothing.
  void SetUnavailable(bool unavailable);

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
  absl::StatusOr<InsertedJob> InsertOne(const NewJob& job);
  absl::StatusOr<JobRecord> FinishOne(const FinishedAttempt& attempt);
  struct Entry {
    JobRecord job;
    std::string spec_hash;
    std::string answer;
    std::string thinking;
    uint32_t lease_heartbeat = 0;
    std::vector<AttemptRecord> attempts;
    // (version, instance) of the attempts that their workers finished.
    std::set<std::pair<uint32_t, std::string>> finished;
    // Attempts lost at the cost of a failure.
    std::set<uint32_t> counted_losses;
  };

  // Of the spec only what GetManyBriefly promises.
  static JobRecord Brief(JobRecord job);
  absl::Status CheckLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time Now() const;
  Entry* FindLocked(const std::string& job_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What ended the lease that `entry.job` was under; the job is as it leaves it.
  void CloseAttemptLocked(Entry& entry, std::string_view outcome,
                          const v1::AttemptFacts& facts = {}) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The record with what other rows say about it.
  JobRecord ReadLocked(const Entry& entry) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LearnLocked(const JobRecord& job, const v1::AttemptFacts& facts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock* const clock_;
  mutable Mutex mutex_;
  bool unavailable_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t last_row_id_ ABSL_GUARDED_BY(mutex_) = 0;
  // By job_id.
  std::map<std::string, Entry> jobs_ ABSL_GUARDED_BY(mutex_);
  // job_id of a job, to that of the one that retries it.
  std::map<std::string, std::string> retries_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, WorkerRecord> workers_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, ModelHold> holds_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::ModelReport> reports_ ABSL_GUARDED_BY(mutex_);
  // Newest first.
  std::vector<LengthLesson> lessons_ ABSL_GUARDED_BY(mutex_);
  // Times of the leases of a model, newest last.
  std::map<std::string, std::vector<absl::Time>> leases_ ABSL_GUARDED_BY(mutex_);
  // By job_id.
  std::map<std::string, v1::EstimateScore> scores_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> counted_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, int32_t>, v1::ModelDay> days_ ABSL_GUARDED_BY(mutex_);
  // Newest last.
  std::vector<EstimateSampleRecord> samples_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_JOB_SERVICE_FAKE_JOB_STORE_H_

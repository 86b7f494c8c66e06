#ifndef GENWATCH_JOB_SERVICE_JOB_STORE_H_
#define GENWATCH_JOB_SERVICE_JOB_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "genwatch/v1/job_feed_service.pb.h"
#include "genwatch/v1/job_lease_service.pb.h"
#include "job_service/expected_wait.h"
#include "job_service/job.h"
#include "job_service/job_state.h"
#include "job_service/model_stats.h"

namespace genwatch {

struct NewJob {
  std::string job_id;
  std::string owner_id;
  // Empty: not idempotent.
  std::string request_id;
  // Of the spec as submitted; compared when request_id was seen before.
  std::string spec_hash;
  v1::JobSpec spec;
  std::string retry_of;
  uint32_t max_failures = 3;
};

struct InsertedJob {
  JobRecord job;
  // An earlier insert of this owner and request_id made it.
  bool existed = false;
};

// Jobs that carry it are posts, and have an index of their own.
inline constexpr char kKindLabel[] = "kind";

struct JobFilter {
  std::string owner_id;
  std::vector<JobState> states;
  std::string model;
  std::vector<std::pair<std::string, std::string>> labels;
  // Keys as CheckLabelKeys allows them.
  std::vector<std::string> label_keys;
};

struct LeaseCandidate {
  std::string job_id;
  double score = 0;
};

struct LeaseGrant {
  v1::Worker worker;
  uint32_t heartbeat_number = 0;
  std::string model;
  // Most jobs of this model PROCESSING at once on worker.server_url().
  uint32_t limit = 1;
  // The worker runs nothing.
  bool alone = false;
  // The worker can go on from kept text; else all jobs start over.
  bool continues = false;
  std::vector<LeaseCandidate> candidates;
};

struct LeaseResult {
  std::vector<JobRecord> leased;
  // Candidates that stay waiting (limit reached, model held): back into the queue.
  std::vector<LeaseCandidate> put_back;
  // Likewise, because they are suspected of killing workers and this one is not free for one alone:
  // it may take what waits behind them.
  std::vector<LeaseCandidate> suspects;
  // The others are no longer waiting, or for a time that has not come (TakeDueRetries): forget
  // them.
};

struct TextLength {
  uint32_t answer = 0;
  uint32_t thinking = 0;
};

struct AppendResult {
  bool lease_lost = false;
  TextLength kept;
};

struct FinishedAttempt {
  std::string instance;
  std::string job_id;
  uint32_t version = 0;
  AttemptEnd end;
  v1::JobNumbers numbers;
  v1::AttemptFacts facts;
  std::vector<v1::TextPiece> pieces;
};

// An order of the owner's on a job. For a PROCESSING one, `pieces` and `numbers` are what the
// worker handed out when it was stopped.
struct OwnerChange {
  std::string job_id;
  std::string owner_id;
  // The version it was decided on; another one: ABORTED (VERSION_CHANGED), read and decide again.
  uint32_t version = 0;
  JobState to = v1::Job::STATE_UNSPECIFIED;
  std::string reason;
  std::vector<v1::TextPiece> pieces;
  std::optional<v1::JobNumbers> numbers;
  std::optional<v1::AttemptFacts> facts;
};

// One lease of a job, and what came of it.
struct AttemptRecord {
  uint32_t attempt = 0;
  // The job's under this lease.
  uint32_t version = 0;
  std::string instance;
  std::string server_url;
  bool alone = false;
  absl::Time leased_at;
  // Absent while it runs; then `outcome` is empty.
  std::optional<absl::Time> ended_at;
  // completed, passing, once_more, permanent, handed_over, cancelled, paused, lost, released.
  std::string outcome;
  std::string reason;
  std::string error_message;
  // Kept text that it began with.
  TextLength base;
  // What it went through; empty while it runs, and where its worker could not tell.
  std::vector<v1::PhaseTime> phases;
};

// Jobs whose lengths are learned together.
struct LengthKind {
  std::string model;
  std::string job_class;
  v1::Thinking think = v1::THINKING_UNSPECIFIED;

  friend bool operator==(const LengthKind&, const LengthKind&) = default;
};

struct PrunedLengths {
  // The last one looked at: go on from there. Empty: the end was reached.
  LengthKind last;
  size_t deleted = 0;
};

// A job that waits to be alone on a worker.
struct WaitingSuspect {
  std::string job_id;
  uint32_t version = 0;
  std::string model;
};

struct ModelHold {
  std::string model;
  // Why, in the words of whoever holds it.
  std::string note;
  absl::Time held_at;
};

// Jobs of a model that are not in the queue, but will leave or join it.
struct ModelLoad {
  std::string model;
  // PROCESSING.
  uint32_t running = 0;
  // QUEUED, until the time of their retry.
  uint32_t retrying = 0;
};

struct WorkerRecord {
  v1::Worker worker;
  uint32_t heartbeat_number = 0;
};

struct TextRead {
  uint32_t version = 0;
  JobState state = v1::Job::STATE_UNSPECIFIED;
  uint32_t offset = 0;
  std::string text;
  uint32_t text_length = 0;
};

// The ledger: the truth about every job. Each change of state is one transaction with a guard;
// rows are always locked in job_id order. Blocking; thread-safe.
//
// Errors: NOT_FOUND (JOB_NOT_FOUND), ABORTED for a guard that failed, FAILED_PRECONDITION for a
// wrong state, ALREADY_EXISTS for a reused request_id, UNAVAILABLE (LEDGER_UNAVAILABLE) whenever
// MariaDB can't be reached; deadlocks are retried inside, then ABORTED.
class JobStore {
 public:
  virtual ~JobStore() = default;

  // A small write succeeds.
  virtual absl::Status Probe() = 0;

  // ---- Submits and reads.
  // In step with `jobs`, with as few commits as can be; each is durable when this returns.
  // ALREADY_EXISTS (REQUEST_ID_REUSED) for another spec under the same request_id;
  // NOT_FOUND when retry_of is not the owner's.
  virtual std::vector<absl::StatusOr<InsertedJob>> InsertMany(absl::Span<const NewJob> jobs) = 0;
  absl::StatusOr<InsertedJob> Insert(const NewJob& job) {
    return std::move(InsertMany({&job, 1}).front());
  }
  virtual absl::StatusOr<JobRecord> Get(const std::string& job_id) = 0;
  // In any order; unknown ids are absent.
  virtual absl::StatusOr<std::vector<JobRecord>> GetMany(absl::Span<const std::string> job_ids) = 0;
  // The same without what may be large: of the specs only model, priority, job_class and think. For
  // polls.
  virtual absl::StatusOr<std::vector<JobRecord>> GetManyBriefly(
      absl::Span<const std::string> job_ids) = 0;
  // Newest first; rows with row_id < `before` (0: from the newest).
  virtual absl::StatusOr<std::vector<JobRecord>> List(const JobFilter& filter, uint64_t before,
                                                      size_t limit) = 0;
  // Ids not ended, oldest first.
  virtual absl::StatusOr<std::vector<std::string>> ListActive(const std::string& owner_id,
                                                              size_t limit) = 0;
  // From `offset` on, at most `limit` bytes, cut at a character border. An offset inside a
  // character is moved on to the next one: `TextRead::offset` is where the text begins.
  // OUT_OF_RANGE past the end.
  virtual absl::StatusOr<TextRead> ReadText(const std::string& job_id, v1::Channel channel,
                                            uint32_t offset, size_t limit) = 0;

  // ---- Leases.
  // One transaction: locks the (server, model) row, counts what runs, checks the hold, locks the
  // candidates, leases up to the limit in the order given. Base is the kept length for a job that
  // goes on, 0 for one that starts over: its texts are removed in the same transaction.
  // FAILED_PRECONDITION (UNKNOWN_WORKER) when no heartbeat of the worker is stored: it was reaped,
  // or has not beaten yet.
  virtual absl::StatusOr<LeaseResult> Lease(const LeaseGrant& grant) = 0;
  // In the order of `appends`. What repeats kept text is skipped; what leaves a gap is not stored,
  // and the kept length says so. `lower_base` comes first: see ApplyLowerBase; a base inside a
  // character is moved to the character's beginning.
  virtual absl::StatusOr<std::vector<AppendResult>> AppendText(
      const std::string& instance, absl::Span<const v1::TextAppend> appends) = 0;
  // In step with `attempts`, with as few commits as can be.
  // Idempotent for a recorded (job, version, instance): answers the job as it is.
  // ABORTED (LEASE_LOST) when the lease is another's; INVALID_ARGUMENT (TEXT_GAP, metadata
  // answer_bytes and thinking_bytes) when a piece begins after the kept text.
  virtual std::vector<absl::StatusOr<JobRecord>> FinishAttempts(
      absl::Span<const FinishedAttempt> attempts) = 0;
  absl::StatusOr<JobRecord> FinishAttempt(const FinishedAttempt& attempt) {
    return std::move(FinishAttempts({&attempt, 1}).front());
  }
  // One guarded UPDATE ... JOIN; answers how many rows changed.
  virtual absl::StatusOr<uint32_t> RecordProgress(absl::Span<const v1::ProgressRecord> records) = 0;

  // ---- Heartbeats and the reaper.
  // Stores the number (registers the worker at the first); answers which of `held` to stop and why
  // (cancelled, paused, lease lost).
  virtual absl::StatusOr<std::vector<v1::StopJob>> Heartbeat(
      const v1::Worker& worker, uint32_t number, absl::Span<const v1::HeldJob> held) = 0;
  // Jobs leased to `instance` at least 3 heartbeats before `number` that `held` does not list: the
  // worker never received them. Queued again, at no cost; answers them.
  virtual absl::StatusOr<std::vector<JobRecord>> ReleaseUnheld(
      const std::string& instance, uint32_t number, absl::Span<const v1::HeldJob> held) = 0;
  // Those of `leases` that `instance` still has: the answer that was to grant them can't reach it.
  // Queued again, at no cost; answers them.
  virtual absl::StatusOr<std::vector<JobRecord>> ReleaseLeases(
      const std::string& instance, absl::Span<const v1::HeldJob> leases) = 0;
  virtual absl::StatusOr<std::vector<WorkerRecord>> ListWorkers() = 0;
  // If the worker's number still is `number`: forgets it, and queues (or fails) its jobs as
  // DecideLoss says; answers them. ABORTED if it has beaten meanwhile.
  virtual absl::StatusOr<std::vector<JobRecord>> ReapWorker(const std::string& instance,
                                                            uint32_t number) = 0;
  // `instance` speaks of these leases: it lives. Of those that were taken from it as lost, what the
  // loss cost is taken back, once each (MayTakeBackLoss); answers of how many. The attempt's reason
  // becomes WORKER_CAME_BACK.
  virtual absl::StatusOr<uint32_t> TakeBackLosses(const std::string& instance,
                                                  absl::Span<const v1::HeldJob> leases) = 0;

  // ---- Orders of the owner: CANCELLED, PAUSED, QUEUED (resume).
  virtual absl::StatusOr<JobRecord> Change(const OwnerChange& change) = 0;
  // Of a QUEUED or PAUSED job; FAILED_PRECONDITION (WRONG_STATE) for another. No change of state:
  // the version stays. A score that is kept for a requeue moves with it (ApplyPriority).
  virtual absl::StatusOr<JobRecord> SetPriority(const std::string& owner_id,
                                                const std::string& job_id,
                                                v1::Priority priority) = 0;
  // Forgets an ended job with its texts and attempts; FAILED_PRECONDITION (WRONG_STATE) for one
  // that has not ended. A job made from it by RetryJob keeps naming it in `retry_of`.
  virtual absl::Status Delete(const std::string& owner_id, const std::string& job_id) = 0;
  // Oldest first; empty for an unknown job.
  virtual absl::StatusOr<std::vector<AttemptRecord>> ListAttempts(const std::string& job_id) = 0;

  // ---- What waits.
  // QUEUED jobs that wait for no retry time, row_id > `after`, in key order; brief, as
  // GetManyBriefly.
  virtual absl::StatusOr<std::vector<JobRecord>> ListWaiting(uint64_t after, size_t limit) = 0;
  // QUEUED jobs whose not_before has passed: clears it and answers them, brief.
  virtual absl::StatusOr<std::vector<JobRecord>> TakeDueRetries(size_t limit) = 0;
  // Ends those whose waiting deadline has passed, and answers them.
  virtual absl::StatusOr<std::vector<JobRecord>> ExpireWaiting(size_t limit) = 0;
  // PROCESSING jobs of a model, in key order; brief, as GetManyBriefly.
  virtual absl::StatusOr<std::vector<JobRecord>> ListRunning(const std::string& model,
                                                             size_t limit) = 0;
  // Of models that are not held; a few hundred at most.
  virtual absl::StatusOr<std::vector<WaitingSuspect>> ListSuspects() = 0;
  // Models with jobs that run or wait for a retry; the others are absent.
  virtual absl::StatusOr<std::vector<ModelLoad>> ListLoads() = 0;
  // Models whose queue is held, by name.
  virtual absl::StatusOr<std::vector<ModelHold>> ListHolds() = 0;
  // Holds the queue of a model: nothing of it is leased. Again: only the note is replaced.
  virtual absl::Status Hold(const std::string& model, const std::string& note) = 0;
  // Lets it go on. Idempotent.
  virtual absl::Status Release(const std::string& model) = 0;

  // ---- What was learned, and what model servers offer.
  virtual absl::StatusOr<v1::LengthHistory> History(const v1::JobSpec& spec) = 0;
  // Deletes lengths that History never reads, of the next `kinds` kinds behind `after`: more than
  // kHistoryLengths of one kind, kModelLengths of one model.
  virtual absl::StatusOr<PrunedLengths> PruneLengths(const LengthKind& after, size_t kinds) = 0;
  // How fast jobs of a model were leased lately, for the expected wait.
  virtual absl::StatusOr<LeasePace> RecentLeases(const std::string& model) = 0;
  virtual absl::Status SaveModels(const v1::ModelReport& report) = 0;
  virtual absl::StatusOr<std::vector<v1::ModelReport>> LoadModels() = 0;

  // ---- Statistics.
  // Keeps what is first told about completed jobs; answers how many were new.
  virtual absl::StatusOr<uint32_t> RecordScores(absl::Span<const v1::EstimateScore> scores) = 0;
  // Counts jobs that ended at least `settled` ago, each once, into the days of their models, with
  // what was told about their estimates (of which the newest kKeptSamples of each model are kept):
  // at most `limit` of each way to end. Answers the greatest
  // number of one way; below `limit` nothing is left. One replica at a time; the others answer 0.
  virtual absl::StatusOr<size_t> CountEnded(absl::Duration settled, size_t limit) = 0;
  // From that day on, by model, then by day; all models if none is named.
  virtual absl::StatusOr<std::vector<ModelDayRecord>> ModelDays(const std::string& model,
                                                                int32_t first_day) = 0;
  // The newest that CountEnded has kept, newest first; of all models if none is named.
  virtual absl::StatusOr<std::vector<EstimateSampleRecord>> ListEstimateSamples(
      const std::string& model, size_t limit) = 0;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_STORE_H_

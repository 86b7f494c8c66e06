#ifndef GENWATCH_PROGRESS_SERVICE_PROGRESS_HUB_H_
#define GENWATCH_PROGRESS_SERVICE_PROGRESS_HUB_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "genwatch/v1/generation_service.pb.h"
#include "genwatch/v1/job_feed_service.pb.h"
#include "genwatch/v1/progress_service.pb.h"
#include "progress_service/hub_entry.h"
#include "progress_service/progress_metrics.h"
#include "progress_service/watch_position.h"

namespace genwatch {

// All jobs that somebody watches or some worker runs, and who is to be told about them. Fed by the
// workers' state feeds and by the ledger's answers; watchers are woken without any lock held, take
// what they lack at their own pace, and nothing is buffered for them. A job leaves with its last
// viewer and its last worker. Thread-safe. Outlives its subscriptions.
class ProgressHub {
 public:
  struct Options {
    // Of texts held. Above it texts that nobody watches are dropped, and new watches are refused.
    size_t max_text_bytes = size_t{512} << 20;
  };

  // Called, without locks, when there is something to ask the ledger at once.
  using Kick = std::function<void()>;

  ProgressHub(const Clock* clock, Options options, ProgressMetrics metrics);
  ~ProgressHub();
  ProgressHub(const ProgressHub&) = delete;
  ProgressHub& operator=(const ProgressHub&) = delete;

  // Once, before anything else is called.
  void SetKick(Kick kick) { kick_ = std::move(kick); }

  // ---- for watchers

  // Destroyed: no wake-up begins any more. One that has begun on another thread may still come, so
  // `wake` keeps alive what it needs.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

    const std::string& job_id() const { return entry_->job_id; }
    // Raised after each change of the job; cheap to look at.
    uint64_t revision() const { return entry_->revision.load(std::memory_order_acquire); }
    // The job has ended; likewise.
    bool terminal() const { return entry_->terminal.load(std::memory_order_acquire); }

   private:
    friend class ProgressHub;
    void Reset();

    ProgressHub* hub_ = nullptr;
    std::shared_ptr<HubEntry> entry_;
    std::shared_ptr<const HubWake> wake_;
    bool text_ = false;
  };

  // `wake` is called after each change, by whoever made it. RESOURCE_EXHAUSTED
  // (TEXT_MEMORY_FULL) for a watch with text when too much is held.
  absl::StatusOr<Subscription> Subscribe(const std::string& job_id, bool text,
                                         std::shared_ptr<const HubWake> wake);

  // Whether `owner` may watch the job: kUnknown until the ledger told whose it is.
  enum class Admission { kUnknown, kAdmitted, kNotFound };
  Admission Admit(const Subscription& subscription, const std::string& owner);

  WatchPosition::Result Collect(const Subscription& subscription, WatchPosition& position,
                                size_t text_budget, v1::JobUpdate* update);

  struct Snapshot {
    v1::Progress progress;
    std::shared_ptr<const v1::JobFixed> fixed;
    std::string cursor;
  };
  // The job as it stands here, if the ledger need not be asked: a worker reports that it runs it.
  std::optional<Snapshot> Running(const std::string& job_id);
  // Whose it is, likewise.
  std::optional<std::string> RunningOwner(const std::string& job_id);
  // Takes a ledger's answer into account, and says how the job stands now.
  std::optional<Snapshot> MergeAnswer(const v1::JobStateEntry& entry);

  // ---- for the workers' feeds

  using FeedId = uint64_t;
  FeedId OpenFeed();
  // What the worker need not send again.
  std::vector<v1::KnownJob> Known() const;
  void MergeFeed(FeedId feed, const v1::StreamStatesResponse& message);
  // Addresses of workers that hold jobs, as the ledger named them since the last call.
  std::vector<std::string> TakeWorkerAddresses();
  // The feed broke: what it reported is asked of the ledger at once.
  void CloseFeed(FeedId feed);

  // ---- for the ledger's poll

  struct Question {
    std::shared_ptr<HubEntry> entry;
    uint64_t number = 0;
    v1::JobQuery query;
  };
  // What was to be asked at once, and with `all` also every watched job that no worker reports.
  std::vector<Question> TakeQuestions(bool all);
  void MergeStates(const std::vector<Question>& questions,
                   const v1::GetJobStatesResponse& response);
  // The ledger did not answer: what was to be asked at once stays so.
  void ReturnQuestions(const std::vector<Question>& questions);

  struct TextQuestion {
    std::shared_ptr<HubEntry> entry;
    uint64_t epoch = 0;
    v1::TextQuery query;
  };
  // Texts that watchers lack and the ledger has. What is taken is answered by MergeTexts.
  std::vector<TextQuestion> TakeMissingTexts(size_t limit);
  // In the order of the questions; an empty response if there was none. What is still missing is
  // asked again. True if anything was new.
  bool MergeTexts(const std::vector<TextQuestion>& questions,
                  const v1::ReadTextsResponse& response);

  // ---- for the recorder

  struct Unrecorded {
    std::shared_ptr<HubEntry> entry;
    bool print = false;  // not printed yet
    v1::ProgressRecord record;
  };
  // Newest states of running jobs that are not recorded, or not printed.
  std::vector<Unrecorded> TakeUnrecorded();
  static void MarkRecorded(const std::vector<Unrecorded>& recorded);

  // How right the estimates of jobs were that completed since the last call; a few thousand are
  // kept at most.
  std::vector<v1::EstimateScore> TakeScores(size_t limit);

  size_t text_bytes() const { return text_bytes_.load(std::memory_order_relaxed); }
  size_t job_count() const;

 private:
  class Batch;
  struct Feed {
    std::unordered_set<std::shared_ptr<HubEntry>> jobs;
    bool trusted = true;  // its heartbeats are answered
  };

  std::shared_ptr<HubEntry> FindOrAddLocked(const std::string& job_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<HubEntry> Find(const std::string& job_id) const;
  std::vector<std::shared_ptr<HubEntry>> Entries() const;
  void DropIfIdleLocked(const std::shared_ptr<HubEntry>& entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unsubscribe(Subscription& subscription);
  static Snapshot SnapshotOf(const TrackedJob& job);
  bool KnownToRunLocked(const HubEntry& entry) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(entry.mutex);

  void MergeState(const std::shared_ptr<HubEntry>& entry, const v1::WorkerState& state,
                  bool trusted, Batch& batch);
  void MergeRoster(FeedId feed, const v1::Roster& roster, Batch& batch);
  void NoLongerReported(const std::vector<std::shared_ptr<HubEntry>>& entries, Batch& batch)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void MergeEntry(const std::shared_ptr<HubEntry>& entry, const v1::JobStateEntry& told,
                  uint64_t question, Batch& batch);
  // After a merge: accounts for the bytes, and notes what follows from its outcome.
  void FinishMergeLocked(const std::shared_ptr<HubEntry>& entry, const TrackedJob::Outcome& outcome,
                         Batch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(entry->mutex);
  // Does what the batch collected: the lists first, then the wake-ups, without any lock.
  void Finish(Batch& batch, bool may_kick = true) ABSL_LOCKS_EXCLUDED(mutex_);
  bool AskLocked(const std::shared_ptr<HubEntry>& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ReadLocked(const std::shared_ptr<HubEntry>& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void KeepScores(std::vector<v1::EstimateScore>& scores) ABSL_LOCKS_EXCLUDED(mutex_);
  void EvictTexts() ABSL_LOCKS_EXCLUDED(mutex_);

  const Clock* const clock_;
  const Options options_;
  ProgressMetrics metrics_;
  Kick kick_;
  std::atomic<size_t> text_bytes_ = 0;

  // Taken before an entry's own mutex, never after it.
  mutable Mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<HubEntry>> jobs_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<FeedId, Feed> feeds_ ABSL_GUARDED_BY(mutex_);
  FeedId last_feed_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<HubEntry>> to_ask_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<HubEntry>> to_read_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::EstimateScore> scores_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> worker_addresses_ ABSL_GUARDED_BY(mutex_);
  absl::Duration next_eviction_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_PROGRESS_HUB_H_

#ifndef GENWATCH_GENERATION_SERVICE_STATE_FEED_H_
#define GENWATCH_GENERATION_SERVICE_STATE_FEED_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "genwatch/v1/generation_service.pb.h"

namespace genwatch {

// Where one subscriber stands: what it was given of each job. Of its subscriber, guarded by it.
class FeedCursor {
 public:
  // `known`: what the subscriber says that it holds already.
  explicit FeedCursor(const v1::StreamStatesRequest& known);

 private:
  friend class StateFeed;
  struct Job {
    uint32_t version = 0;
    uint32_t sequence = 0;
    uint32_t answer_bytes = 0;
    uint32_t thinking_bytes = 0;
    uint32_t fixed_given = 0;  // its revision; 0: none
  };
  std::unordered_map<std::string, Job> jobs_;
  uint64_t seen_change_ = 0;
  uint64_t seen_roster_ = 0;
};

// What the worker says about its jobs, kept for those who subscribe: per job the newest numbers and
// the whole text of the lease. Subscribers are cursors over it: one that is late or slow gets fewer
// and larger messages, the newest numbers, and every byte of the text, and costs no memory for it.
// Thread-safe. Holds no lock while it wakes subscribers.
class StateFeed {
 public:
  // Registered until destroyed. A wake-up that runs at that moment may still end after it.
  class Subscription {
   public:
    explicit Subscription(StateFeed* feed) : feed_(feed) {}
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    friend class StateFeed;
    StateFeed* const feed_;
    std::list<std::shared_ptr<std::function<void()>>>::iterator place_;
  };

  // ---- the worker's side

  // A lease began: an earlier one of the same job is forgotten.
  void Begin(const std::string& job_id, uint32_t version, v1::LeaseFixed fixed);

  // The lease starts over: its base is lowered to `base`, and no text of it was published yet. The
  // lease's facts are given again.
  void LowerBase(const std::string& job_id, const v1::LeaseBase& base);

  // The newest numbers of a lease, and the text that is new since the last call. Sets `sequence`.
  // No effect when the job is unknown or is held under another version.
  void Publish(v1::WorkerState state, std::string_view answer, std::string_view thinking);

  // The worker no longer has it. Subscribers that are behind may still read it for some seconds.
  void Remove(const std::string& job_id, uint32_t version, absl::Duration now);

  // Replaces the roster.
  void SetRoster(v1::Roster roster, absl::Duration now);

  // While muted, subscribers are given nothing.
  void SetMuted(bool muted);

  // Tells all subscribers that there may be something for them.
  void WakeSubscribers();

  // Subscribers are told to end once they have been given everything.
  void Shutdown();

  // ---- the subscribers' side

  // `wake` must not block; it is called from the worker's thread, and not before this returns.
  std::unique_ptr<Subscription> Subscribe(std::function<void()> wake);

  enum class Next { kNothing, kMessage, kEnd };
  // Fills the next message for a subscriber, at most `text_budget` bytes of text, and moves its
  // cursor on. kNothing: it has everything.
  Next Collect(FeedCursor& cursor, size_t text_budget, v1::StreamStatesResponse* message);

  // Bytes of text held.
  size_t text_bytes() const;

 private:
  struct Job {
    uint64_t change = 0;
    v1::WorkerState state;  // without pieces and `fixed`
    v1::LeaseFixed fixed;
    uint32_t fixed_revision = 1;
    uint32_t answer_base = 0;
    uint32_t thinking_base = 0;
    std::string answer;  // from the base on
    std::string thinking;
    bool removed = false;
  };
  struct Leaving {
    absl::Duration forget_at;
    std::string job_id;
    uint32_t version = 0;
  };

  void TouchLocked(const std::string& job_id, Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetLocked(const std::string& job_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AddStateLocked(const Job& job, FeedCursor::Job& cursor, size_t& budget,
                      v1::StreamStatesResponse* message) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::unordered_map<std::string, Job> jobs_ ABSL_GUARDED_BY(mutex_);
  // The jobs in the order of their last change.
  std::map<uint64_t, std::string> changes_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_change_ ABSL_GUARDED_BY(mutex_) = 0;
  // Removed jobs in the order of their time.
  std::deque<Leaving> leaving_ ABSL_GUARDED_BY(mutex_);
  v1::Roster roster_ ABSL_GUARDED_BY(mutex_);
  uint64_t roster_number_ ABSL_GUARDED_BY(mutex_) = 0;
  bool muted_ ABSL_GUARDED_BY(mutex_) = false;
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<std::shared_ptr<std::function<void()>>> subscribers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_STATE_FEED_H_

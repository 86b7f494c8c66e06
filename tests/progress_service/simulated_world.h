#ifndef GENWATCH_TESTS_PROGRESS_SERVICE_SIMULATED_WORLD_H_
#define GENWATCH_TESTS_PROGRESS_SERVICE_SIMULATED_WORLD_H_

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "progress_service/active_jobs.h"
#include "progress_service/progress_hub.h"
#include "progress_service/watch_session.h"
#include "tests/support/fake_clock.h"

namespace genwatch {

// One job's whole life with everything around it in miniature: a ledger, workers (some of them
// zombies), two replicas of the hub, and watchers who come and go; every message may be late, lost
// with its connection, or heard twice. Driven by a seed. Checks what a watcher is promised after
// each message. Not thread-safe.
class SimulatedWorld {
 public:
  explicit SimulatedWorld(uint32_t seed);

  // One random thing happens.
  void Step();
  // The job ends, the ledger answers, and everybody takes what there is.
  void Finish();

  // Everything that went against the promises; empty is good.
  const std::vector<std::string>& violations() const { return violations_; }

  struct Counts {
    int leases = 0, restarts = 0, lowered = 0, zombie_messages = 0, resets = 0, resumes = 0,
        refused = 0, updates = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  using Texts = std::array<std::string, kChannels>;

  // A process that holds, or believes to hold, a lease.
  struct Worker {
    uint32_t version = 0;
    uint32_t attempt = 0;
    uint32_t sequence = 0;
    Texts texts;  // whole, kept bases included
    TextLengths base = {};
    bool ended = false;
    bool refuses_to_continue = false;  // will lower its base before its first text
    bool has_text = false;
    bool in_roster = true;
  };
  // What one replica hears of one worker.
  struct Feed {
    ProgressHub::FeedId id = 0;
    TextLengths sent = {};
    bool told_fixed = false;
    std::deque<v1::StreamStatesResponse> under_way;
  };
  struct Replica {
    std::unique_ptr<ProgressHub> hub;
    std::unique_ptr<ActiveJobs> active;
    std::vector<Feed> feeds;  // in step with the workers
    struct States {
      std::vector<ProgressHub::Question> questions;
      v1::GetJobStatesResponse response;
    };
    struct Reads {
      std::vector<ProgressHub::TextQuestion> questions;
      v1::ReadTextsResponse response;
    };
    std::deque<States> states_under_way;
    std::deque<Reads> reads_under_way;
  };
  struct Watcher {
    size_t replica = 0;
    std::unique_ptr<WatchSession> session;
    std::shared_ptr<bool> woken;
    absl::Duration wake_at = absl::InfiniteDuration();
    bool text = true;
    // What its client holds, and held at an earlier cursor.
    Texts texts;
    std::string cursor;
    Texts old_texts;
    std::string old_cursor;
    uint32_t version = 0, sequence = 0;  // on this stream
    bool first = true;
    bool finished = false;
    v1::Progress last;
  };

  void BeginLease();
  void Generate(Worker& worker);
  void Store();
  void EndAttempt(bool finally);
  void Tell(Replica& replica, size_t worker);
  void Deliver(Replica& replica);
  void Reconnect(Replica& replica, size_t worker);
  void Ask(Replica& replica);
  void Pump(Watcher& watcher);
  void Take(Watcher& watcher, const v1::JobUpdate& update);
  void Open(Watcher& watcher, bool old_cursor);
  void Violation(const std::string& text);

  Worker* Current();
  v1::LeaseFixed Fixed(const Worker& worker) const;
  v1::JobStateEntry LedgerEntry(bool want_fixed) const;
  uint32_t Random(uint32_t below) { return random_() % below; }
  std::string RandomText();

  std::mt19937 random_;
  bool feeds_tell_kept_text_ = false;
  FakeClock clock_;
  const std::string job_id_;
  // The ledger.
  v1::Job::State state_ = v1::Job::STATE_QUEUED;
  uint32_t version_ = 1;
  uint32_t attempt_ = 0;
  Texts kept_;
  std::vector<LeaseBases::Lease> leases_;
  std::vector<Worker> workers_;
  std::vector<Replica> replicas_;
  std::vector<Watcher> watchers_;
  std::vector<std::string> violations_;
  Counts counts_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_PROGRESS_SERVICE_SIMULATED_WORLD_H_

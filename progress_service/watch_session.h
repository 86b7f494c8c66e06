#ifndef GENWATCH_PROGRESS_SERVICE_WATCH_SESSION_H_
#define GENWATCH_PROGRESS_SERVICE_WATCH_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "genwatch/v1/progress_service.pb.h"
#include "progress_service/active_jobs.h"
#include "progress_service/progress_hub.h"
#include "progress_service/watch_plan.h"

namespace genwatch {

// One WatchProgress call without its stream: which message comes next, if any. Nothing waits here
// for a slow reader; each message is made from the jobs as they are when it is asked for. Not
// thread-safe, but for `wake`, which is called from any thread.
class WatchSession {
 public:
  // About so many bytes of text go into one message: a reader of 1 KB/s takes it within a minute.
  static constexpr size_t kMessageTextBytes = 48 << 10;
  // How long a watch may wait for the ledger before its first update: to learn whose the job is, or
  // to catch up with a cursor, and to read the text of a job that has ended.
  static constexpr absl::Duration kLedgerPatience = absl::Seconds(1);
  static constexpr absl::Duration kTextPatience = absl::Seconds(5);

  // `wake` is called when Next may have something new, also while Start still runs. The hub, the
  // active jobs and the clock outlive the session.
  WatchSession(ProgressHub* hub, ActiveJobs* active, const Clock* clock, WatchPlan plan,
               HubWake wake);
  WatchSession(const WatchSession&) = delete;
  WatchSession& operator=(const WatchSession&) = delete;

  // RESOURCE_EXHAUSTED when there is no room for the texts. Not OK: the session is useless.
  absl::Status Start();

  struct Step {
    enum class What {
      kWrite,   // the response is filled in; then ask again
      kIdle,    // nothing to say until a wake-up or `wake_at`
      kFinish,  // the stream ends with `status`
    };
    What what = What::kIdle;
    absl::Status status;
    absl::Duration wake_at = absl::InfiniteDuration();  // monotonic
  };
  Step Next(v1::WatchProgressResponse* response);

 private:
  struct Target {
    Target(std::string id, bool text, std::string cursor)
        : job_id(std::move(id)), position(text, std::move(cursor)) {}

    std::string job_id;
    ProgressHub::Subscription subscription;
    WatchPosition position;
    uint64_t seen = 0;  // the revision last looked at
    absl::Duration subscribed_at;
    absl::Duration next_update;  // not before
    bool named = false;          // by the caller, who waits to hear of it
    bool admitted = false;
    bool more = false;
    bool done = false;
  };

  absl::Status Subscribe(Target& target);
  void JoinActive();
  // Looks at one target; may add one update. Answers the bytes of text in it.
  size_t Visit(Target& target, absl::Duration now, v1::WatchProgressResponse* response, Step& step);
  bool Admit(Target& target, absl::Duration now, v1::WatchProgressResponse* response, Step& step);
  // UNAVAILABLE once `patience` is over; else the step wakes then.
  void WaitForLedger(Target& target, absl::Duration now, absl::Duration patience,
                     v1::WatchProgressResponse* response, Step& step);
  void Refuse(Target& target, const absl::Status& status, v1::WatchProgressResponse* response,
              Step& step);

  ProgressHub* const hub_;
  ActiveJobs* const active_;
  const Clock* const clock_;
  const WatchPlan plan_;
  const std::shared_ptr<const HubWake> wake_;
  std::vector<Target> targets_;
  size_t first_ = 0;  // whose turn it is when not all fit into a message

  // For a watch of all active jobs.
  ActiveJobs::Subscription active_subscription_;
  ActiveJobs::JobIds active_ids_;
  std::unordered_set<std::string> joined_;  // watched now, or ended but still listed
  bool greeted_ = false;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_WATCH_SESSION_H_

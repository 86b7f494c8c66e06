#ifndef GENWATCH_PROGRESS_SERVICE_WORKER_FEEDS_H_
#define GENWATCH_PROGRESS_SERVICE_WORKER_FEEDS_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/log_every.h"
#include "common/mutex.h"
#include "common/periodic.h"
#include "progress_service/state_feed_client.h"

namespace genwatch {

// One state feed per worker: of those that the generation target stands for, which is looked up
// again each few seconds, and of those whose addresses the ledger names. Thread-safe. What it is
// given outlives it.
class WorkerFeeds {
 public:
  WorkerFeeds(std::string target, ProgressHub* hub, TimerQueue* timers, const Clock* clock,
              ProgressMetrics metrics);
  ~WorkerFeeds();
  WorkerFeeds(const WorkerFeeds&) = delete;
  WorkerFeeds& operator=(const WorkerFeeds&) = delete;

  size_t size() const;

 private:
  void Tick();
  void Resolve(absl::Duration now);
  void Learn(const std::vector<std::string>& names);
  // Another name of a worker that is listened to.
  bool IsAliasLocked(const std::string& address) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropUseless();
  void Open(const std::vector<std::string>& addresses) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string target_;
  ProgressHub* const hub_;
  TimerQueue* const timers_;
  const Clock* const clock_;
  ProgressMetrics metrics_;
  LogEvery resolve_failures_;

  mutable Mutex mutex_;
  // By address; null while one is being opened.
  std::map<std::string, std::unique_ptr<StateFeedClient>> feeds_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> resolved_ ABSL_GUARDED_BY(mutex_);
  // A learned address that turned out to be another name of a worker: that other name.
  std::map<std::string, std::string> aliases_ ABSL_GUARDED_BY(mutex_);

  absl::Duration next_resolve_;  // the ticking thread's own
  Periodic ticks_;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_WORKER_FEEDS_H_

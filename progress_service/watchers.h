#ifndef GENWATCH_PROGRESS_SERVICE_WATCHERS_H_
#define GENWATCH_PROGRESS_SERVICE_WATCHERS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/mutex.h"
#include "common/periodic.h"
#include "progress_service/progress_metrics.h"
#include "progress_service/watch_progress_reactor.h"

namespace genwatch {

// The open WatchProgress streams: their number is limited, they are looked at twice a second, and
// all are ended when the server drains. Thread-safe. Outlives the server.
class Watchers {
 public:
  using Parts = WatchProgressReactor::Parts;

  Watchers(const Parts& parts, size_t max_watchers, ProgressMetrics metrics);
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  // Never null. A stream that there is no room for is refused with RESOURCE_EXHAUSTED
  // (TOO_MANY_WATCHERS), one during a drain with UNAVAILABLE (DRAINING).
  grpc::ServerWriteReactor<v1::WatchProgressResponse>* Watch(grpc::CallbackServerContext* context,
                                                             WatchPlan plan);

  // Ends all streams with UNAVAILABLE, so that their clients resume elsewhere, and refuses new
  // ones.
  void Drain();

  size_t count() const;

 private:
  void Tick();
  void Forget(WatchProgressReactor* reactor);
  std::vector<std::shared_ptr<WatchProgressReactor>> All() const;

  const Parts parts_;
  const size_t max_watchers_;
  ProgressMetrics metrics_;
  mutable Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::unordered_map<WatchProgressReactor*, std::shared_ptr<WatchProgressReactor>> reactors_
      ABSL_GUARDED_BY(mutex_);
  Periodic ticks_;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_WATCHERS_H_

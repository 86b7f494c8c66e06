#ifndef GENWATCH_PROGRESS_SERVICE_STATE_FEED_CLIENT_H_
#define GENWATCH_PROGRESS_SERVICE_STATE_FEED_CLIENT_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "common/timer.h"
#include "progress_service/progress_hub.h"
#include "progress_service/progress_metrics.h"

namespace genwatch {

// The state feed of one worker: a stream that is opened again, 100 to 500 ms after it broke, for as
// long as this object lives. What it says goes into the hub on gRPC's own thread, which thereby
// wakes the watchers: nothing waits in between. Thread-safe. The destructor waits until gRPC is
// done with the stream. What it is given outlives it.
class StateFeedClient {
 public:
  // A feed that says nothing for so long is dead; workers say something each second.
  static constexpr absl::Duration kSilence = absl::Seconds(3);

  // `address` is host:port or unix:path, one worker's own.
  StateFeedClient(std::string address, ProgressHub* hub, TimerQueue* timers, const Clock* clock,
                  ProgressMetrics metrics);
  ~StateFeedClient();
  StateFeedClient(const StateFeedClient&) = delete;
  StateFeedClient& operator=(const StateFeedClient&) = delete;

  const std::string& address() const;

  // To be called each half second or so: breaks a stream that has gone silent.
  void OnTick();

  // Something was heard, and the stream still stands.
  bool connected() const;
  // The worker's instance, as its last roster said; empty before.
  std::string instance() const;
  // Since it was last connected, or since the beginning.
  absl::Duration silent_for() const;

 private:
  class Stream;
  struct Shared;

  const std::shared_ptr<Shared> shared_;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_STATE_FEED_CLIENT_H_

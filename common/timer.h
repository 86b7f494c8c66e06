#ifndef GENWATCH_COMMON_TIMER_H_
#define GENWATCH_COMMON_TIMER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "common/mutex.h"

namespace genwatch {

// Identifies a timer of one TimerQueue; never 0, never used twice.
using TimerId = uint64_t;

// Runs callbacks later, all on one thread: for waits that hold no thread of their own (long polls,
// heartbeats of a stream). Callbacks run outside the lock, in the order of their times, and must be
// short and not block. Thread-safe, also from callbacks. The destructor waits for a running
// callback and destroys the pending ones without running them: who must be answered is answered by
// its owner before. The number of timers is bounded by the owners, one per open call.
class TimerQueue {
 public:
  explicit TimerQueue(std::string name = "timers");
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  // `delay` on the monotonic clock; not positive: as soon as possible.
  TimerId RunAfter(absl::Duration delay, absl::AnyInvocable<void()> callback);

  // True: the callback is destroyed and will never run. False: it ran, is running now on the
  // queue's thread (Cancel does not wait for it), or was cancelled before.
  bool Cancel(TimerId id);

  // Timers that have not fired yet.
  size_t pending() const;

 private:
  using Key = std::pair<absl::Duration, TimerId>;  // monotonic due time, id

  void Run();

  const std::string name_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::map<Key, absl::AnyInvocable<void()>> timers_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<TimerId, absl::Duration> due_ ABSL_GUARDED_BY(mutex_);
  TimerId next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace genwatch

#endif  // GENWATCH_COMMON_TIMER_H_

#ifndef GENWATCH_GENERATION_SERVICE_EVENT_LOOP_H_
#define GENWATCH_GENERATION_SERVICE_EVENT_LOOP_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"

namespace genwatch {

// One thread on epoll that runs timers, socket events and posted tasks, in rounds: what is due,
// what is ready, what was posted, and then once the function of SetRoundEnd, which sees everything
// that the round did. All state of the worker lives on this thread and needs no locks.
//
// Post, RunSync and Stop may be called from any thread, all else from the loop's own only (or
// before anything was posted). Owners of watches and timers remove them before they go; the loop is
// destroyed last.
class EventLoop {
 public:
  using Task = absl::AnyInvocable<void()>;
  using Timer = uint64_t;  // never 0, never used twice

  // `name` is the thread's.
  explicit EventLoop(const std::string& name, const Clock* clock = RealClock());
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `task` on the loop's thread, in the order of the calls. After Stop it is destroyed unrun.
  void Post(Task task);

  // As Post, and waits until it has run. Not from the loop's thread. False after Stop: not run.
  bool RunSync(absl::AnyInvocable<void()> task);

  // Ends after the running round; joins. Idempotent. Not from the loop's thread.
  void Stop();

  bool OnThread() const { return std::this_thread::get_id() == thread_.get_id(); }

  // The monotonic clock.
  absl::Duration Now() const { return clock_->Monotonic(); }

  Timer RunAfter(absl::Duration delay, Task task);
  // No effect on one that ran or was cancelled. A cancelled task never runs.
  void Cancel(Timer timer);

  // `events` and the handler's argument are epoll's (EPOLLIN, ...). Replaces an earlier watch of
  // `fd`, which stays open until Unwatch. The handler may call Unwatch for any fd.
  void Watch(int fd, uint32_t events, std::function<void(uint32_t events)> handler);
  void Unwatch(int fd);

  // At most one.
  void SetRoundEnd(std::function<void()> function);

 private:
  struct FdWatch {
    uint64_t id;  // an event of an earlier watch of the same fd is told apart by it
    std::function<void(uint32_t)> handler;
  };
  using Due = std::pair<absl::Duration, Timer>;

  void Run();
  int WaitTimeoutMs() const;
  void RunTimers();
  void RunPosted();
  void Dispatch(uint64_t watch_id, uint32_t events);
  void Wake();

  const Clock* const clock_;
  const int epoll_fd_;
  const int wake_fd_;

  Mutex mutex_;
  std::vector<Task> posted_ ABSL_GUARDED_BY(mutex_);
  bool wake_sent_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // Of the loop's thread.
  std::map<Due, Task> timers_;
  std::unordered_map<Timer, absl::Duration> due_;
  std::unordered_map<uint64_t, std::shared_ptr<FdWatch>> watches_;
  std::unordered_map<int, uint64_t> watch_of_fd_;
  uint64_t next_id_ = 1;
  std::function<void()> round_end_;

  Mutex join_mutex_;
  std::thread thread_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_EVENT_LOOP_H_

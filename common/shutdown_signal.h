#ifndef GENWATCH_COMMON_SHUTDOWN_SIGNAL_H_
#define GENWATCH_COMMON_SHUTDOWN_SIGNAL_H_

#include <csignal>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "common/mutex.h"

namespace genwatch {

// Turns SIGTERM and SIGINT into a return value. Construct it first in main, once, before any other
// thread exists: threads inherit the blocked signals. Also ignores SIGPIPE. Wait from one thread.
class ShutdownSignal {
 public:
  ShutdownSignal();
  // `hurry` is not called any more, nor the process ended, from here on.
  ~ShutdownSignal();
  ShutdownSignal(const ShutdownSignal&) = delete;
  ShutdownSignal& operator=(const ShutdownSignal&) = delete;

  // Blocks until SIGTERM or SIGINT (also one sent since the construction), and returns its number.
  // From then on a second one has its default action: the process ends at once, so that a drain
  // that hangs can be ended by hand.
  int Wait();

  // The same for a process that has something to hand over: the second signal calls `hurry`, once,
  // on a thread of its own; it must not block. From then on a third one has its default action, and
  // a process that has not ended 10 s after the second one ends with exit code 1.
  int Wait(std::function<void()> hurry);

  // Returns when `hurry` neither runs nor will be called: what it uses may go. All else stays. Not
  // from `hurry` itself.
  void DropHurry();

 private:
  int WaitForOne();
  void AwaitSecond();
  void CallHurry();

  sigset_t signals_;
  int stop_fd_ = -1;  // readable: the thread is to end
  std::thread second_;
  Mutex mutex_;
  std::function<void()> hurry_ ABSL_GUARDED_BY(mutex_);
  bool hurrying_ ABSL_GUARDED_BY(mutex_) = false;
  CondVar hurried_;
};

}  // namespace genwatch

#endif  // GENWATCH_COMMON_SHUTDOWN_SIGNAL_H_

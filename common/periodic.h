#ifndef GENWATCH_COMMON_PERIODIC_H_
#define GENWATCH_COMMON_PERIODIC_H_

#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/mutex.h"

namespace genwatch {

// Calls a function each interval of the monotonic clock (start to start; a tick missed because the
// function took longer is skipped, not made up for) on a thread of its own. Thread-safe. The
// destructor waits for a call in progress; after it there are no more calls. Declare it after what
// the function uses. The function must not destroy the Periodic.
class Periodic {
 public:
  enum class FirstRun { kAfterInterval, kAtOnce };

  Periodic(std::string name, absl::Duration interval, std::function<void()> function,
           FirstRun first_run = FirstRun::kAfterInterval);
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

  // Runs it as soon as possible, and counts the interval from there. Kicks before the next run
  // starts are one; a kick during a run causes one more. Never blocks.
  void Kick();

 private:
  void Run();

  const std::string name_;
  const absl::Duration interval_;
  const std::function<void()> function_;
  Mutex mutex_;
  CondVar changed_;
  bool kicked_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace genwatch

#endif  // GENWATCH_COMMON_PERIODIC_H_

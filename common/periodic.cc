#include "common/periodic.h"

#include <utility>

#include "common/clock.h"
#include "common/thread_name.h"

namespace genwatch {

Periodic::Periodic(std::string name, absl::Duration interval, std::function<void()> function,
                   FirstRun first_run)
    : name_(std::move(name)),
      interval_(interval),
      function_(std::move(function)),
      kicked_(first_run == FirstRun::kAtOnce),
      thread_([this] { Run(); }) {}

Periodic::~Periodic() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void Periodic::Kick() {
  MutexLock lock(mutex_);
  kicked_ = true;
  changed_.NotifyAll();
}

void Periodic::Run() {
  SetThreadName(name_);
  const Clock& clock = *RealClock();
  absl::Duration due = clock.Monotonic() + interval_;
  MutexLock lock(mutex_);
  while (true) {
    while (!stopping_ && !kicked_) {
      const absl::Duration left = due - clock.Monotonic();
      if (left <= absl::ZeroDuration()) break;
      changed_.WaitFor(mutex_, left);
    }
    if (stopping_) return;
    const absl::Duration started = clock.Monotonic();
    // A kick moves the rhythm; ticks that passed meanwhile are skipped.
    due = kicked_ ? started + interval_ : due + interval_;
    if (due <= started) due = started + interval_;
    kicked_ = false;
    lock.Unlock();
    function_();
    lock.Lock();
  }
}

}  // namespace genwatch

#include "common/timer.h"

#include "common/clock.h"
#include "common/thread_name.h"

namespace genwatch {

TimerQueue::TimerQueue(std::string name) : name_(std::move(name)), thread_([this] { Run(); }) {}

TimerQueue::~TimerQueue() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

TimerId TimerQueue::RunAfter(absl::Duration delay, absl::AnyInvocable<void()> callback) {
  const absl::Duration due = RealClock()->Monotonic() + delay;
  MutexLock lock(mutex_);
  const TimerId id = next_id_++;
  due_.emplace(id, due);
  const auto [position, inserted] = timers_.emplace(Key(due, id), std::move(callback));
  // Only a new head changes how long the thread sleeps.
  if (position == timers_.begin()) changed_.NotifyAll();
  return id;
}

bool TimerQueue::Cancel(TimerId id) {
  // Destroyed without the lock: what the callback owns may call back into this.
  absl::AnyInvocable<void()> callback;
  MutexLock lock(mutex_);
  const auto due = due_.find(id);
  if (due == due_.end()) return false;
  const auto timer = timers_.find(Key(due->second, id));
  callback = std::move(timer->second);
  timers_.erase(timer);
  due_.erase(due);
  return true;
}

size_t TimerQueue::pending() const {
  MutexLock lock(mutex_);
  return timers_.size();
}

void TimerQueue::Run() {
  SetThreadName(name_);
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (timers_.empty()) {
      changed_.Wait(mutex_);
      continue;
    }
    const auto head = timers_.begin();
    const absl::Duration left = head->first.first - RealClock()->Monotonic();
    if (left > absl::ZeroDuration()) {
      changed_.WaitFor(mutex_, left);
      continue;
    }
    {
      absl::AnyInvocable<void()> callback = std::move(head->second);
      due_.erase(head->first.second);
      timers_.erase(head);
      lock.Unlock();
      std::move(callback)();
    }
    lock.Lock();
  }
}

}  // namespace genwatch

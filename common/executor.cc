#include "common/executor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status.h"
#include "common/thread_name.h"

namespace genwatch {
namespace {

// Long enough for a queue of statements of a few milliseconds each to get shorter.
constexpr absl::Duration kRetryAfter = absl::Milliseconds(200);

}  // namespace

Executor::Executor(std::string name, int threads, size_t queue_limit)
    : name_(std::move(name)), queue_limit_(queue_limit) {
  MutexLock lock(join_mutex_);
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

Executor::~Executor() { Shutdown(); }

absl::Status Executor::Submit(absl::AnyInvocable<void()> task) {
  MutexLock lock(mutex_);
  if (shutting_down_) {
    return Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                 absl::StrCat(name_, " is shutting down"));
  }
  if (queue_.size() >= queue_limit_) {
    return WithRetryAfter(
        Error(absl::StatusCode::kUnavailable, "EXECUTOR_FULL",
              absl::StrCat(name_, " is busy: ", queue_limit_, " calls wait already")),
        kRetryAfter);
  }
  queue_.push_back(std::move(task));
  not_empty_.NotifyOne();
  return absl::OkStatus();
}

void Executor::Shutdown() {
  {
    MutexLock lock(mutex_);
    shutting_down_ = true;
    not_empty_.NotifyAll();
  }
  // Held while joining, so that a second Shutdown returns when the first has finished.
  MutexLock lock(join_mutex_);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

size_t Executor::queued() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

void Executor::Run() {
  SetThreadName(name_);
  MutexLock lock(mutex_);
  while (true) {
    while (queue_.empty() && !shutting_down_) not_empty_.Wait(mutex_);
    if (queue_.empty()) return;
    {
      absl::AnyInvocable<void()> task = std::move(queue_.front());
      queue_.pop_front();
      lock.Unlock();
      std::move(task)();
      // The task is destroyed here, without the lock: what it owns may submit, or take locks.
    }
    lock.Lock();
  }
}

}  // namespace genwatch

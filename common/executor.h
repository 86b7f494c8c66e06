#ifndef GENWATCH_COMMON_EXECUTOR_H_
#define GENWATCH_COMMON_EXECUTOR_H_

#include <cstddef>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/mutex.h"

namespace genwatch {

// Threads that run tasks in the order of submission, with a bounded queue: for what blocks (SQL),
// away from gRPC's threads. A task that was accepted is run, always: Shutdown runs what is queued.
// Thread-safe. Destroy it after everything that submits (the gRPC server), and before everything
// that its tasks use (the connection pool).
class Executor {
 public:
  // `name` (cut at 15 characters) is what top and gdb show for the threads.
  Executor(std::string name, int threads, size_t queue_limit);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Never blocks. UNAVAILABLE, reason EXECUTOR_FULL, with RetryInfo, when `queue_limit` tasks wait;
  // UNAVAILABLE, reason SHUTTING_DOWN, after Shutdown. The task is destroyed, not run, on error.
  absl::Status Submit(absl::AnyInvocable<void()> task);

  // Accepts nothing more, runs what is queued, joins. Idempotent; not from a task.
  void Shutdown();

  // Tasks that wait for a thread.
  size_t queued() const;

 private:
  void Run();

  const std::string name_;
  const size_t queue_limit_;
  mutable Mutex mutex_;
  CondVar not_empty_;
  std::deque<absl::AnyInvocable<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool shutting_down_ ABSL_GUARDED_BY(mutex_) = false;
  Mutex join_mutex_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(join_mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_COMMON_EXECUTOR_H_

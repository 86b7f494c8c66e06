#ifndef GENWATCH_COMMON_BATCHER_H_
#define GENWATCH_COMMON_BATCHER_H_

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/executor.h"
#include "common/mutex.h"
#include "common/status.h"

namespace genwatch {

struct BatcherOptions {
  // Of one batch.
  size_t most_items = 64;
  // Batches at once. Two, so that one is prepared while the other waits for its commit.
  size_t most_running = 2;
  // Items that wait; more are refused.
  size_t queue_limit = 4096;
};

// Joins single requests into batches (group commit): what comes while earlier batches are worked
// off waits for them and is the next batch. So under light load each request goes at once and
// alone, and the batches grow with the load. A batch waits its turn among the executor's other
// tasks, so that these are never kept from it. Thread-safe.
template <typename Item>
class Batcher {
 public:
  // `run` is given 1 to most_items items in the order of their arrival, on a thread of the
  // executor's, by up to most_running of them at once. The batcher outlives the executor's tasks.
  Batcher(Executor* executor, BatcherOptions options, std::function<void(std::vector<Item>)> run)
      : executor_(executor), options_(options), run_(std::move(run)) {}

  // UNAVAILABLE if too many wait already or the executor takes no task: then `item` is not run.
  absl::Status Add(Item item) {
    MutexLock lock(mutex_);
    if (waiting_.size() >= options_.queue_limit) {
      return WithRetryAfter(Error(absl::StatusCode::kUnavailable, "BATCHER_FULL",
                                  "too many requests of this kind wait already"),
                            absl::Milliseconds(200));
    }
    waiting_.push_back(std::move(item));
    // One that runs takes what waits before it ends.
    if (running_ >= options_.most_running) return absl::OkStatus();
    ++running_;
    absl::Status accepted = executor_->Submit([this] { Run(); });
    if (!accepted.ok()) {
      --running_;
      // If others run, one of them takes it.
      if (running_ > 0) return absl::OkStatus();
      waiting_.pop_back();
    }
    return accepted;
  }

 private:
  void Run() {
    MutexLock lock(mutex_);
    while (!waiting_.empty()) {
      const auto end = waiting_.begin() +
                       static_cast<std::ptrdiff_t>(std::min(waiting_.size(), options_.most_items));
      std::vector<Item> batch(std::make_move_iterator(waiting_.begin()),
                              std::make_move_iterator(end));
      waiting_.erase(waiting_.begin(), end);
      lock.Unlock();
      run_(std::move(batch));
      lock.Lock();
      // Behind the executor's other tasks. If it takes no more, it still has this one.
      if (!waiting_.empty() && executor_->Submit([this] { Run(); }).ok()) return;
    }
    --running_;
  }

  Executor* const executor_;
  const BatcherOptions options_;
  const std::function<void(std::vector<Item>)> run_;
  Mutex mutex_;
  std::deque<Item> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace genwatch

#endif  // GENWATCH_COMMON_BATCHER_H_

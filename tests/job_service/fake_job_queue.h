#ifndef GENWATCH_TESTS_JOB_SERVICE_FAKE_JOB_QUEUE_H_
#define GENWATCH_TESTS_JOB_SERVICE_FAKE_JOB_QUEUE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "job_service/job_queue.h"

namespace genwatch {

// The queue in memory, with the same order. Thread-safe.
class FakeJobQueue : public JobQueue {
 public:
  explicit FakeJobQueue(const Clock* clock) : clock_(clock) {}

  absl::StatusOr<std::string> ServerId() override;
  absl::Status MarkRebuilt(const std::string& server_id) override;
  absl::StatusOr<bool> IsRebuilt() override;
  absl::StatusOr<uint32_t> Enqueue(absl::Span<const QueueEntry> entries, bool rebuilding) override;
  absl::StatusOr<std::vector<PoppedJob>> Pop(absl::Span<const ModelDemand> demands,
                                             uint32_t max_jobs) override;
  absl::Status Confirm(absl::Span<const std::string> job_ids) override;
  absl::Status PutBack(absl::Span<const PoppedJob> jobs) override;
  absl::StatusOr<uint32_t> PutBackStale() override;
  absl::Status Remove(const QueueEntry& entry) override;
  absl::Status Reprioritize(const QueueEntry& entry) override;
  absl::StatusOr<std::vector<QueuePlace>> Places(absl::Span<const QueueEntry> entries) override;
  absl::StatusOr<std::vector<std::string>> Peek(const std::string& model, uint32_t from,
                                                uint32_t limit) override;
  absl::StatusOr<std::vector<QueueSize>> Sizes() override;
  std::unique_ptr<Subscription> OnEnqueued(std::function<void(const std::string&)> woken) override;

  // A new, empty server under a new id.
  void RestartEmpty();
  // While down every call is UNAVAILABLE.
  void SetDown(bool down);

 private:
  struct Job {
    QueueEntry entry;
    double score = 0;
    absl::Duration enqueued;
    bool leasing = false;
    absl::Duration leasing_since;
  };
  using Key = std::pair<double, std::string>;  // score, order and job id

  // What the owner has waiting: the start of the last, and how many.
  struct Waiting {
    double last = 0;
    uint32_t count = 0;
  };
  struct Queue {
    // Where newcomers line up, and the place that is being served.
    double v = 0;
    double p = 0;
    double turn = 0;
    std::map<Key, std::string> jobs;
    std::map<std::string, Waiting> owners;
    // The end of what was served last.
    std::map<std::string, double> served;
  };

  class Handle;

  static Key KeyOf(const Job& job);
  static double StartOf(const Job& job);
  Queue* Find(const std::string& model) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EnterLocked(const Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LeaveLocked(const Job& job, bool given_back) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MoveLocked(Job& job, v1::Priority priority) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  double KeyOfTurn(const std::string& model) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status UpLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool PutBackLocked(const std::string& job_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock* const clock_;
  Mutex mutex_;
  bool down_ ABSL_GUARDED_BY(mutex_) = false;
  int server_ ABSL_GUARDED_BY(mutex_) = 1;
  std::string rebuilt_ ABSL_GUARDED_BY(mutex_);
  // The virtual time among models, and the turns of models without waiting jobs.
  double u_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, double> idle_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Job> jobs_ ABSL_GUARDED_BY(mutex_);
  // Of the models that have waiting jobs.
  std::map<std::string, Queue> queues_ ABSL_GUARDED_BY(mutex_);
  int next_listener_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int, std::function<void(const std::string&)>> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_JOB_SERVICE_FAKE_JOB_QUEUE_H_

#ifndef GENWATCH_JOB_SERVICE_REDIS_JOB_QUEUE_H_
#define GENWATCH_JOB_SERVICE_REDIS_JOB_QUEUE_H_

#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "job_service/job_queue.h"
#include "job_service/redis/client.h"

namespace genwatch {

// The queue in Redis 7: each method is one Lua script (redis/*.lua), so it happens whole or not at
// all. Blocking; thread-safe.
class RedisJobQueue : public JobQueue {
 public:
  explicit RedisJobQueue(RedisAddress address, const Clock* clock = RealClock());

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

 private:
  RedisClient client_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_REDIS_JOB_QUEUE_H_

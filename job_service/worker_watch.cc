#include "job_service/worker_watch.h"

namespace genwatch {

std::vector<WorkerRecord> WorkerWatch::Observe(absl::Span<const WorkerRecord> workers,
                                               absl::Duration now) {
  if (now - last_look_ > kMostBetweenLooks) Forget();
  last_look_ = now;
  std::map<std::string, Seen> seen;
  std::vector<WorkerRecord> lost;
  for (const WorkerRecord& worker : workers) {
    const std::string& instance = worker.worker.instance();
    Seen current{.number = worker.heartbeat_number, .since = now};
    if (const auto it = seen_.find(instance);
        it != seen_.end() && it->second.number == current.number) {
      current.since = it->second.since;
    }
    if (now - current.since >= kLostAfter) lost.push_back(worker);
    seen.emplace(instance, current);
  }
  seen_ = std::move(seen);
  return lost;
}

}  // namespace genwatch

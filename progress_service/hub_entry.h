#ifndef GENWATCH_PROGRESS_SERVICE_HUB_ENTRY_H_
#define GENWATCH_PROGRESS_SERVICE_HUB_ENTRY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "progress_service/tracked_job.h"

namespace genwatch {

// Tells a watcher to look at its jobs. Must not block.
using HubWake = std::function<void()>;
using HubWakes = std::vector<std::shared_ptr<const HubWake>>;

// One job of the ProgressHub, which alone looks inside.
struct HubEntry {
  explicit HubEntry(std::string id) : job_id(std::move(id)), job(job_id) {}

  const std::string job_id;
  // Raised after each change that a watcher may have to look at.
  std::atomic<uint64_t> revision = 1;
  std::atomic<bool> terminal = false;

  Mutex mutex;
  TrackedJob job ABSL_GUARDED_BY(mutex);
  // Replaced, never changed: whoever wakes holds the list, not the lock. Null: nobody watches.
  std::shared_ptr<const HubWakes> wakes ABSL_GUARDED_BY(mutex);
  int text_watchers ABSL_GUARDED_BY(mutex) = 0;
  // Until then a living worker's word on it is fresh; on the monotonic clock.
  absl::Duration reported_until ABSL_GUARDED_BY(mutex) = absl::ZeroDuration();
  size_t accounted_bytes ABSL_GUARDED_BY(mutex) = 0;
  bool dropped ABSL_GUARDED_BY(mutex) = false;
  // (version, sequence) as recorded in the ledger and printed on the console.
  std::pair<uint32_t, uint32_t> recorded ABSL_GUARDED_BY(mutex);
  std::pair<uint32_t, uint32_t> printed ABSL_GUARDED_BY(mutex);

  // Guarded by the hub's mutex.
  int watchers = 0;
  int feeds = 0;
  bool to_ask = false;   // is in the hub's list of jobs to ask about
  bool to_read = false;  // is in the hub's list of jobs with missing text
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_HUB_ENTRY_H_

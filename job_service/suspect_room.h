#ifndef GENWATCH_JOB_SERVICE_SUSPECT_ROOM_H_
#define GENWATCH_JOB_SERVICE_SUSPECT_ROOM_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "job_service/job_store.h"
#include "job_service/model_registry.h"

namespace genwatch {

// Which workers to ask to empty themselves: a job that is suspected of killing workers runs alone,
// and on a busy fleet no worker is ever idle by itself. Each replica looks for itself, and all come
// to the same choice. Thread-safe.
class SuspectRoom {
 public:
  // A suspect waits so long for a worker that happens to be idle; on the observer's own monotonic
  // clock.
  static constexpr absl::Duration kPatience = absl::Seconds(30);

  SuspectRoom(JobStore* store, const ModelRegistry* models, const Clock* clock)
      : store_(store), models_(models), clock_(clock) {}

  // Looks who waits and who lives; once a second, by one thread. Blocking. A look that fails
  // changes nothing.
  void Run();
  // Whether this worker is to take no other job until nothing runs.
  bool Asked(const std::string& instance) const;

 private:
  JobStore* const store_;
  const ModelRegistry* const models_;
  const Clock* const clock_;
  // Since when each waits. A new version waits anew.
  std::map<std::pair<std::string, uint32_t>, absl::Duration> waiting_;
  mutable Mutex mutex_;
  std::set<std::string> asked_ ABSL_GUARDED_BY(mutex_);
};

// One worker for each model: of those whose model server offers it, the one with the smallest
// instance. None where nobody offers it. Pure but for the registry.
std::set<std::string> ChooseRooms(const std::set<std::string>& models,
                                  absl::Span<const WorkerRecord> workers,
                                  const ModelRegistry& offers);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_SUSPECT_ROOM_H_

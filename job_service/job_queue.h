#ifndef GENWATCH_JOB_SERVICE_JOB_QUEUE_H_
#define GENWATCH_JOB_SERVICE_JOB_QUEUE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "genwatch/v1/job.pb.h"

namespace genwatch {

struct QueueEntry {
  std::string job_id;
  // The ledger's row_id: of two jobs with the same score, the older one goes first.
  uint64_t order = 0;
  std::string model;
  std::string owner_id;
  v1::Priority priority = v1::PRIORITY_NORMAL;
  // A requeue goes back to this score instead of a new one; to the front if the queue has been
  // forgotten since.
  std::optional<double> score;
};

struct PoppedJob {
  std::string job_id;
  std::string model;
  double score = 0;
};

struct ModelDemand {
  std::string model;
  // Jobs of it that the worker could start now; at least 1.
  uint32_t free = 0;
  bool loaded = false;
};

struct QueueSize {
  std::string model;
  uint32_t waiting = 0;
};

struct QueuePlace {
  // From 1; 0: it is not in the queue (taken just now, or not yet added).
  uint32_t position = 0;
  uint32_t size = 0;
};

// The serving order of what waits: an index that can be lost and rebuilt from the ledger. What it
// says is a hint; the lease is the ledger's. Blocking; thread-safe.
//
// Errors: UNAVAILABLE (QUEUE_UNAVAILABLE) whenever Redis can't be reached or is loading;
// FAILED_PRECONDITION (QUEUE_NOT_REBUILT) while a new or emptied Redis waits for MarkRebuilt.
class JobQueue {
 public:
  virtual ~JobQueue() = default;

  // The identity of the running server (its run_id); a new one means a rebuild is due.
  virtual absl::StatusOr<std::string> ServerId() = 0;
  // The reconciler has re-added everything that waits to the server with this id.
  virtual absl::Status MarkRebuilt(const std::string& server_id) = 0;
  // Whether it was for the server that runs now.
  virtual absl::StatusOr<bool> IsRebuilt() = 0;

  // Adds those that are neither waiting nor being leased, and wakes the waiting polls; of the
  // others a priority that changed is put right. `rebuilding` allows it before MarkRebuilt, and
  // wakes nobody. Answers how many were added.
  virtual absl::StatusOr<uint32_t> Enqueue(absl::Span<const QueueEntry> entries,
                                           bool rebuilding) = 0;
  // Takes the heads of the models, up to `free` of each and `max_jobs` in all, the models in turn
  // but a loaded one first until another head is 30 s older, and keeps them as "being leased".
  virtual absl::StatusOr<std::vector<PoppedJob>> Pop(absl::Span<const ModelDemand> demands,
                                                     uint32_t max_jobs) = 0;
  // The lease is committed, or the job no longer waits: forget it as being leased.
  virtual absl::Status Confirm(absl::Span<const std::string> job_ids) = 0;
  // Not leased after all: back to its old place.
  virtual absl::Status PutBack(absl::Span<const PoppedJob> jobs) = 0;
  // Puts back what has been "being leased" for over 5 s (a replica died in between).
  virtual absl::StatusOr<uint32_t> PutBackStale() = 0;
  // A waiting job leaves (cancelled, paused, expired); if it was the last of its owner, the next
  // gets its place.
  virtual absl::Status Remove(const QueueEntry& entry) = 0;
  // The job, waiting or being leased, moves to where it would stand had it always had
  // `entry.priority`. No effect on an absent one.
  virtual absl::Status Reprioritize(const QueueEntry& entry) = 0;

  // In step with the request.
  virtual absl::StatusOr<std::vector<QueuePlace>> Places(absl::Span<const QueueEntry> entries) = 0;
  // Up to `limit` ids waiting for a model, in serving order, from a rank on: for the sweep of
  // ghosts.
  virtual absl::StatusOr<std::vector<std::string>> Peek(const std::string& model, uint32_t from,
                                                        uint32_t limit) = 0;
  // Of all models that have waiting jobs, in any order.
  virtual absl::StatusOr<std::vector<QueueSize>> Sizes() = 0;

  // Calls `woken(model)` on a thread of the queue's own whenever a job of that model was added, by
  // whichever replica. Wake-ups may be lost; look again each 250 ms. Stops when the handle dies.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  virtual std::unique_ptr<Subscription> OnEnqueued(
      std::function<void(const std::string&)> woken) = 0;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_QUEUE_H_

#ifndef GENWATCH_PROGRESS_SERVICE_PROGRESS_METRICS_H_
#define GENWATCH_PROGRESS_SERVICE_PROGRESS_METRICS_H_

#include "common/metrics.h"
#include "progress_service/tracked_job.h"

namespace genwatch {

// What the parts of progress_service count. Default-constructed it counts nothing. Thread-safe;
// copies count together. The Metrics outlive it.
struct ProgressMetrics {
  ProgressMetrics() = default;
  explicit ProgressMetrics(Metrics& metrics);

  Gauge watchers;
  Gauge jobs;
  Gauge text_bytes;
  Gauge feeds_connected;
  Counter updates_sent;
  Counter states_conflated;  // snapshots that a watcher was never shown, because a newer one came
  Counter resets_sent;
  Counter watches_refused;  // for want of memory or room
  Counter peers_dropped;    // took no message for a minute
  Counter text_conflicts;
  Counter texts_discarded;
  Counter states_received;
  Counter states_stale;  // of an older lease or sequence
  Counter ledger_polls;
  Counter ledger_polls_failed;
  Counter text_reads;
  Counter rows_recorded;
  Counter recordings_failed;
  Counter scores_dropped;       // for want of room, the ledger being away
  Metrics* registry = nullptr;  // for metrics by model; null: none
};

// How right the estimates of a job that is now completed were.
void ObserveScore(const ProgressMetrics& metrics, const TrackedJob::Score& score);

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_PROGRESS_METRICS_H_

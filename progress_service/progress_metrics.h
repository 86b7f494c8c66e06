#ifndef GENWATCH_PROGRESS_SERVICE_PROGRESS_METRICS_H_
#define GENWATCH_PROGRESS_SERVICE_PROGRESS_METRICS_H_

#include <string>

#include "common/metrics.h"

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
  Metrics* registry = nullptr;  // for metrics by model; null: none
};

// The shown fraction against what it turned out to have been, in points, when a job that is now
// completed had made 25, 50 and 75 % of its tokens.
void ObservePercentError(const ProgressMetrics& metrics, const std::string& model, int at_percent,
                         double points);

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_PROGRESS_METRICS_H_

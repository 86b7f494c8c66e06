#ifndef GENWATCH_GENERATION_SERVICE_WORKER_METRICS_H_
#define GENWATCH_GENERATION_SERVICE_WORKER_METRICS_H_

#include <map>
#include <string>

#include "absl/time/time.h"
#include "common/metrics.h"

namespace genwatch {

// What the worker counts. Labels are models that the server has offered, outcomes and reasons; no
// jobs, no users. Of the loop's thread; `metrics` outlives it.
class WorkerMetrics {
 public:
  explicit WorkerMetrics(Metrics* metrics);

  void GenerationStarted(const std::string& model);
  void GenerationEnded(const std::string& model);
  void FirstText(const std::string& model, absl::Duration after);
  // An attempt that began with kept text: `mode` is continued or restarted.
  void Resumed(const std::string& model, const std::string& mode);
  // `outcome` in lower case; `reason` empty where there is none.
  void AttemptEnded(const std::string& model, const std::string& outcome, const std::string& reason,
                    double tokens);
  void SetHeartbeatAge(absl::Duration age);
  void SetResultsWaiting(double results);
  void SetModelServerReachable(bool reachable);

 private:
  Gauge Running(const std::string& model);

  Metrics* const metrics_;
  Gauge heartbeat_age_;
  Gauge results_waiting_;
  Gauge reachable_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_WORKER_METRICS_H_

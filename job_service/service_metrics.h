#ifndef GENWATCH_JOB_SERVICE_SERVICE_METRICS_H_
#define GENWATCH_JOB_SERVICE_SERVICE_METRICS_H_

#include <string_view>

#include "common/metrics.h"
#include "job_service/job.h"

namespace genwatch {

// What job_service counts. Outlived by Metrics. Thread-safe.
class ServiceMetrics {
 public:
  explicit ServiceMetrics(Metrics& metrics);

  void Submitted() { submitted_.Increment(); }
  void AttemptEnded(const JobRecord& job);
  // A write of a worker that no longer has the lease changed nothing. `call` is the RPC's name.
  void WriteRefused(std::string_view call);
  void Cancelled() { cancelled_.Increment(); }
  void SetLedgerHealthy(bool healthy) { ledger_healthy_.Set(healthy ? 1 : 0); }

 private:
  Metrics& metrics_;
  Counter submitted_;
  Counter cancelled_;
  Gauge ledger_healthy_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_SERVICE_METRICS_H_

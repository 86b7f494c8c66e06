#include "job_service/service_metrics.h"

#include <string>

#include "job_service/job_state.h"

namespace genwatch {

ServiceMetrics::ServiceMetrics(Metrics& metrics)
    : metrics_(metrics),
      submitted_(metrics.AddCounter("genwatch_job_submitted_total", "Jobs accepted.")),
      cancelled_(metrics.AddCounter("genwatch_job_cancelled_total", "Jobs cancelled by owners.")),
      ledger_healthy_(metrics.AddGauge("genwatch_job_ledger_healthy",
                                       "1 while MariaDB answers reads and writes.")) {}

void ServiceMetrics::AttemptEnded(const JobRecord& job) {
  metrics_
      .AddCounter("genwatch_job_attempts_ended_total",
                  "Attempts by the state that they led to and the reason.",
                  {{"state", std::string(StatusWord(job.state))}, {"reason", job.reason}})
      .Increment();
}

void ServiceMetrics::WriteRefused(std::string_view call) {
  metrics_
      .AddCounter("genwatch_job_writes_refused_total",
                  "Writes of workers that had lost the lease, by call.",
                  {{"call", std::string(call)}})
      .Increment();
}

}  // namespace genwatch

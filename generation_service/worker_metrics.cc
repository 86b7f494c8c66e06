#include "generation_service/worker_metrics.h"

namespace genwatch {

WorkerMetrics::WorkerMetrics(Metrics* metrics)
    : metrics_(metrics),
      heartbeat_age_(metrics->AddGauge("genwatch_generation_heartbeat_age_seconds",
                                       "Time since a heartbeat was last answered.")),
      results_waiting_(metrics->AddGauge("genwatch_generation_results_waiting",
                                         "Results that the ledger has not yet taken.")),
      reachable_(metrics->AddGauge("genwatch_generation_model_server_reachable",
                                   "1 if the model server answered the last look.")) {}

Gauge WorkerMetrics::Running(const std::string& model) {
  return metrics_->AddGauge("genwatch_generation_jobs_running",
                            "Jobs that the model server works on.", {{"model", model}});
}

void WorkerMetrics::GenerationStarted(const std::string& model) { Running(model).Add(1); }

void WorkerMetrics::GenerationEnded(const std::string& model) { Running(model).Add(-1); }

void WorkerMetrics::FirstText(const std::string& model, absl::Duration after) {
  metrics_
      ->AddHistogram("genwatch_generation_first_token_seconds",
                     "From the start of an attempt to its first text.",
                     {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900},
                     {{"model", model}})
      .Observe(absl::ToDoubleSeconds(after));
}

void WorkerMetrics::Resumed(const std::string& model, const std::string& mode) {
  metrics_
      ->AddCounter("genwatch_generation_resumed_total",
                   "Attempts that began with kept text, by what became of it.",
                   {{"model", model}, {"mode", mode}})
      .Increment();
}

void WorkerMetrics::AttemptEnded(const std::string& model, const std::string& outcome,
                                 const std::string& reason, double tokens) {
  metrics_
      ->AddCounter("genwatch_generation_attempts_total", "Attempts that ended, by how they did.",
                   {{"model", model}, {"outcome", outcome}, {"reason", reason}})
      .Increment();
  metrics_
      ->AddCounter("genwatch_generation_tokens_total", "Tokens generated, thinking included.",
                   {{"model", model}})
      .Increment(tokens);
}

void WorkerMetrics::SetHeartbeatAge(absl::Duration age) {
  heartbeat_age_.Set(absl::ToDoubleSeconds(age));
}

void WorkerMetrics::SetResultsWaiting(double results) { results_waiting_.Set(results); }

void WorkerMetrics::SetModelServerReachable(bool reachable) { reachable_.Set(reachable ? 1 : 0); }

}  // namespace genwatch

#include "progress_service/progress_metrics.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"

namespace genwatch {

ProgressMetrics::ProgressMetrics(Metrics& metrics) : registry(&metrics) {
  watchers = metrics.AddGauge("genwatch_progress_watchers", "Open WatchProgress streams");
  jobs = metrics.AddGauge("genwatch_progress_jobs", "Jobs that are watched or reported by workers");
  text_bytes = metrics.AddGauge("genwatch_progress_text_bytes", "Bytes of texts held");
  feeds_connected =
      metrics.AddGauge("genwatch_progress_feeds_connected", "State feeds of workers that are open");
  updates_sent = metrics.AddCounter("genwatch_progress_updates_sent_total", "Job updates sent");
  states_conflated =
      metrics.AddCounter("genwatch_progress_states_conflated_total",
                         "Snapshots that a watcher was not shown because a newer one came first");
  resets_sent = metrics.AddCounter("genwatch_progress_resets_sent_total", "Text resets sent");
  watches_refused = metrics.AddCounter("genwatch_progress_watches_refused_total",
                                       "Watches refused for want of memory or room");
  peers_dropped = metrics.AddCounter("genwatch_progress_peers_dropped_total",
                                     "Watchers dropped because they stopped reading");
  text_conflicts =
      metrics.AddCounter("genwatch_progress_text_conflicts_total",
                         "Worker texts that contradicted what was held; always a fault");
  texts_discarded = metrics.AddCounter("genwatch_progress_texts_discarded_total",
                                       "Texts of unwatched jobs dropped to save memory");
  states_received =
      metrics.AddCounter("genwatch_progress_states_received_total", "States heard from workers");
  states_stale = metrics.AddCounter("genwatch_progress_states_stale_total",
                                    "States heard from workers that told nothing new");
  ledger_polls =
      metrics.AddCounter("genwatch_progress_ledger_polls_total", "Batches asked of the ledger");
  ledger_polls_failed = metrics.AddCounter("genwatch_progress_ledger_polls_failed_total",
                                           "Batches that the ledger did not answer");
  text_reads = metrics.AddCounter("genwatch_progress_text_reads_total",
                                  "Batches of texts read from the ledger");
  rows_recorded =
      metrics.AddCounter("genwatch_progress_rows_recorded_total", "Rows of numbers stored");
  recordings_failed = metrics.AddCounter("genwatch_progress_recordings_failed_total",
                                         "Batches of numbers that could not be stored");
  scores_dropped = metrics.AddCounter("genwatch_progress_scores_dropped_total",
                                      "Scores of estimates that the ledger was not told of");
}

void ObserveScore(const ProgressMetrics& metrics, const TrackedJob::Score& score) {
  if (metrics.registry == nullptr) return;
  for (size_t i = 0; i < kScoredShares.size(); ++i) {
    const std::string at = absl::StrCat(std::round(100 * kScoredShares[i]));
    metrics.registry
        ->AddHistogram(
            "genwatch_progress_percent_error_points",
            "Error of the shown fraction of completed jobs when they were at this percent",
            {1, 2, 5, 10, 15, 20, 30, 50}, {{"model", score.model}, {"at_percent", at}})
        .Observe(score.percent_error[i]);
    if (!score.remaining[i].has_value()) continue;
    metrics.registry
        ->AddHistogram("genwatch_progress_remaining_log_error",
                       "|ln(told / true)| of the time left of completed jobs when they were at "
                       "this percent of their tokens",
                       {0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.4, 2, 3},
                       {{"model", score.model}, {"at_percent", at}})
        .Observe(score.remaining[i]->log_error);
    metrics.registry
        ->AddCounter("genwatch_progress_remaining_bands_total",
                     "Bands of the time left that were told at this percent of the tokens of jobs "
                     "completed since, by whether they held; 80 % should",
                     {{"model", score.model},
                      {"at_percent", at},
                      {"held", score.remaining[i]->inside ? "true" : "false"}})
        .Increment();
  }
}

}  // namespace genwatch

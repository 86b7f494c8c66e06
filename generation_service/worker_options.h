#ifndef GENWATCH_GENERATION_SERVICE_WORKER_OPTIONS_H_
#define GENWATCH_GENERATION_SERVICE_WORKER_OPTIONS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "generation_service/model_patterns.h"

namespace genwatch {

struct WorkerOptions {
  // "w_" and 16 hexadecimal digits; random, new at each start.
  std::string instance;
  // host:port of this worker's GenerationService, as others reach it; known at the start.
  std::string address;

  // Jobs of one model at once on the model server.
  uint32_t max_concurrent = 1;
  // Jobs in hand, those whose result waits for the ledger included: bounds the memory (each holds
  // up to twice its output) while the ledger is down.
  uint32_t max_jobs = 128;

  // Models that go on from a text that begins their answer; others start over.
  ModelPatterns continuing{kContinuingModels};

  // Headers come with the first chunk, so this includes loading the model, which may take as long
  // as the server allows (5 minutes by default).
  absl::Duration first_byte_timeout = absl::Minutes(15);
  absl::Duration silence_timeout = absl::Seconds(120);  // where the job says nothing
  absl::Duration running_timeout = absl::Minutes(60);   // likewise

  absl::Duration heartbeat_interval = absl::Seconds(1);
  // A worker whose heartbeats were not seen for so long has lost its jobs.
  absl::Duration lease = absl::Seconds(4);
  absl::Duration append_interval = absl::Seconds(1);
  // Rosters, and states of jobs about which there is nothing new.
  absl::Duration roster_interval = absl::Milliseconds(500);
  absl::Duration lease_wait = absl::Seconds(10);  // of a long poll
  // A stopped job that the ledger still counts as ours is handed over after this.
  absl::Duration stopped_hand_over = absl::Seconds(5);

  absl::Duration look_interval = absl::Seconds(10);  // at a model server that answers
  absl::Duration shortest_look_backoff = absl::Seconds(1);
  absl::Duration longest_look_backoff = absl::Seconds(5);

  // Waits between tries of calls to the ledger.
  absl::Duration shortest_backoff = absl::Milliseconds(200);
  absl::Duration longest_backoff = absl::Seconds(2);

  // How long running jobs may go on after Drain, and results may then still wait for the ledger.
  absl::Duration drain = absl::Seconds(20);
  absl::Duration drain_results = absl::Seconds(5);
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_WORKER_OPTIONS_H_

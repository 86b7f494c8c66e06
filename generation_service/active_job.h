#ifndef GENWATCH_GENERATION_SERVICE_ACTIVE_JOB_H_
#define GENWATCH_GENERATION_SERVICE_ACTIVE_JOB_H_

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "generation_service/attempt.h"
#include "generation_service/continuation.h"
#include "generation_service/event_loop.h"
#include "generation_service/model_client.h"
#include "generation_service/text_tail.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// Names a lease: the same job leased again is another one.
struct LeaseKey {
  std::string job_id;
  uint32_t version = 0;

  auto operator<=>(const LeaseKey&) const = default;
};

// How an attempt ended, until the ledger has taken it.
struct AttemptResult {
  v1::Outcome outcome = v1::OUTCOME_COMPLETED;
  std::string reason;
  std::string error_message;
  absl::Duration retry_after;
  bool without_text = false;  // the ledger refused it with its text
};

// A job in the worker's hands. Of the loop's thread.
struct ActiveJob {
  enum class Stage {
    kRunning,    // the model server works on it
    kFinishing,  // its result waits for the ledger
    kStopped,    // stopped by a call; the ledger's next word on it is awaited
    kLost,       // the lease is lost; the heartbeat's word on it is awaited
  };

  ActiveJob(const v1::LeasedJob& lease, bool model_loaded, absl::Duration now)
      : key{lease.job_id(), lease.version()},
        attempt_number(lease.attempt()),
        alone(lease.alone()),
        model(lease.spec().model()),
        base(BaseOf(lease)),
        attempt(lease, model_loaded, now),
        answer(v1::CHANNEL_ANSWER, BaseOf(lease).answer()),
        thinking(v1::CHANNEL_THINKING, BaseOf(lease).thinking()) {
    if (lease.spec().options().has_num_ctx()) num_ctx = lease.spec().options().num_ctx();
    if (lease.spec().has_keep_alive_ms()) {
      keep_alive = absl::Milliseconds(lease.spec().keep_alive_ms());
    }
  }

  const LeaseKey key;
  const uint32_t attempt_number;
  const bool alone;
  const std::string model;
  std::string model_label;  // for metrics: a name that the server offers, or "other"
  std::optional<uint32_t> num_ctx;
  std::optional<absl::Duration> keep_alive;

  // Kept text that stood when the lease began.
  const v1::LeaseBase base;
  // How the lease's base stands to what the attempt does.
  enum class Base {
    kStands,   // the text begins there
    kToLower,  // the text starts over; nothing of it is shown or kept before the ledger knows
    kLowered,
    kGivenUp,  // it was to be lowered; the attempt ended before, and the kept text stands
  };

  Stage stage = Stage::kRunning;
  Attempt attempt;
  std::unique_ptr<Generation> generation;  // kRunning only

  GenerationRequest request;  // of the conversation
  bool started = false;       // the first byte of the answer came
  bool over = false;          // the server ended it, not we
  // When the conversation began, an answer of this model had been broken off, and none had begun
  // since.
  bool after_break = false;

  // While it is not clear whether the model goes on from the kept text: text is held back.
  struct Continuing {
    ContinuationGuard guard;
    v1::JobSpec own_spec;  // to start over with
    uint32_t held_chunks = 0;
  };
  std::unique_ptr<Continuing> continuing;
  EventLoop::Timer hold_timer = 0;
  Base base_state = Base::kStands;
  uint32_t kept_tokens = 0;  // an estimate

  // Text that the ledger has not yet said to have kept, and text that was not yet published.
  TextTail answer;
  TextTail thinking;
  std::string new_answer;
  std::string new_thinking;
  bool changed = true;  // since it was last published
  absl::Duration published_at = -absl::InfiniteDuration();
  bool ended = false;  // the ledger has taken the result, or says that the job is not ours

  // kFinishing.
  AttemptResult result;
  bool finish_in_flight = false;
  absl::Duration finish_backoff;
  EventLoop::Timer finish_timer = 0;

  // kStopped.
  absl::Duration stopped_at;
  EventLoop::Timer stopped_timer = 0;
};

using JobTable = std::map<LeaseKey, std::unique_ptr<ActiveJob>>;

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_ACTIVE_JOB_H_

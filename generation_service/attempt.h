#ifndef GENWATCH_GENERATION_SERVICE_ATTEMPT_H_
#define GENWATCH_GENERATION_SERVICE_ATTEMPT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "generation_service/answer_event.h"
#include "generation_service/phase_timer.h"
#include "generation_service/speed_meter.h"
#include "genwatch/v1/generation_service.pb.h"
#include "genwatch/v1/job.pb.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// Where a lease's text starts: how many kept bytes still stand.
v1::LeaseBase BaseOf(const v1::LeasedJob& lease);

// The facts of one attempt at a job: phases, chunks, tokens, speed and times, seen from outside and
// told as cumulative states. Holds no text. Pure; not thread-safe. All times are of one monotonic
// clock and never fall.
class Attempt {
 public:
  // The lease was read at `now`. `model_loaded`: the model server is known to have the model
  // loaded, so that the silence before the first chunk is prompt evaluation.
  Attempt(const v1::LeasedJob& lease, bool model_loaded, absl::Duration now);

  // The model was loaded by a request of its own; the prompt is on its way.
  void OnModelLoaded(absl::Duration now);
  // The first byte of the answer came: the model is loaded.
  void OnFirstByte(absl::Duration now);

  // The lease's base is above 0: it is tried to go on from the kept text, which is about
  // `kept_tokens` long. Until that is decided the kept text is not counted in states.
  void TryToContinue(uint32_t kept_tokens);
  // It goes on; the tokens are those of the whole text from now on.
  void Continue();
  // The kept text is dropped. Before any text is added.
  void StartOver();
  // After StartOver: the new text is dropped instead, and the kept one stands.
  void ReturnToKept(const v1::LeaseBase& base, uint32_t kept_tokens);

  // What of a chunk fits under the lease's limit of output, cut at character borders.
  struct Taken {
    std::string_view answer;
    std::string_view thinking;
    bool limit_reached = false;  // the attempt is to be ended with FinishAtLimit
  };
  // `chunks`: so many were joined to this one.
  Taken AddText(const AnswerText& text, absl::Duration now, uint32_t chunks = 1);

  // The model is done: its own counts replace the estimates.
  void Finish(const AnswerStatistics& statistics, absl::Duration now);
  // The limit of output is reached; completes with done_reason output_limit.
  void FinishAtLimit(absl::Duration now);
  // It ended otherwise: times and speed stand still from now on.
  void Stop(absl::Duration now);

  v1::Phase phase() const { return phases_.current(); }
  uint32_t answer_bytes() const { return answer_bytes_; }
  uint32_t thinking_bytes() const { return thinking_bytes_; }
  bool has_text() const { return first_text_.has_value(); }
  // Of this attempt.
  absl::Duration Elapsed(absl::Duration now) const;
  std::optional<absl::Duration> first_text_after() const;
  // Of the whole text.
  uint32_t tokens() const;
  // Of what this attempt has made.
  double OwnTokens() const;

  // All fields of a state but `job_id`, `version`, `attempt`, `sequence`, `pieces`, `ended` and
  // `fixed`.
  void FillState(absl::Duration now, v1::WorkerState* state) const;
  // As far as the worker knows them.
  v1::JobNumbers Numbers(absl::Duration now) const;
  v1::AttemptFacts Facts(absl::Duration now) const;

 private:
  // How the attempt stands to kept text.
  enum class Kept { kNone, kUndecided, kContinued };

  double TokensPerSecond(absl::Duration now) const;
  double CharsPerSecond(absl::Duration now) const;

  const absl::Duration start_;
  const absl::Duration elapsed_before_;
  const double tokens_per_chunk_;
  const uint64_t max_output_bytes_;
  PhaseTimer phases_;
  SpeedMeter speed_;
  Kept kept_ = Kept::kNone;
  uint32_t kept_tokens_ = 0;
  uint32_t answer_bytes_;
  uint32_t thinking_bytes_;
  uint32_t answer_chunks_ = 0;
  uint32_t thinking_chunks_ = 0;
  uint64_t answer_chars_ = 0;
  absl::Duration preload_;  // how long it took
  std::optional<absl::Duration> first_text_;
  std::optional<absl::Duration> first_answer_;
  std::optional<absl::Duration> end_;
  AnswerStatistics statistics_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_ATTEMPT_H_

#include "generation_service/attempt.h"

#include <algorithm>

#include "common/utf8.h"
#include "generation_service/wire_numbers.h"

namespace genwatch {
namespace {

constexpr uint32_t kDefaultMaxOutputBytes = 1 << 20;
// A learned factor outside of this is a mistake.
constexpr double kMinTokensPerChunk = 0.1;
constexpr double kMaxTokensPerChunk = 100;
// A shorter time gives no speed worth telling.
constexpr absl::Duration kShortestMeasure = absl::Milliseconds(1);

double TokensPerChunk(const v1::LengthHistory& history) {
  const double learned = history.tokens_per_chunk();
  if (!(learned > 0)) return 1;
  return std::clamp(learned, kMinTokensPerChunk, kMaxTokensPerChunk);
}

double PerSecond(double count, absl::Duration time) {
  return time < kShortestMeasure ? 0 : count / absl::ToDoubleSeconds(time);
}

uint64_t Characters(std::string_view text) {
  return static_cast<uint64_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  }));
}

}  // namespace

v1::LeaseBase BaseOf(const v1::LeasedJob& lease) {
  for (const v1::LeaseBase& base : lease.bases()) {
    if (base.version() == lease.version()) return base;
  }
  v1::LeaseBase none;
  none.set_version(lease.version());
  return none;
}

Attempt::Attempt(const v1::LeasedJob& lease, bool model_loaded, absl::Duration now)
    : start_(now),
      elapsed_before_(absl::Milliseconds(lease.elapsed_before_ms())),
      tokens_per_chunk_(TokensPerChunk(lease.history())),
      max_output_bytes_(lease.max_output_bytes() > 0 ? lease.max_output_bytes()
                                                     : kDefaultMaxOutputBytes),
      phases_(model_loaded ? v1::PHASE_PROMPT : v1::PHASE_LOADING, now),
      answer_bytes_(BaseOf(lease).answer()),
      thinking_bytes_(BaseOf(lease).thinking()) {}

void Attempt::OnModelLoaded(absl::Duration now) {
  if (phases_.current() == v1::PHASE_LOADING) preload_ = now - start_;
  phases_.Enter(v1::PHASE_PROMPT, now);
}

void Attempt::OnFirstByte(absl::Duration now) { phases_.Enter(v1::PHASE_PROMPT, now); }

void Attempt::TryToContinue(uint32_t kept_tokens) {
  kept_ = Kept::kUndecided;
  kept_tokens_ = kept_tokens;
}

void Attempt::Continue() { kept_ = Kept::kContinued; }

void Attempt::StartOver() {
  kept_ = Kept::kNone;
  kept_tokens_ = 0;
  answer_bytes_ = 0;
  thinking_bytes_ = 0;
}

void Attempt::ReturnToKept(const v1::LeaseBase& base, uint32_t kept_tokens) {
  kept_ = Kept::kUndecided;
  kept_tokens_ = kept_tokens;
  answer_bytes_ = base.answer();
  thinking_bytes_ = base.thinking();
  answer_chunks_ = 0;
  thinking_chunks_ = 0;
}

Attempt::Taken Attempt::AddText(const AnswerText& text, absl::Duration now, uint32_t chunks) {
  const uint64_t used = uint64_t{answer_bytes_} + thinking_bytes_;
  const uint64_t room = max_output_bytes_ > used ? max_output_bytes_ - used : 0;
  Taken taken;
  taken.thinking = TruncateUtf8(text.thinking, room);
  taken.answer = TruncateUtf8(text.answer, room - taken.thinking.size());
  taken.limit_reached =
      taken.thinking.size() < text.thinking.size() || taken.answer.size() < text.answer.size();
  if (text.thinking.empty() && text.answer.empty()) return taken;

  if (!first_text_.has_value()) first_text_ = now;
  if (!text.thinking.empty()) {
    thinking_chunks_ += chunks;
    phases_.Enter(v1::PHASE_THINKING, now);
  }
  if (!text.answer.empty()) {
    answer_chunks_ += chunks;
    if (!first_answer_.has_value()) first_answer_ = now;
    phases_.Enter(v1::PHASE_GENERATING, now);
  }
  thinking_bytes_ += static_cast<uint32_t>(taken.thinking.size());
  answer_bytes_ += static_cast<uint32_t>(taken.answer.size());
  answer_chars_ += Characters(taken.answer);
  speed_.Add(OwnTokens(), now);
  return taken;
}

void Attempt::Finish(const AnswerStatistics& statistics, absl::Duration now) {
  statistics_ = statistics;
  phases_.Enter(v1::PHASE_FINALIZING, now);
  Stop(now);
}

void Attempt::FinishAtLimit(absl::Duration now) {
  AnswerStatistics statistics;
  statistics.done_reason = "output_limit";
  Finish(statistics, now);
}

void Attempt::Stop(absl::Duration now) {
  if (!end_.has_value()) end_ = now;
}

std::optional<absl::Duration> Attempt::first_text_after() const {
  if (!first_text_.has_value()) return std::nullopt;
  return *first_text_ - start_;
}

uint32_t Attempt::tokens() const {
  return WireCount(OwnTokens() + (kept_ == Kept::kContinued ? kept_tokens_ : 0));
}

double Attempt::OwnTokens() const {
  if (statistics_.completion_tokens.has_value()) return *statistics_.completion_tokens;
  return (double{1} * answer_chunks_ + thinking_chunks_) * tokens_per_chunk_;
}

void Attempt::FillState(absl::Duration now, v1::WorkerState* state) const {
  state->set_phase(phases_.current());
  phases_.Fill(now, state->mutable_phases());
  state->set_answer_chunks(answer_chunks_);
  state->set_thinking_chunks(thinking_chunks_);
  state->set_tokens(tokens());
  // The model counts the kept text, too, but as a part of the prompt.
  const bool counts_all = kept_ == Kept::kNone;
  state->set_tokens_exact(counts_all && statistics_.completion_tokens.has_value());
  if (kept_ == Kept::kContinued) state->set_kept_tokens(kept_tokens_);
  state->set_tokens_per_second(TokensPerSecond(now));
  state->set_elapsed_ms(WireMs(elapsed_before_ + Elapsed(now)));
  state->set_attempt_elapsed_ms(WireMs(Elapsed(now)));
  if (first_text_.has_value()) state->set_first_token_ms(WireMs(*first_text_ - start_));
  if (counts_all && statistics_.prompt_tokens.has_value()) {
    state->set_prompt_tokens(WireCount(*statistics_.prompt_tokens));
  }
  state->set_answer_bytes(answer_bytes_);
  state->set_thinking_bytes(thinking_bytes_);
  state->set_done_reason(statistics_.done_reason);
}

v1::JobNumbers Attempt::Numbers(absl::Duration now) const {
  v1::JobNumbers numbers;
  const bool counts_all = kept_ == Kept::kNone;
  const bool exact = counts_all && statistics_.completion_tokens.has_value();
  numbers.set_current_tokens(kept_ == Kept::kUndecided ? kept_tokens_ : tokens());
  numbers.set_tokens_estimated(!exact);
  numbers.set_tokens_per_second(TokensPerSecond(now));
  numbers.set_elapsed_ms(WireMs(elapsed_before_ + Elapsed(now)));
  if (counts_all && statistics_.prompt_tokens.has_value()) {
    numbers.set_prompt_tokens(WireCount(*statistics_.prompt_tokens));
  }
  if (exact) numbers.set_completion_tokens(tokens());
  // Right also where the kept text was counted as a part of the prompt.
  if (statistics_.completion_tokens.has_value() && statistics_.prompt_tokens.has_value()) {
    numbers.set_total_tokens(
        WireCount(*statistics_.prompt_tokens + *statistics_.completion_tokens));
  }
  if (first_text_.has_value()) numbers.set_first_token_ms(WireMs(*first_text_ - start_));
  numbers.set_answer_bytes(answer_bytes_);
  numbers.set_thinking_bytes(thinking_bytes_);
  numbers.set_chars_per_second(CharsPerSecond(now));
  numbers.set_done_reason(statistics_.done_reason);
  return numbers;
}

v1::AttemptFacts Attempt::Facts(absl::Duration now) const {
  v1::AttemptFacts facts;
  facts.set_answer_chunks(answer_chunks_);
  facts.set_thinking_chunks(thinking_chunks_);
  // The answer itself knows nothing of the request that had its model loaded.
  facts.set_load_ms(absl::ToDoubleMilliseconds(std::max(statistics_.load, preload_)));
  // Times of a part would be held against the tokens of the whole.
  if (kept_ == Kept::kNone) {
    facts.set_prompt_eval_ms(absl::ToDoubleMilliseconds(statistics_.prompt_eval));
    facts.set_eval_ms(absl::ToDoubleMilliseconds(statistics_.eval));
  }
  facts.set_total_ms(absl::ToDoubleMilliseconds(statistics_.total));
  phases_.Fill(end_.value_or(now), facts.mutable_phases());
  return facts;
}

absl::Duration Attempt::Elapsed(absl::Duration now) const { return end_.value_or(now) - start_; }

double Attempt::TokensPerSecond(absl::Duration now) const {
  if (!end_.has_value()) return speed_.TokensPerSecond(now);
  if (statistics_.completion_tokens.has_value() && statistics_.eval >= kShortestMeasure) {
    return PerSecond(*statistics_.completion_tokens, statistics_.eval);
  }
  return first_text_.has_value() ? PerSecond(OwnTokens(), *end_ - *first_text_) : 0;
}

double Attempt::CharsPerSecond(absl::Duration now) const {
  if (!first_answer_.has_value()) return 0;
  return PerSecond(static_cast<double>(answer_chars_), end_.value_or(now) - *first_answer_);
}

}  // namespace genwatch

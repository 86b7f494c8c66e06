#include "progress_service/progress_estimator.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace genwatch {
namespace {

// Half of the bar's first part is for loading, half for the prompt.
constexpr double kPercentPrompt = kPercentGenerating / 2;

uint32_t PhaseMs(const v1::WorkerState& state, v1::Phase phase) {
  uint32_t duration = 0;
  for (const v1::PhaseTime& time : state.phases()) {
    if (time.phase() == phase) duration = time.duration_ms();
  }
  return duration;
}

// Approaches 1 as `elapsed` passes `expected`, without ever standing still: 1/2 when on time.
double ShareOfWait(double elapsed, double expected) {
  if (elapsed <= 0) return 0;
  return elapsed / (elapsed + std::max(expected, 1000.0));
}

// A shorter time since the first token gives no speed worth telling.
constexpr uint32_t kShortestMeasureMs = 200;

// Until then the usual speed counts as well: models give tokens in bursts.
constexpr double kTrustedMeasureMs = 2000;

// The worker's own word, over its window; until it has one, the average since the first token.
double TokensPerSecond(const v1::WorkerState& state) {
  if (state.tokens_per_second() > 0 || !state.has_first_token_ms()) {
    return state.tokens_per_second();
  }
  if (state.attempt_elapsed_ms() < state.first_token_ms() + kShortestMeasureMs) return 0;
  const uint32_t made = state.tokens() - std::min(state.tokens(), state.kept_tokens());
  return 1000.0 * made / (state.attempt_elapsed_ms() - state.first_token_ms());
}

uint32_t ToMs(double value) {
  return static_cast<uint32_t>(std::clamp(std::round(value), 0.0, 4e9));
}

}  // namespace

ProgressEstimator::ProgressEstimator(const v1::LeaseFixed& lease)
    : load_ms_(lease.history().load_ms()),
      first_token_ms_(ExpectedFirstTokenMs(lease.history(), lease.prompt_bytes())),
      typical_rate_(lease.history().tokens_per_second()),
      // From what was known when the lease began: later knowledge (the exact prompt tokens) would
      // move the bar.
      token_limit_(TokenLimit(lease.history(), lease.num_predict(), lease.context_length(),
                              lease.prompt_bytes())) {
  *history_.mutable_lengths() = lease.history().lengths();
  *history_.mutable_censored() = lease.history().censored();
}

const LengthEstimate& ProgressEstimator::lengths() const {
  if (!lengths_.has_value()) {
    lengths_.emplace(history_, token_limit_);
    history_ = v1::LengthHistory();
  }
  return *lengths_;
}

v1::JobNumbers ProgressEstimator::Interpret(const v1::WorkerState& state) const {
  v1::JobNumbers numbers;
  numbers.set_percent(PercentOf(state));
  numbers.set_current_tokens(state.tokens());
  numbers.set_tokens_estimated(!state.tokens_exact());
  numbers.set_tokens_per_second(TokensPerSecond(state));
  numbers.set_elapsed_ms(state.elapsed_ms());
  if (state.has_prompt_tokens()) numbers.set_prompt_tokens(state.prompt_tokens());
  if (state.tokens_exact()) {
    numbers.set_completion_tokens(state.tokens());
    if (state.has_prompt_tokens()) {
      numbers.set_total_tokens(state.prompt_tokens() + state.tokens());
    }
  }
  if (state.has_first_token_ms()) numbers.set_first_token_ms(state.first_token_ms());
  numbers.set_answer_bytes(state.answer_bytes());
  numbers.set_thinking_bytes(state.thinking_bytes());
  numbers.set_done_reason(state.done_reason());
  SetRemaining(state, numbers);
  return numbers;
}

double ProgressEstimator::PercentGenerating(double tokens) const {
  return kPercentGenerating + (kPercentGenerated - kPercentGenerating) * lengths().Fraction(tokens);
}

double ProgressEstimator::PercentOf(const v1::WorkerState& state) const {
  switch (state.phase()) {
    case v1::PHASE_LOADING:
      return kPercentPrompt * ShareOfWait(PhaseMs(state, v1::PHASE_LOADING), load_ms_);
    case v1::PHASE_PROMPT:
      return kPercentPrompt + (kPercentGenerating - kPercentPrompt) *
                                  ShareOfWait(PhaseMs(state, v1::PHASE_PROMPT), first_token_ms_);
    case v1::PHASE_THINKING:
    case v1::PHASE_GENERATING:
      return PercentGenerating(state.tokens());
    case v1::PHASE_FINALIZING:
      return kPercentFinalizing;
    default:
      return state.tokens() > 0 ? PercentGenerating(state.tokens()) : 0;
  }
}

void ProgressEstimator::SetRemaining(const v1::WorkerState& state, v1::JobNumbers& numbers) const {
  if (state.phase() == v1::PHASE_FINALIZING) {
    numbers.set_remaining_ms(0);
    numbers.set_remaining_low_ms(0);
    numbers.set_remaining_high_ms(0);
    return;
  }
  const double rate = ExpectedRate(state);
  if (!(rate > 0)) return;
  const double before = MillisecondsToFirstToken(state);
  const RemainingTokens rest = lengths().Remaining(state.tokens());
  numbers.set_remaining_ms(ToMs(before + 1000 * rest.median / rate));
  numbers.set_remaining_low_ms(ToMs(before + 1000 * rest.low / rate));
  numbers.set_remaining_high_ms(ToMs(before + 1000 * rest.high / rate));
}

double ProgressEstimator::ExpectedRate(const v1::WorkerState& state) const {
  const double measured = TokensPerSecond(state);
  if (!(measured > 0)) return typical_rate_;
  if (!(typical_rate_ > 0) || !state.has_first_token_ms()) return measured;
  const double since = double{1} * state.attempt_elapsed_ms() - state.first_token_ms();
  const double trust = std::clamp(since / kTrustedMeasureMs, 0.0, 1.0);
  return trust * measured + (1 - trust) * typical_rate_;
}

double ProgressEstimator::MillisecondsToFirstToken(const v1::WorkerState& state) const {
  switch (state.phase()) {
    case v1::PHASE_LOADING:
      return std::max(0.0, load_ms_ - PhaseMs(state, v1::PHASE_LOADING)) + first_token_ms_;
    case v1::PHASE_PROMPT:
      return std::max(0.0, first_token_ms_ - PhaseMs(state, v1::PHASE_PROMPT));
    default:
      return 0;
  }
}

}  // namespace genwatch

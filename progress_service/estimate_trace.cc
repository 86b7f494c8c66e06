#include "progress_service/estimate_trace.h"

#include <algorithm>
#include <cmath>

namespace genwatch {
namespace {

constexpr double kGrowth = 1.1;
// Answers of a million tokens have 130.
constexpr size_t kMostSamples = 160;
// A sample that is further behind a share, in shares, says nothing about it.
constexpr double kNear = 0.1;
// Below it, told and true are as good as the same.
constexpr double kLeastMs = 50;

}  // namespace

void EstimateTrace::Add(const v1::WorkerState& state, const v1::JobNumbers& told) {
  if (!told.has_remaining_ms() || state.tokens() == 0 || samples_.size() >= kMostSamples) return;
  if (state.phase() == v1::PHASE_FINALIZING) return;
  if (!samples_.empty() && state.tokens() < kGrowth * samples_.back().tokens) return;
  samples_.push_back({.tokens = state.tokens(),
                      .at_ms = state.attempt_elapsed_ms(),
                      .remaining_ms = told.remaining_ms(),
                      .low_ms = told.remaining_low_ms(),
                      .high_ms = told.remaining_high_ms()});
}

std::optional<RemainingScore> EstimateTrace::At(double share, uint32_t tokens,
                                                uint32_t end_ms) const {
  const double wanted = share * tokens;
  const auto at =
      std::partition_point(samples_.begin(), samples_.end(),
                           [wanted](const Sample& sample) { return sample.tokens < wanted; });
  if (at == samples_.end() || at->tokens > wanted + kNear * tokens || at->at_ms > end_ms) {
    return std::nullopt;
  }
  const double left = double{1} * end_ms - at->at_ms;
  const double told = std::max(kLeastMs, double{1} * at->remaining_ms);
  return RemainingScore{.log_error = std::abs(std::log(told / std::max(kLeastMs, left))),
                        .inside = at->low_ms <= left + kLeastMs && left <= at->high_ms + kLeastMs,
                        .told_ms = at->remaining_ms,
                        .low_ms = at->low_ms,
                        .high_ms = at->high_ms,
                        .true_ms = end_ms - at->at_ms};
}

}  // namespace genwatch

#include "common/length_estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace genwatch {
namespace {

// Below this many longer answers a conditional quantile says more about luck than about lengths.
constexpr size_t kFewestSurvivors = 8;

// Without history: the length of a middling chat answer.
constexpr double kColdStartMedian = 300;

// Heavy tail (Pareto with exponent about 1): of t tokens, t/10, t/2 and 3t are still to come.
constexpr double kTailLow = 1.1;
constexpr double kTailMedian = 1.5;
constexpr double kTailHigh = 4;

// Rounding must not decide where shares are meant to be equal.
constexpr double kRounding = 1e-9;

}  // namespace

double TokenLimit(const v1::LengthHistory& history, int32_t num_predict, uint32_t context_length,
                  uint32_t prompt_bytes) {
  double limit = std::numeric_limits<double>::infinity();
  if (num_predict > 0) limit = num_predict;
  if (context_length > 0) {
    const double prompt = prompt_bytes * history.prompt_tokens_per_byte();
    limit = std::min(limit, std::max(1.0, context_length - prompt));
  }
  return limit;
}

double ExpectedFirstTokenMs(const v1::LengthHistory& history, uint32_t prompt_bytes) {
  if (history.prompt_tokens_per_byte() > 0 && history.prompt_tokens_per_second() > 0) {
    return 1000 * prompt_bytes * history.prompt_tokens_per_byte() /
           history.prompt_tokens_per_second();
  }
  return history.first_token_ms();
}

LengthEstimate::LengthEstimate(const v1::LengthHistory& history, double limit)
    : limit_(std::max(1.0, limit)) {
  // The length, and in the lowest bit whether it was cut: of equal lengths, those that ended count
  // before those that were cut.
  std::vector<uint64_t> lengths;
  lengths.reserve(history.lengths_size());
  for (int i = 0; i < history.lengths_size(); ++i) {
    const bool cut = i < history.censored_size() && history.censored(i);
    lengths.push_back(uint64_t{history.lengths(i)} << 1 | (cut ? 1 : 0));
  }
  // The ledger sorts it once for many leases.
  if (!std::is_sorted(lengths.begin(), lengths.end())) std::sort(lengths.begin(), lengths.end());

  steps_.reserve(lengths.size() + 1);
  steps_.push_back({.longer = static_cast<uint32_t>(lengths.size())});
  double survival = 1;
  for (size_t i = 0; i < lengths.size();) {
    const auto at_risk = static_cast<double>(lengths.size() - i);
    const uint64_t length = lengths[i] >> 1;
    size_t ended = 0;
    for (; i < lengths.size() && lengths[i] >> 1 == length; ++i) {
      if ((lengths[i] & 1) == 0) ++ended;
    }
    survival *= 1 - static_cast<double>(ended) / at_risk;
    const Step step{.start = static_cast<uint32_t>(length),
                    .longer = static_cast<uint32_t>(lengths.size() - i),
                    .survival = survival};
    if (length == 0) {
      steps_.front() = step;
    } else {
      steps_.push_back(step);
    }
  }
  if (lengths.size() < kFewestSurvivors) {
    few_median_ = LengthAt(Where(0.5));
    if (few_median_ == 0 && steps_.back().start > 0) few_median_ = steps_.back().start;
    if (few_median_ == 0) few_median_ = lengths.empty() ? kColdStartMedian : 1;
    steps_.resize(1);
  }
  // Within a step the fraction rises, so its end is its greatest. The medians rise with the steps.
  auto median = steps_.cbegin();
  for (size_t i = 0; i + 1 < steps_.size(); ++i) {
    while (median != steps_.cend() && median->survival > 0.5 * steps_[i].survival + kRounding) {
      ++median;
    }
    const double end = std::nextafter(double{1} * steps_[i + 1].start, 0.0);
    steps_[i + 1].fraction_before =
        std::max(steps_[i].fraction_before, FractionIn(Of(steps_[i], 0.5, LengthAt(median)), end));
  }
}

RemainingTokens LengthEstimate::Remaining(double t) const {
  t = std::max(0.0, t);
  const Step& step = StepAt(t);
  const double low = Total(Of(step, 0.9), t) - t;
  const double median = std::max(low, Total(Of(step, 0.5), t) - t);
  const double high = std::max(median, Total(Of(step, 0.1), t) - t);
  return {.low = low, .median = median, .high = high};
}

double LengthEstimate::Fraction(double t) const {
  if (!(t > 0)) return 0;
  const Step& step = StepAt(t);
  return std::max(step.fraction_before, FractionIn(Of(step, 0.5), t));
}

const LengthEstimate::Step& LengthEstimate::StepAt(double t) const {
  const auto next = std::partition_point(steps_.begin(), steps_.end(),
                                         [t](const Step& step) { return step.start <= t; });
  return next == steps_.begin() ? steps_.front() : *(next - 1);
}

// The first step that at most this share of the answers exceed.
std::vector<LengthEstimate::Step>::const_iterator LengthEstimate::Where(double survival) const {
  return std::partition_point(steps_.cbegin(), steps_.cend(), [survival](const Step& step) {
    return step.survival > survival + kRounding;
  });
}

// 0 if so many were cut short that nobody knows.
uint32_t LengthEstimate::LengthAt(std::vector<Step>::const_iterator step) const {
  return step == steps_.cend() ? 0 : step->start;
}

// What `share` of the answers that are longer than the step's start exceed.
LengthEstimate::Quantile LengthEstimate::Of(const Step& step, double share) const {
  return Of(step, share, LengthAt(Where(step.survival * share)));
}

// `length` is what the history says, 0 if it does not.
LengthEstimate::Quantile LengthEstimate::Of(const Step& step, double share, double length) const {
  const double tail = share > 0.5 ? kTailLow : share < 0.5 ? kTailHigh : kTailMedian;
  if (few_median_ > 0) {
    const double spread = share > 0.5 ? 0.1 : share < 0.5 ? kTailHigh : 1;
    return {.constant = few_median_ * spread, .factor = tail};
  }
  if (step.longer >= kFewestSurvivors) {
    // A quantile that censoring hides lies beyond all that was seen.
    if (length > 0) return {.constant = length};
    return {.constant = double{1} * steps_.back().start, .factor = tail};
  }
  // With few longer ones the tail's rule decides, but for what those few are known to exceed: else
  // the estimate would collapse as soon as a short history's first length has passed.
  return {.constant = share > 0.5 ? 0 : length, .factor = tail};
}

double LengthEstimate::Total(const Quantile& quantile, double t) const {
  return std::max(t, std::min(limit_, std::max(quantile.constant, quantile.factor * t)));
}

double LengthEstimate::FractionIn(const Quantile& median, double t) const {
  // t / Total, written so that rounding can't make it fall either.
  double fraction = 1 / median.factor;
  if (median.constant > 0) fraction = std::min(fraction, t / median.constant);
  return std::min(1.0, std::max(fraction, t / limit_));
}

}  // namespace genwatch

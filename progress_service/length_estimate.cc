#include "progress_service/length_estimate.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

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

struct Step {
  double length = 0;
  double survival = 1;  // the share of answers longer than `length`
  size_t longer = 0;    // how many of the history are
};

// The Kaplan-Meier survival function at each distinct length, rising. Of equal lengths, those that
// ended count before those that were cut.
std::vector<Step> Survival(const v1::LengthHistory& history) {
  std::vector<std::pair<double, bool>> lengths;  // length, censored
  lengths.reserve(history.lengths_size());
  for (int i = 0; i < history.lengths_size(); ++i) {
    lengths.emplace_back(history.lengths(i), i < history.censored_size() && history.censored(i));
  }
  std::sort(lengths.begin(), lengths.end());
  std::vector<Step> steps;
  double survival = 1;
  for (size_t i = 0; i < lengths.size();) {
    const size_t at_risk = lengths.size() - i;
    size_t ended = 0;
    const double length = lengths[i].first;
    for (; i < lengths.size() && lengths[i].first == length; ++i) {
      if (!lengths[i].second) ++ended;
    }
    survival *= 1 - static_cast<double>(ended) / static_cast<double>(at_risk);
    steps.push_back({.length = length, .survival = survival, .longer = lengths.size() - i});
  }
  return steps;
}

// The smallest length that at most `share` of the answers exceed; 0 if so many were cut short that
// nobody knows.
double LengthWhere(const std::vector<Step>& steps, double share) {
  // Rounding must not decide where the shares are meant to be equal.
  const auto at = std::partition_point(steps.begin(), steps.end(), [share](const Step& step) {
    return step.survival > share + 1e-9;
  });
  return at == steps.end() ? 0 : at->length;
}

double MedianOr(const std::vector<Step>& steps, double fallback) {
  const double median = LengthWhere(steps, 0.5);
  if (median > 0) return median;
  return steps.empty() ? fallback : std::max(1.0, steps.back().length);
}

}  // namespace

LengthEstimate::LengthEstimate(const v1::LengthHistory& history, double limit)
    : limit_(std::max(1.0, limit)) {
  const std::vector<Step> steps = Survival(history);
  const double longest = steps.empty() ? 0 : steps.back().length;

  const auto add = [this](double start, Quantile low, Quantile median, Quantile high) {
    double before = 0;
    if (!pieces_.empty()) {
      // Within a piece the fraction rises, so its end is its greatest.
      before = FractionIn(pieces_.back(), std::nextafter(start, 0.0));
    }
    pieces_.push_back(
        {.start = start, .low = low, .median = median, .high = high, .fraction_before = before});
  };
  if (static_cast<size_t>(history.lengths_size()) < kFewestSurvivors) {
    const double median = MedianOr(steps, kColdStartMedian);
    add(0, {.constant = median / 10, .factor = kTailLow},
        {.constant = median, .factor = kTailMedian},
        {.constant = median * kTailHigh, .factor = kTailHigh});
    return;
  }
  // Given more than `start` tokens: a quantile that censoring hides lies beyond all that was seen,
  // so there the tail's rule and the longest answer decide.
  const auto add_conditional = [&](double start, double survival) {
    const auto quantile = [&](double share, double tail_factor) -> Quantile {
      const double length = LengthWhere(steps, survival * share);
      if (length > 0) return {.constant = length, .factor = 1};
      return {.constant = longest, .factor = tail_factor};
    };
    add(start, quantile(0.9, kTailLow), quantile(0.5, kTailMedian), quantile(0.1, kTailHigh));
  };
  // With few longer ones the tail's rule decides, but for what those few are known to exceed: else
  // the estimate would collapse as soon as a short history's first length has passed.
  const auto add_tail = [&](double start, double survival) {
    add(start, {.constant = 0, .factor = kTailLow},
        {.constant = LengthWhere(steps, survival * 0.5), .factor = kTailMedian},
        {.constant = LengthWhere(steps, survival * 0.1), .factor = kTailHigh});
  };
  if (steps.front().length > 0) add_conditional(0, 1);
  for (const Step& step : steps) {
    if (step.longer >= kFewestSurvivors) {
      add_conditional(step.length, step.survival);
    } else {
      add_tail(step.length, step.survival);
    }
  }
}

RemainingTokens LengthEstimate::Remaining(double t) const {
  t = std::max(0.0, t);
  const Piece& piece = PieceAt(t);
  const double low = Total(piece.low, t) - t;
  const double median = std::max(low, Total(piece.median, t) - t);
  const double high = std::max(median, Total(piece.high, t) - t);
  return {.low = low, .median = median, .high = high};
}

double LengthEstimate::Fraction(double t) const {
  if (!(t > 0)) return 0;
  return FractionIn(PieceAt(t), t);
}

const LengthEstimate::Piece& LengthEstimate::PieceAt(double t) const {
  const auto next = std::partition_point(pieces_.begin(), pieces_.end(),
                                         [t](const Piece& piece) { return piece.start <= t; });
  return next == pieces_.begin() ? pieces_.front() : *(next - 1);
}

double LengthEstimate::Total(const Quantile& quantile, double t) const {
  return std::max(t, std::min(limit_, std::max(quantile.constant, quantile.factor * t)));
}

double LengthEstimate::FractionIn(const Piece& piece, double t) const {
  // t / Total, written so that rounding can't make it fall either.
  double fraction = 1 / piece.median.factor;
  if (piece.median.constant > 0) fraction = std::min(fraction, t / piece.median.constant);
  fraction = std::min(1.0, std::max(fraction, t / limit_));
  return std::max(piece.fraction_before, fraction);
}

}  // namespace genwatch

#ifndef GENWATCH_COMMON_LENGTH_ESTIMATE_H_
#define GENWATCH_COMMON_LENGTH_ESTIMATE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// Tokens.
struct RemainingTokens {
  double low = 0;     // 10 % of such answers end within this many more
  double median = 0;  // half of them do
  double high = 0;    // 90 %
};

// Most tokens that an answer can have: what `num_predict` allows (not positive: anything), and the
// context (0: unknown) less the prompt. Infinite if nothing limits it.
double TokenLimit(const v1::LengthHistory& history, int32_t num_predict, uint32_t context_length,
                  uint32_t prompt_bytes);

// From the start of the prompt's evaluation to the first token, in ms; 0 while unknown.
double ExpectedFirstTokenMs(const v1::LengthHistory& history, uint32_t prompt_bytes);

// How long an answer of which `t` tokens are there will still be, from how long earlier ones of its
// kind were: the Kaplan-Meier estimate of the lengths' survival function, given that the answer is
// longer than t. Lengths that were cut short (cancelled, failed, limited) count as "at least that".
// Where the history says too little (fewer than 8 answers were longer than t), lengths are taken
// for heavy-tailed: what is there already is the best guess of what is still to come. A pure
// function of the history and `limit`, whatever its order; built once per lease, in one pass over a
// history in rising order. Thread-safe after construction.
class LengthEstimate {
 public:
  // `limit`: most tokens that the answer can have; infinite if nothing limits it.
  LengthEstimate(const v1::LengthHistory& history, double limit);

  RemainingTokens Remaining(double t) const;

  // 0 to 1: the running maximum over all t' <= t of t' / (t' + median remaining at t'), so that it
  // never falls while an answer grows.
  double Fraction(double t) const;

 private:
  // From `start` tokens on.
  struct Step {
    uint32_t start = 0;
    uint32_t longer = 0;         // so many of the history are
    double survival = 1;         // the share of answers longer than `start`
    double fraction_before = 0;  // the greatest fraction of all earlier steps
  };
  // The whole length of an answer is max(constant, factor * t).
  struct Quantile {
    double constant = 0;
    double factor = 1;
  };

  const Step& StepAt(double t) const;
  std::vector<Step>::const_iterator Where(double survival) const;
  uint32_t LengthAt(std::vector<Step>::const_iterator step) const;
  Quantile Of(const Step& step, double share) const;
  Quantile Of(const Step& step, double share, double length) const;
  double Total(const Quantile& quantile, double t) const;
  double FractionIn(const Quantile& median, double t) const;

  double limit_;
  double few_median_ = 0;    // of a history that is too short, or of none; else 0
  std::vector<Step> steps_;  // by rising start; the first starts at 0
};

}  // namespace genwatch

#endif  // GENWATCH_COMMON_LENGTH_ESTIMATE_H_

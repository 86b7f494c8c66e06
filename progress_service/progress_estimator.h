#ifndef GENWATCH_PROGRESS_SERVICE_PROGRESS_ESTIMATOR_H_
#define GENWATCH_PROGRESS_SERVICE_PROGRESS_ESTIMATOR_H_

#include <optional>

#include "common/length_estimate.h"
#include "genwatch/v1/generation_service.pb.h"
#include "genwatch/v1/job.pb.h"
#include "genwatch/v1/progress.pb.h"

namespace genwatch {

// Shares of the bar, in percent.
inline constexpr double kPercentGenerating = 5;   // before it: loading, then reading the prompt
inline constexpr double kPercentGenerated = 90;   // generating ends here at most
inline constexpr double kPercentFinalizing = 95;  // the result is being stored
inline constexpr double kPercentDone = 100;       // only for what is stored as completed

// What a worker's facts mean. A pure function of the facts of the lease and of the state, so that
// every replica shows the same numbers. The estimate of the length is built when it is first
// needed: many jobs are done before anything of it could be shown. Not thread-safe.
class ProgressEstimator {
 public:
  explicit ProgressEstimator(const v1::LeaseFixed& lease);

  // All numbers but `chars_per_second`'s bases and texts, which the caller knows: percent, tokens,
  // rate, elapsed, remaining with its band (absent while no rate is known), prompt and completion
  // tokens, first token, lengths, done_reason.
  v1::JobNumbers Interpret(const v1::WorkerState& state) const;

  // Rises with `tokens`; 5 to 90.
  double PercentGenerating(double tokens) const;

  // 0 to 1, what the percent is made of: t / (t + expected rest), never falling.
  double Fraction(double tokens) const { return lengths().Fraction(tokens); }
  // Something was made of it already.
  bool has_estimated() const { return lengths_.has_value(); }

 private:
  const LengthEstimate& lengths() const;
  double PercentOf(const v1::WorkerState& state) const;
  void SetRemaining(const v1::WorkerState& state, v1::JobNumbers& numbers) const;
  double MillisecondsToFirstToken(const v1::WorkerState& state) const;
  double ExpectedRate(const v1::WorkerState& state) const;

  double load_ms_ = 0;
  double first_token_ms_ = 0;  // from the start of the prompt's evaluation; 0 while unknown
  double typical_rate_ = 0;
  double token_limit_ = 0;
  mutable v1::LengthHistory history_;  // until the estimate is built
  mutable std::optional<LengthEstimate> lengths_;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_PROGRESS_ESTIMATOR_H_

#include "job_service/job_estimate.h"

#include <algorithm>
#include <cmath>

#include "common/length_estimate.h"
#include "job_service/length_lesson.h"

namespace genwatch {
namespace {

uint32_t Rounded(double value) {
  return static_cast<uint32_t>(std::clamp(std::round(value), 0.0, 4e9));
}

v1::EstimateJobResponse::Basis BasisOf(v1::LengthHistory::Scope scope) {
  switch (scope) {
    case v1::LengthHistory::SCOPE_CLASS:
      return v1::EstimateJobResponse::BASIS_CLASS;
    case v1::LengthHistory::SCOPE_MODEL:
      return v1::EstimateJobResponse::BASIS_MODEL;
    case v1::LengthHistory::SCOPE_ALL:
      return v1::EstimateJobResponse::BASIS_ALL;
    default:
      return v1::EstimateJobResponse::BASIS_UNSPECIFIED;
  }
}

}  // namespace

void FillEstimate(const v1::LengthHistory& history, const PlannedJob& job,
                  v1::EstimateJobResponse& estimate) {
  double before_ms = ExpectedFirstTokenMs(history, job.prompt_bytes);
  const bool first_token_known = before_ms > 0;
  if (!job.loaded && history.load_ms() > 0) {
    estimate.set_load_ms(Rounded(history.load_ms()));
    before_ms += history.load_ms();
  }
  if (first_token_known) estimate.set_first_token_ms(Rounded(before_ms));
  const double rate = history.tokens_per_second();
  if (rate > 0) estimate.set_tokens_per_second(rate);

  // While a job runs the first guess is better than none, because it gets better with every token.
  // Here it would stay.
  if (static_cast<size_t>(history.lengths_size()) < kEnoughLengths) return;
  estimate.set_basis(BasisOf(history.scope()));
  estimate.set_past_jobs(history.lengths_size());
  const LengthEstimate lengths(
      history, TokenLimit(history, job.num_predict, job.context_length, job.prompt_bytes));
  const RemainingTokens all = lengths.Remaining(0);
  estimate.set_tokens(Rounded(all.median));
  estimate.set_tokens_low(Rounded(all.low));
  estimate.set_tokens_high(Rounded(all.high));
  if (!(rate > 0) || !first_token_known) return;
  const auto duration = [&](double tokens) { return Rounded(before_ms + 1000 * tokens / rate); };
  estimate.set_duration_ms(duration(all.median));
  estimate.set_duration_low_ms(duration(all.low));
  estimate.set_duration_high_ms(duration(all.high));
}

}  // namespace genwatch

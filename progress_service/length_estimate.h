#ifndef GENWATCH_PROGRESS_SERVICE_LENGTH_ESTIMATE_H_
#define GENWATCH_PROGRESS_SERVICE_LENGTH_ESTIMATE_H_

#include <vector>

#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// Tokens.
struct RemainingTokens {
  double low = 0;     // 10 % of such answers end within this many more
  double median = 0;  // half of them do
  double high = 0;    // 90 %
};

// How long an answer of which `t` tokens are there will still be, from how long earlier ones of its
// kind were: the Kaplan-Meier estimate of the lengths' survival function, given that the answer is
// longer than t. Lengths that were cut short (cancelled, failed, limited) count as "at least that".
// Where the history says too little (fewer than 8 answers were longer than t), lengths are taken
// for heavy-tailed: what is there already is the best guess of what is still to come. A pure
// function of the history and `limit`; built once per lease. Thread-safe after construction.
class LengthEstimate {
 public:
  // `limit`: most tokens that the answer can have; infinite if nothing limits it.
  LengthEstimate(const v1::LengthHistory& history, double limit);

  RemainingTokens Remaining(double t) const;

  // 0 to 1: the running maximum over all t' <= t of t' / (t' + median remaining at t'), so that it
  // never falls while an answer grows.
  double Fraction(double t) const;

 private:
  // From `start` tokens on the whole length is max(constant, factor * t), for each quantile.
  struct Quantile {
    double constant = 0;
    double factor = 1;
  };
  struct Piece {
    double start = 0;
    Quantile low, median, high;
    double fraction_before = 0;  // the greatest fraction of all earlier pieces
  };

  const Piece& PieceAt(double t) const;
  double Total(const Quantile& quantile, double t) const;
  double FractionIn(const Piece& piece, double t) const;

  double limit_;
  std::vector<Piece> pieces_;  // by rising start; the first starts at 0
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_LENGTH_ESTIMATE_H_

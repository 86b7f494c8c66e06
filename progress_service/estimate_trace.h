#ifndef GENWATCH_PROGRESS_SERVICE_ESTIMATE_TRACE_H_
#define GENWATCH_PROGRESS_SERVICE_ESTIMATE_TRACE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "genwatch/v1/generation_service.pb.h"
#include "genwatch/v1/job.pb.h"

namespace genwatch {

// Shares of its tokens at which a job that has ended is asked how right its estimates were.
inline constexpr std::array kScoredShares = {0.25, 0.5, 0.75};

// What was told about the time left, when a job had made some share of its tokens.
struct RemainingScore {
  double log_error = 0;  // |ln(told / true)|
  bool inside = false;   // the true one was within the band
  uint32_t told_ms = 0;
  uint32_t low_ms = 0;
  uint32_t high_ms = 0;
  uint32_t true_ms = 0;
};

// What was told about the time left in the course of a lease, in as few samples as are enough to
// find any share of its tokens: a new one for each tenth more of tokens. Not thread-safe.
class EstimateTrace {
 public:
  void Add(const v1::WorkerState& state, const v1::JobNumbers& told);

  // `tokens` in all, the last of which was there `end_ms` into the attempt. Absent where nothing
  // was told near that share.
  std::optional<RemainingScore> At(double share, uint32_t tokens, uint32_t end_ms) const;

 private:
  struct Sample {
    uint32_t tokens = 0;
    uint32_t at_ms = 0;  // since the attempt began
    uint32_t remaining_ms = 0;
    uint32_t low_ms = 0;
    uint32_t high_ms = 0;
  };

  std::vector<Sample> samples_;  // by rising tokens
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_ESTIMATE_TRACE_H_

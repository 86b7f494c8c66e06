#ifndef GENWATCH_GENERATION_SERVICE_SPEED_METER_H_
#define GENWATCH_GENERATION_SERVICE_SPEED_METER_H_

#include <deque>

#include "absl/time/time.h"

namespace genwatch {

// Tokens a second over the last five seconds. Models give tokens in bursts, so there is no word
// before one second has passed. Pure; not thread-safe. Times are of one monotonic clock.
class SpeedMeter {
 public:
  // `tokens` so far, at `now`; neither falls. The first call starts the measurement: its tokens are
  // not counted, because their time was not seen.
  void Add(double tokens, absl::Duration now);

  // 0 while unknown. Falls while nothing comes.
  double TokensPerSecond(absl::Duration now) const;

 private:
  struct Sample {
    absl::Duration time;
    double tokens;
  };

  std::deque<Sample> samples_;  // at most one a tenth of a second, and the newest
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_SPEED_METER_H_

#ifndef GENWATCH_COMMON_CLOCK_H_
#define GENWATCH_COMMON_CLOCK_H_

#include "absl/time/time.h"

namespace genwatch {

// Time as a parameter, so that tests can hold it in their hands. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Since an arbitrary origin of this process; never falls. For intervals and timeouts.
  virtual absl::Duration Monotonic() const = 0;

  // The wall clock, which may jump. For what people read, never for a decision.
  virtual absl::Time Now() const = 0;
};

// The machine's clocks. Lives for ever.
const Clock* RealClock();

}  // namespace genwatch

#endif  // GENWATCH_COMMON_CLOCK_H_

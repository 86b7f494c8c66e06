#include "tests/support/await.h"

#include "absl/time/clock.h"
#include "common/clock.h"

namespace genwatch {

bool Await(const std::function<bool()>& predicate, absl::Duration deadline, absl::Duration period) {
  const absl::Duration end = RealClock()->Monotonic() + deadline;
  while (!predicate()) {
    if (RealClock()->Monotonic() >= end) return predicate();
    absl::SleepFor(period);
  }
  return true;
}

}  // namespace genwatch

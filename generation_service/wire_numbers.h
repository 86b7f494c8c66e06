#ifndef GENWATCH_GENERATION_SERVICE_WIRE_NUMBERS_H_
#define GENWATCH_GENERATION_SERVICE_WIRE_NUMBERS_H_

#include <cstdint>

#include "absl/time/time.h"

namespace genwatch {

// The nearest value that the wire's 32-bit counts can hold.
inline uint32_t WireCount(double count) {
  if (!(count > 0)) return 0;
  return count >= UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(count + 0.5);
}

// Whole milliseconds, not negative.
inline uint32_t WireMs(absl::Duration duration) {
  return WireCount(absl::ToDoubleMilliseconds(absl::Trunc(duration, absl::Milliseconds(1))));
}

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_WIRE_NUMBERS_H_

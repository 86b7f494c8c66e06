#include "tests/support/notification.h"

#include "common/clock.h"

namespace genwatch {

bool Notification::WaitForNotificationWithTimeout(absl::Duration timeout) const {
  const absl::Duration end = RealClock()->Monotonic() + timeout;
  MutexLock lock(mutex_);
  while (!happened_) {
    const absl::Duration left = end - RealClock()->Monotonic();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(mutex_, left);
  }
  return true;
}

}  // namespace genwatch

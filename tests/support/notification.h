#ifndef GENWATCH_TESTS_SUPPORT_NOTIFICATION_H_
#define GENWATCH_TESTS_SUPPORT_NOTIFICATION_H_

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/mutex.h"

namespace genwatch {

// Something that happens once. As absl::Notification, but visible to ThreadSanitizer, which can't
// see into Debian's Abseil and would report a race on whatever the notification orders.
// Thread-safe.
class Notification {
 public:
  void Notify() {
    MutexLock lock(mutex_);
    happened_ = true;
    changed_.NotifyAll();
  }

  bool HasBeenNotified() const {
    MutexLock lock(mutex_);
    return happened_;
  }

  void WaitForNotification() const {
    MutexLock lock(mutex_);
    while (!happened_) changed_.Wait(mutex_);
  }

  // False if it did not happen within `timeout`.
  bool WaitForNotificationWithTimeout(absl::Duration timeout) const;

 private:
  mutable Mutex mutex_;
  mutable CondVar changed_;
  bool happened_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_SUPPORT_NOTIFICATION_H_

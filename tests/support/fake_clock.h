#ifndef GENWATCH_TESTS_SUPPORT_FAKE_CLOCK_H_
#define GENWATCH_TESTS_SUPPORT_FAKE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"

namespace genwatch {

// A clock that moves only when told. Starts at 0 s monotonic and 2024-01-01T00:00:00Z. Thread-safe.
class FakeClock : public Clock {
 public:
  absl::Duration Monotonic() const override {
    MutexLock lock(mutex_);
    return monotonic_;
  }
  absl::Time Now() const override {
    MutexLock lock(mutex_);
    return wall_;
  }

  // Both clocks, forward.
  void Advance(absl::Duration by) {
    MutexLock lock(mutex_);
    monotonic_ += by;
    wall_ += by;
  }

  // The wall clock jumps, in either direction; the monotonic one does not notice.
  void SetWall(absl::Time wall) {
    MutexLock lock(mutex_);
    wall_ = wall;
  }

 private:
  mutable Mutex mutex_;
  absl::Duration monotonic_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
  absl::Time wall_ ABSL_GUARDED_BY(mutex_) = absl::FromUnixSeconds(1'704'067'200);
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_SUPPORT_FAKE_CLOCK_H_

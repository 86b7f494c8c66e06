#include "common/mutex.h"

#include <algorithm>
#include <chrono>

namespace genwatch {
namespace {

// Past this a timeout could overflow the clock; a spurious wake-up after a year harms nobody.
constexpr absl::Duration kLongest = absl::Hours(24 * 365);

// Lends a locked std::mutex to a std::unique_lock, as std::condition_variable wants it.
class Borrowed {
 public:
  explicit Borrowed(std::mutex& mutex) : lock_(mutex, std::adopt_lock) {}
  ~Borrowed() { lock_.release(); }
  std::unique_lock<std::mutex>& get() { return lock_; }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace

void CondVar::Wait(Mutex& mutex) {
  Borrowed borrowed(mutex.mutex_);
  cond_.wait(borrowed.get());
}

// On the steady clock this ends in pthread_cond_clockwait. GCC 12's ThreadSanitizer intercepts that
// (older ones did not, and then reported races on all that the mutex guards);
// tests/common/mutex_test fails under TSan if it does not.
bool CondVar::WaitFor(Mutex& mutex, absl::Duration timeout) {
  if (timeout <= absl::ZeroDuration()) return false;
  Borrowed borrowed(mutex.mutex_);
  if (timeout == absl::InfiniteDuration()) {
    cond_.wait(borrowed.get());
    return true;
  }
  const auto wait = absl::ToChronoNanoseconds(std::min(timeout, kLongest));
  return cond_.wait_for(borrowed.get(), wait) == std::cv_status::no_timeout;
}

}  // namespace genwatch

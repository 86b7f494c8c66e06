#ifndef GENWATCH_COMMON_SHUTDOWN_SIGNAL_H_
#define GENWATCH_COMMON_SHUTDOWN_SIGNAL_H_

#include <csignal>

namespace genwatch {

// Turns SIGTERM and SIGINT into a return value. Construct it first in main, once, before any other
// thread exists: threads inherit the blocked signals. Also ignores SIGPIPE. Wait from one thread.
class ShutdownSignal {
 public:
  ShutdownSignal();
  ShutdownSignal(const ShutdownSignal&) = delete;
  ShutdownSignal& operator=(const ShutdownSignal&) = delete;

  // Blocks until SIGTERM or SIGINT (also one sent since the construction), and returns its number.
  // From then on a second one has its default action: the process ends at once, so that a drain
  // that hangs can be ended by hand.
  int Wait();

 private:
  sigset_t signals_;
};

}  // namespace genwatch

#endif  // GENWATCH_COMMON_SHUTDOWN_SIGNAL_H_

#ifndef GENWATCH_TESTS_CHAOS_HARNESS_TIME_LIMIT_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_TIME_LIMIT_H_

#include <string>
#include <thread>

#include "absl/time/time.h"
#include "tests/support/notification.h"

namespace genwatch::chaos {

// While it lives, the process may: past the limit it says so and ends the process with status 3,
// and the kernel ends all children with it.
class TimeLimit {
 public:
  TimeLimit(std::string what, absl::Duration limit);
  ~TimeLimit();

 private:
  Notification done_;
  std::thread thread_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_TIME_LIMIT_H_

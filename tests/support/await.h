#ifndef GENWATCH_TESTS_SUPPORT_AWAIT_H_
#define GENWATCH_TESTS_SUPPORT_AWAIT_H_

#include <functional>

#include "absl/time/time.h"

namespace genwatch {

// Looks at `predicate` each `period` until it holds; false if it does not within
// `deadline`. For conditions that can only be looked at (a process is gone, a server answers); what
// can notify is waited for with CondVar or absl::Notification. The default deadline is generous,
// because a slow machine is no failure.
bool Await(const std::function<bool()>& predicate, absl::Duration deadline = absl::Seconds(20),
           absl::Duration period = absl::Milliseconds(2));

}  // namespace genwatch

#endif  // GENWATCH_TESTS_SUPPORT_AWAIT_H_

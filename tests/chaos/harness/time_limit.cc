#include "tests/chaos/harness/time_limit.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace genwatch::chaos {

TimeLimit::TimeLimit(std::string what, absl::Duration limit)
    : thread_([this, what = std::move(what), limit] {
        if (done_.WaitForNotificationWithTimeout(limit)) return;
        std::fprintf(stderr, "%s: WRONG: it takes longer than %s and is stopped\n", what.c_str(),
                     absl::FormatDuration(limit).c_str());
        // Nothing is destroyed: threads of the scenario may be waiting anywhere.
        std::_Exit(3);
      }) {}

TimeLimit::~TimeLimit() {
  done_.Notify();
  thread_.join();
}

}  // namespace genwatch::chaos

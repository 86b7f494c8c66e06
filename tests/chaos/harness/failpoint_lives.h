#ifndef GENWATCH_TESTS_CHAOS_HARNESS_FAILPOINT_LIVES_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_FAILPOINT_LIVES_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "tests/chaos/harness/random.h"
#include "tests/chaos/harness/service_process.h"

namespace genwatch::chaos {

// Gives a program with failpoints life after life, each with the same rules and a seed of its own,
// and counts what the failpoints did. Not thread-safe.
class FailpointLives {
 public:
  // `log`: a file for what the failpoints do.
  FailpointLives(ServiceProcess* process, std::string log, Random random)
      : process_(process), log_(std::move(log)), random_(random) {}

  // Ends the life there is, if any, and starts one with these rules (common/failpoint.h); without
  // rules nothing is armed.
  absl::Status Begin(const std::string& rules);
  // How often each failpoint did something, over all lives.
  std::map<std::string, int> Injected() const;
  int InjectedInAll() const;

 private:
  ServiceProcess* const process_;
  const std::string log_;
  Random random_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_FAILPOINT_LIVES_H_

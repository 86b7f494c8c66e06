#ifndef GENWATCH_TESTS_CHAOS_HARNESS_SCENARIO_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_SCENARIO_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/chaos/harness/random.h"
#include "tests/chaos/harness/report.h"

namespace genwatch::chaos {

// What a scenario is given.
struct Run {
  uint64_t seed;
  // The short form, for `make test`: a few faults, a few jobs, below 20 s.
  bool brief;
  // An existing folder for the logs of the processes, short enough for unix sockets.
  std::string logs;
  // Draws from it are a function of the seed: draw the whole schedule before anything starts.
  Random random;
  Report& report;

  // The full form's number, or the short form's.
  template <typename T>
  T Size(T full, T in_brief) const {
    return brief ? in_brief : full;
  }
};

struct Scenario {
  std::string name;
  // One sentence.
  std::string shows;
  // It has a short form.
  bool brief;
  // An error means that it could not be carried out; what is wrong with the system goes to the
  // report.
  std::function<absl::Status(Run&)> run;
};

// All that were registered, by name.
std::vector<Scenario> AllScenarios();

// A static of this type in scenarios/<name>.cc registers it.
class RegisterScenario {
 public:
  explicit RegisterScenario(Scenario scenario);
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_SCENARIO_H_

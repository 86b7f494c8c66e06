#include "tests/chaos/harness/scenario.h"

#include <algorithm>
#include <utility>

namespace genwatch::chaos {
namespace {

std::vector<Scenario>& Registered() {
  static auto* const scenarios = new std::vector<Scenario>();
  return *scenarios;
}

}  // namespace

std::vector<Scenario> AllScenarios() {
  std::vector<Scenario> scenarios = Registered();
  std::sort(scenarios.begin(), scenarios.end(),
            [](const Scenario& a, const Scenario& b) { return a.name < b.name; });
  return scenarios;
}

RegisterScenario::RegisterScenario(Scenario scenario) {
  Registered().push_back(std::move(scenario));
}

}  // namespace genwatch::chaos

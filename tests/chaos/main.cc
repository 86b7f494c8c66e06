// chaos --list
// chaos NAME [--seed=N] [--short] [--logs=FOLDER]
//
// Carries out one scenario: the whole system as real processes, with faults injected on a schedule
// that the seed names. One JSON object a line on stdout, the rest on stderr.
//
// Exit status: 0; 1 when something that must show did not; 2 for bad usage; 3 when it took too
// long; 4 when it could not be carried out.

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "tests/chaos/harness/report.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/time_limit.h"
#include "tests/support/temp_dir.h"

namespace genwatch::chaos {
namespace {

// A scenario in its full and in its short form; far more than each should take.
constexpr absl::Duration kLimit = absl::Minutes(9);
constexpr absl::Duration kBriefLimit = absl::Minutes(2);

struct Arguments {
  std::string scenario;
  uint64_t seed = 1;
  bool brief = false;
  bool list = false;
  std::string logs;
};

std::optional<Arguments> Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--list") {
      arguments.list = true;
    } else if (argument == "--short") {
      arguments.brief = true;
    } else if (argument.starts_with("--logs=")) {
      arguments.logs = argument.substr(7);
    } else if (argument.starts_with("--seed=")) {
      const std::string_view number = argument.substr(7);
      const auto [end, error] =
          std::from_chars(number.data(), number.data() + number.size(), arguments.seed);
      if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
    } else if (!argument.starts_with("-") && arguments.scenario.empty()) {
      arguments.scenario = argument;
    } else {
      return std::nullopt;
    }
  }
  if (arguments.list == !arguments.scenario.empty()) return std::nullopt;
  return arguments;
}

void List() {
  for (const Scenario& scenario : AllScenarios()) {
    std::printf("%s%s\n    %s\n", scenario.name.c_str(), scenario.brief ? "" : " (no short form)",
                scenario.shows.c_str());
  }
}

int RunScenario(const Scenario& scenario, const Arguments& arguments, const std::string& logs) {
  Report report(scenario.name, arguments.seed, arguments.brief);
  Run run{.seed = arguments.seed,
          .brief = arguments.brief,
          .logs = logs,
          .random = Random(arguments.seed).Fork(scenario.name),
          .report = report};
  const auto start = std::chrono::steady_clock::now();
  const TimeLimit limit(scenario.name, arguments.brief ? kBriefLimit : kLimit);
  const absl::Status status = scenario.run(run);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  report.Figure(scenario.name + "_seconds", took.count(), "s");
  if (!status.ok()) {
    std::fprintf(stderr, "%s: could not be carried out: %s\n", scenario.name.c_str(),
                 status.ToString().c_str());
    return 4;
  }
  return report.ok() ? 0 : 1;
}

int Main(int argc, char** argv) {
  const std::optional<Arguments> arguments = Parse(argc, argv);
  if (!arguments.has_value()) {
    std::fprintf(stderr, "usage: chaos --list | chaos NAME [--seed=N] [--short] [--logs=FOLDER]\n");
    return 2;
  }
  if (arguments->list) {
    List();
    return 0;
  }
  std::optional<TempDir> own_logs;
  std::string logs = arguments->logs;
  if (logs.empty()) logs = own_logs.emplace().path();
  std::error_code error;
  std::filesystem::create_directories(logs, error);
  if (error) {
    std::fprintf(stderr, "chaos: can't make the folder %s\n", logs.c_str());
    return 2;
  }
  for (const Scenario& scenario : AllScenarios()) {
    if (scenario.name == arguments->scenario) return RunScenario(scenario, *arguments, logs);
  }
  std::fprintf(stderr, "chaos: no scenario is called '%s'; there are:\n",
               arguments->scenario.c_str());
  List();
  return 2;
}

}  // namespace
}  // namespace genwatch::chaos

int main(int argc, char** argv) { return genwatch::chaos::Main(argc, argv); }

// Prints what the estimate of lengths is worth, beside three simpler ones: one JSON object a line.
// `--tuning` takes the seeds for trying things out.

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/eta/replay.h"

namespace genwatch::eta {
namespace {

constexpr int kSeeds = 4;

struct Row {
  std::string name;
  const char* unit;
  std::vector<double> values;  // of each estimator
};

// `brief`: without what few jobs say little about.
std::vector<Row> RowsOf(const std::vector<Score>& scores, const std::string& prefix, bool brief) {
  std::vector<Row> rows;
  const auto add = [&](const std::string& name, const char* unit, auto value) {
    Row& row = rows.emplace_back(Row{prefix + name, unit, {}});
    for (const Score& score : scores) row.values.push_back(value(score));
  };
  for (size_t i = 0; i < kShares.size(); ++i) {
    const std::string at = std::to_string(static_cast<int>(100 * kShares[i]));
    add("points_" + at, "points", [i](const Score& s) { return s.points[i]; });
  }
  for (size_t i = 0; i < kShares.size(); ++i) {
    const std::string at = std::to_string(static_cast<int>(100 * kShares[i]));
    add("ln_ratio_" + at, "ln", [i](const Score& s) { return s.log_ratio[i]; });
  }
  if (brief) return rows;
  add("ln_ratio_ages", "ln", [](const Score& s) { return s.log_ratio_at_ages; });
  add("coverage", "share", [](const Score& s) { return s.coverage; });
  add("coverage_gap", "share", [](const Score& s) { return s.coverage_gap; });
  add("violations", "steps", [](const Score& s) { return static_cast<double>(s.falls); });
  return rows;
}

void Print(const std::vector<Score>& scores, const std::string& prefix, bool brief = false) {
  for (const Row& row : RowsOf(scores, prefix, brief)) {
    std::printf("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\"", row.name.c_str(),
                row.values[0], row.unit);
    for (size_t i = 1; i < scores.size(); ++i) {
      std::printf(", \"%s\": %.3f", std::string(scores[i].estimator).c_str(), row.values[i]);
    }
    std::printf("}\n");
  }
}

int Main(bool tuning) {
  const uint64_t first = tuning ? 1 : kFirstTestSeed;
  Print(ReplayMany({}, first, kSeeds), "eta_score_");
  Print(ReplayMany({.known_classes = false}, first, kSeeds), "eta_score_without_class_");
  // What the first jobs of a new system are told.
  for (const int learned : {0, 10, 30, 100}) {
    const ReplayOptions options{.learned = learned, .scored = 50};
    Print(ReplayMany(options, first, 20 * kSeeds),
          "eta_score_after_" + std::to_string(learned) + "_", /*brief=*/true);
  }
  return 0;
}

}  // namespace
}  // namespace genwatch::eta

int main(int argc, char** argv) {
  return genwatch::eta::Main(argc > 1 && std::string_view(argv[1]) == "--tuning");
}

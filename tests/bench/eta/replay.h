#ifndef GENWATCH_TESTS_BENCH_ETA_REPLAY_H_
#define GENWATCH_TESTS_BENCH_ETA_REPLAY_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace genwatch::eta {

// Replays jobs whose lengths are drawn from the simulator's length models, one after the other, and
// scores what estimators say of them: each job is estimated from the lengths of those before it,
// kept as the ledger keeps them (newest 512 of its kind, those that were cut marked so).

// Seeds below are for trying things out, those from here on are for the figures that are published.
inline constexpr uint64_t kFirstTestSeed = 1000;

struct ReplayOptions {
  uint64_t seed = 0;
  int learned = 1200;  // jobs that end before the first that is scored
  int scored = 4000;
  // The caller says which kind of job it is (job_class); else the history is of the whole model.
  bool known_classes = true;
  int num_predict = 4096;   // what the jobs ask for: longer answers are cut
  double cancelled = 0.05;  // this share of the jobs is cancelled, at any point
};

// Shares of a job at which it is asked how far it is, and ages in tokens.
inline constexpr std::array kShares = {0.25, 0.5, 0.75};
inline constexpr std::array kAges = {32.0, 128.0, 512.0, 1024.0};

// What one estimator is worth. Lower is better, but for coverage, whose target is 0.8.
struct Score {
  std::string_view estimator;
  std::array<double, kShares.size()> points = {};     // mean |t / (t + R50) - share|, in points
  std::array<double, kShares.size()> log_ratio = {};  // median |ln(R50 / R)|
  double log_ratio_at_ages = 0;                       // the same at kAges
  double coverage = 0;      // share of jobs that ended inside of the 80 % band, at kAges
  double coverage_gap = 0;  // mean |coverage - 0.8| over each kind of job at each age
  int64_t falls = 0;        // steps of one token in which the fraction shown fell
  int64_t jobs = 0;
};

// Ours, the first system's rule (2.5 tokens for each of the prompt's), the mean length so far, and
// the conditional median of all lengths together; last, what nobody can have: the conditional
// median of the true distribution. In this order; a pure function of the options.
std::vector<Score> Replay(const ReplayOptions& options);

// The mean scores of `count` replays with seeds from `first_seed` on; falls and jobs are sums.
std::vector<Score> ReplayMany(ReplayOptions options, uint64_t first_seed, int count);

}  // namespace genwatch::eta

#endif  // GENWATCH_TESTS_BENCH_ETA_REPLAY_H_

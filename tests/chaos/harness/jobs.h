#ifndef GENWATCH_TESTS_CHAOS_HARNESS_JOBS_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_JOBS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/chaos/harness/random.h"

namespace genwatch::chaos {

// A job as it is to be submitted. The prompt carries the simulator's orders (how many tokens, how
// fast), so its text is known beforehand.
struct JobPlan {
  std::string owner = "chaos";
  std::string model = "sim-fast:1b";
  std::string prompt;
  // Makes the submit idempotent, so that it may be repeated when its answer is lost.
  std::string request_id;
  // Its deadline between two pieces of the answer; 0: the default.
  uint32_t silence_ms = 0;
};

struct JobKind {
  std::string model = "sim-fast:1b";
  int least_tokens = 20;
  int most_tokens = 200;
  int tokens_per_second = 60;
  std::string owner = "chaos";
  uint32_t silence_ms = 0;
};

// `count` jobs with different prompts. Pure: the same draws make the same jobs.
std::vector<JobPlan> PlanJobs(Random random, int count, const JobKind& kind);

// A job that was acknowledged.
struct SubmittedJob {
  std::string job_id;
  JobPlan plan;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_JOBS_H_

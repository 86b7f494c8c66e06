#ifndef GENWATCH_TESTS_CHAOS_HARNESS_STEADY_CALLER_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_STEADY_CALLER_H_

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/jobs.h"

namespace genwatch::chaos {

// Submits jobs one after the other, on a thread of its own, until it is told to stop. What is
// refused is noted, and submitted again with the same request_id. Stop, then look.
class SteadyCaller {
 public:
  // `pause`: after each submit.
  SteadyCaller(const std::string& address, std::vector<JobPlan> plans, absl::Duration pause);
  ~SteadyCaller();

  // What was acknowledged; the job that was refused last is submitted until it is, too.
  const std::vector<SubmittedJob>& Stop();
  // In words.
  const std::vector<std::string>& refusals() const { return refusals_; }
  // How long the slowest answer took, refusals included.
  absl::Duration slowest() const { return slowest_; }

 private:
  void Run();

  JobClient client_;
  const std::vector<JobPlan> plans_;
  const absl::Duration pause_;
  std::atomic<bool> stopping_ = false;
  std::vector<SubmittedJob> jobs_;
  std::vector<std::string> refusals_;
  absl::Duration slowest_;
  std::thread thread_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_STEADY_CALLER_H_

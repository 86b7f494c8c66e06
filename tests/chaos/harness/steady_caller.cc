#include "tests/chaos/harness/steady_caller.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "common/clock.h"

namespace genwatch::chaos {
namespace {

// Longer than anything that keeps a submit: an answer that takes so long is one that failed.
constexpr absl::Duration kDeadline = absl::Seconds(15);
constexpr absl::Duration kLastJob = absl::Seconds(60);

}  // namespace

SteadyCaller::SteadyCaller(const std::string& address, std::vector<JobPlan> plans,
                           absl::Duration pause)
    : client_(address), plans_(std::move(plans)), pause_(pause), thread_([this] { Run(); }) {}

SteadyCaller::~SteadyCaller() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

const std::vector<SubmittedJob>& SteadyCaller::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  return jobs_;
}

void SteadyCaller::Run() {
  absl::Duration give_up = absl::InfiniteDuration();
  bool refused = false;
  while (jobs_.size() < plans_.size()) {
    const absl::Duration asked = RealClock()->Monotonic();
    if (stopping_ && give_up == absl::InfiniteDuration()) give_up = asked + kLastJob;
    if (stopping_ && (!refused || asked > give_up)) return;
    const JobPlan& plan = plans_[jobs_.size()];
    const auto job_id = client_.Submit(plan, kDeadline);
    slowest_ = std::max(slowest_, RealClock()->Monotonic() - asked);
    refused = !job_id.ok();
    if (refused) {
      refusals_.push_back(job_id.status().ToString());
    } else {
      jobs_.push_back({.job_id = *job_id, .plan = plan});
    }
    absl::SleepFor(pause_);
  }
}

}  // namespace genwatch::chaos

#include "job_service/job_waiters.h"

#include <set>
#include <utility>
#include <vector>

#include "common/status.h"

namespace genwatch {
namespace {

constexpr size_t kMostWaiters = 10'000;

}  // namespace

void JobWaiters::Add(const std::string& job_id, uint32_t known_version, absl::Duration wait,
                     Answer answer) {
  {
    MutexLock lock(mutex_);
    if (waiters_.size() < kMostWaiters) {
      waiters_[next_id_++] = {
          .job_id = job_id,
          .known_version = known_version,
          .deadline = clock_->Monotonic() + (shut_down_ ? absl::ZeroDuration() : wait),
          .answer = std::move(answer)};
      return;
    }
  }
  answer(WithRetryAfter(Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_WAITERS",
                              "too many calls wait for jobs; ask without wait_ms"),
                        absl::Seconds(1)));
}

void JobWaiters::Look() {
  std::set<std::string> ids;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, waiter] : waiters_) ids.insert(waiter.job_id);
  }
  if (ids.empty()) return;
  absl::StatusOr<std::vector<JobRecord>> jobs =
      store_->GetManyBriefly(std::vector<std::string>(ids.begin(), ids.end()));
  std::map<std::string, JobRecord> by_id;
  if (jobs.ok()) {
    for (JobRecord& job : *jobs) by_id.emplace(job.job_id, std::move(job));
  }
  std::vector<std::pair<Waiter, absl::Status>> answers;
  {
    MutexLock lock(mutex_);
    const absl::Duration now = clock_->Monotonic();
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      Waiter& waiter = it->second;
      const auto job = by_id.find(waiter.job_id);
      const bool over = now >= waiter.deadline;
      const bool asked = ids.count(waiter.job_id) > 0;
      const bool changed = job != by_id.end() && job->second.version > waiter.known_version;
      const bool gone = jobs.ok() && asked && job == by_id.end();
      if (!asked || !(changed || gone || over)) {
        ++it;
        continue;
      }
      answers.emplace_back(std::move(waiter), jobs.status());
      it = waiters_.erase(it);
    }
  }
  for (auto& [waiter, status] : answers) {
    waiter.answer(status.ok() ? store_->Get(waiter.job_id) : absl::StatusOr<JobRecord>(status));
  }
}

void JobWaiters::Shutdown() {
  {
    MutexLock lock(mutex_);
    shut_down_ = true;
    for (auto& [id, waiter] : waiters_) waiter.deadline = -absl::InfiniteDuration();
  }
  Look();
}

}  // namespace genwatch

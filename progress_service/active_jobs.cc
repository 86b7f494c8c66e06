#include "progress_service/active_jobs.h"

#include <algorithm>
#include <utility>

namespace genwatch {

ActiveJobs::Subscription::Subscription(Subscription&& other) noexcept { *this = std::move(other); }

ActiveJobs::Subscription& ActiveJobs::Subscription::operator=(Subscription&& other) noexcept {
  if (this == &other) return *this;
  if (active_ != nullptr) active_->Unsubscribe(*this);
  active_ = std::exchange(other.active_, nullptr);
  owner_ = std::move(other.owner_);
  wake_ = std::move(other.wake_);
  return *this;
}

ActiveJobs::Subscription::~Subscription() {
  if (active_ != nullptr) active_->Unsubscribe(*this);
}

ActiveJobs::JobIds ActiveJobs::Subscription::job_ids() const {
  if (active_ == nullptr) return nullptr;
  MutexLock lock(active_->mutex_);
  return active_->owners_.at(owner_).job_ids;
}

ActiveJobs::Subscription ActiveJobs::Subscribe(const std::string& owner,
                                               std::shared_ptr<const Wake> wake) {
  Subscription subscription;
  subscription.active_ = this;
  subscription.owner_ = owner;
  subscription.wake_ = wake;
  bool first = false;
  {
    MutexLock lock(mutex_);
    Owner& entry = owners_[owner];
    entry.wakes.push_back(std::move(wake));
    first = entry.job_ids == nullptr;
  }
  if (first) kick_();
  return subscription;
}

std::vector<std::string> ActiveJobs::Owners(bool all) const {
  std::vector<std::string> owners;
  MutexLock lock(mutex_);
  for (const auto& [owner, entry] : owners_) {
    if (all || entry.job_ids == nullptr) owners.push_back(owner);
  }
  return owners;
}

void ActiveJobs::Merge(const std::string& owner, std::vector<std::string> job_ids) {
  std::vector<std::shared_ptr<const Wake>> wakes;
  {
    MutexLock lock(mutex_);
    const auto found = owners_.find(owner);
    if (found == owners_.end()) return;
    JobIds& known = found->second.job_ids;
    if (known != nullptr && *known == job_ids) return;
    known = std::make_shared<const std::vector<std::string>>(std::move(job_ids));
    wakes = found->second.wakes;
  }
  for (const auto& wake : wakes) (*wake)();
}

void ActiveJobs::Unsubscribe(const Subscription& subscription) {
  MutexLock lock(mutex_);
  const auto found = owners_.find(subscription.owner_);
  std::vector<std::shared_ptr<const Wake>>& wakes = found->second.wakes;
  wakes.erase(std::find(wakes.begin(), wakes.end(), subscription.wake_));
  if (wakes.empty()) owners_.erase(found);
}

}  // namespace genwatch

#ifndef GENWATCH_PROGRESS_SERVICE_ACTIVE_JOBS_H_
#define GENWATCH_PROGRESS_SERVICE_ACTIVE_JOBS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/mutex.h"

namespace genwatch {

// Which jobs of an owner have not ended, for those who watch all of them: one list per owner,
// however many watch. Thread-safe. Outlives its subscriptions.
class ActiveJobs {
 public:
  using Wake = std::function<void()>;
  using JobIds = std::shared_ptr<const std::vector<std::string>>;

  ActiveJobs() = default;
  ActiveJobs(const ActiveJobs&) = delete;
  ActiveJobs& operator=(const ActiveJobs&) = delete;

  // Destroyed: no wake-up begins any more; one that has begun may still come.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

    // Null until the ledger told; another pointer after each change.
    JobIds job_ids() const;

   private:
    friend class ActiveJobs;
    ActiveJobs* active_ = nullptr;
    std::string owner_;
    std::shared_ptr<const Wake> wake_;
  };

  // Must not block; is called without locks when the owner's list changed.
  Subscription Subscribe(const std::string& owner, std::shared_ptr<const Wake> wake);

  // Called, without locks, when an owner's list is wanted at once. Set before anything else.
  void SetKick(Wake kick) { kick_ = std::move(kick); }

  // For the poll: whose lists are wanted, and only those never heard if not `all`.
  std::vector<std::string> Owners(bool all) const;
  void Merge(const std::string& owner, std::vector<std::string> job_ids);

 private:
  struct Owner {
    JobIds job_ids;
    std::vector<std::shared_ptr<const Wake>> wakes;
  };

  void Unsubscribe(const Subscription& subscription);

  Wake kick_ = [] {};
  mutable Mutex mutex_;
  std::unordered_map<std::string, Owner> owners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_ACTIVE_JOBS_H_

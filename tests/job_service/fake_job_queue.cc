#include "tests/job_service/fake_job_queue.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status.h"
#include "job_service/serving_order.h"

namespace genwatch {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr absl::Duration kStaleLeasing = absl::Seconds(5);

absl::Status NotRebuilt() {
  return Error(absl::StatusCode::kFailedPrecondition, "QUEUE_NOT_REBUILT",
               "the queue is being rebuilt from the ledger");
}

}  // namespace

class FakeJobQueue::Handle : public JobQueue::Subscription {
 public:
  Handle(FakeJobQueue* queue, int id) : queue_(queue), id_(id) {}
  ~Handle() override {
    MutexLock lock(queue_->mutex_);
    queue_->listeners_.erase(id_);
  }

 private:
  FakeJobQueue* const queue_;
  const int id_;
};

FakeJobQueue::Key FakeJobQueue::KeyOf(const Job& job) {
  return {job.score, absl::StrCat(absl::StrFormat("%016x", job.entry.order), job.entry.job_id)};
}

absl::Status FakeJobQueue::UpLocked() const {
  if (!down_) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, "QUEUE_UNAVAILABLE", "the queue can't be reached");
}

void FakeJobQueue::RestartEmpty() {
  MutexLock lock(mutex_);
  ++server_;
  rebuilt_.clear();
  v_ = 0;
  f_.clear();
  jobs_.clear();
  queues_.clear();
}

void FakeJobQueue::SetDown(bool down) {
  MutexLock lock(mutex_);
  down_ = down;
}

absl::StatusOr<std::string> FakeJobQueue::ServerId() {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  return absl::StrCat("server-", server_);
}

absl::Status FakeJobQueue::MarkRebuilt(const std::string& server_id) {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  rebuilt_ = server_id;
  return absl::OkStatus();
}

absl::StatusOr<bool> FakeJobQueue::IsRebuilt() {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  return rebuilt_ == absl::StrCat("server-", server_);
}

absl::StatusOr<uint32_t> FakeJobQueue::Enqueue(absl::Span<const QueueEntry> entries,
                                               bool rebuilding) {
  std::vector<std::string> woken;
  std::vector<std::function<void(const std::string&)>> listeners;
  {
    MutexLock lock(mutex_);
    if (absl::Status up = UpLocked(); !up.ok()) return up;
    if (!rebuilding && rebuilt_ != absl::StrCat("server-", server_)) return NotRebuilt();
    for (const QueueEntry& entry : entries) {
      if (jobs_.count(entry.job_id) > 0) continue;
      Job job{.entry = entry, .enqueued = clock_->Monotonic()};
      if (entry.score) {
        job.score = *entry.score;
      } else {
        const double start = std::max(v_, f_[entry.owner_id]);
        f_[entry.owner_id] = start + 1;
        job.score = start - PriorityBonus(entry.priority);
      }
      queues_[entry.model][KeyOf(job)] = entry.job_id;
      jobs_[entry.job_id] = job;
      woken.push_back(entry.model);
    }
    for (const auto& [id, listener] : listeners_) listeners.push_back(listener);
  }
  for (const std::string& model : woken) {
    for (const auto& listener : listeners) listener(model);
  }
  return static_cast<uint32_t>(woken.size());
}

absl::StatusOr<std::vector<PoppedJob>> FakeJobQueue::Pop(absl::Span<const ModelDemand> demands,
                                                         uint32_t max_jobs) {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  if (rebuilt_ != absl::StrCat("server-", server_)) return NotRebuilt();
  std::vector<ModelDemand> left(demands.begin(), demands.end());
  std::vector<PoppedJob> popped;
  while (popped.size() < max_jobs) {
    ModelDemand* best[2] = {nullptr, nullptr};  // by `loaded`
    for (ModelDemand& demand : left) {
      if (demand.free == 0 || queues_[demand.model].empty()) continue;
      ModelDemand*& slot = best[demand.loaded ? 1 : 0];
      if (slot == nullptr ||
          queues_[demand.model].begin()->first.first < queues_[slot->model].begin()->first.first) {
        slot = &demand;
      }
    }
    const auto head = [this](const ModelDemand* demand) ABSL_NO_THREAD_SAFETY_ANALYSIS -> Job& {
      return jobs_[queues_[demand->model].begin()->second];
    };
    ModelDemand* chosen = best[1] != nullptr ? best[1] : best[0];
    if (chosen == nullptr) break;
    if (best[0] != nullptr && best[1] != nullptr &&
        head(best[0]).enqueued + kPatience < head(best[1]).enqueued) {
      chosen = best[0];
    }
    Job& job = head(chosen);
    queues_[chosen->model].erase(queues_[chosen->model].begin());
    job.leasing = true;
    job.leasing_since = clock_->Monotonic();
    v_ = std::max(v_ + kLeaseStep, job.score);
    if (auto f = f_.find(job.entry.owner_id); f != f_.end() && f->second <= v_) f_.erase(f);
    popped.push_back({.job_id = job.entry.job_id, .model = chosen->model, .score = job.score});
    --chosen->free;
  }
  return popped;
}

absl::Status FakeJobQueue::Confirm(absl::Span<const std::string> job_ids) {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  for (const std::string& job_id : job_ids) {
    if (auto it = jobs_.find(job_id); it != jobs_.end() && it->second.leasing) jobs_.erase(it);
  }
  return absl::OkStatus();
}

bool FakeJobQueue::PutBackLocked(const std::string& job_id) {
  auto it = jobs_.find(job_id);
  if (it == jobs_.end() || !it->second.leasing) return false;
  it->second.leasing = false;
  queues_[it->second.entry.model][KeyOf(it->second)] = job_id;
  return true;
}

absl::Status FakeJobQueue::PutBack(absl::Span<const PoppedJob> jobs) {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  for (const PoppedJob& job : jobs) PutBackLocked(job.job_id);
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> FakeJobQueue::PutBackStale() {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  std::vector<std::string> stale;
  for (const auto& [job_id, job] : jobs_) {
    if (job.leasing && clock_->Monotonic() - job.leasing_since > kStaleLeasing) {
      stale.push_back(job_id);
    }
  }
  for (const std::string& job_id : stale) PutBackLocked(job_id);
  return static_cast<uint32_t>(stale.size());
}

absl::Status FakeJobQueue::Remove(const QueueEntry& entry) {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  auto it = jobs_.find(entry.job_id);
  if (it == jobs_.end()) return absl::OkStatus();
  const Job& job = it->second;
  if (!job.leasing) {
    queues_[job.entry.model].erase(KeyOf(job));
    auto f = f_.find(job.entry.owner_id);
    if (f != f_.end()) {
      if (f->second - 1 > v_) {
        f->second -= 1;
      } else {
        f_.erase(f);
      }
    }
  }
  jobs_.erase(it);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<QueuePlace>> FakeJobQueue::Places(absl::Span<const QueueEntry> entries) {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  std::vector<QueuePlace> places;
  for (const QueueEntry& entry : entries) {
    QueuePlace place;
    if (auto it = jobs_.find(entry.job_id); it != jobs_.end()) {
      const std::map<Key, std::string>& queue = queues_[it->second.entry.model];
      place.size = static_cast<uint32_t>(queue.size());
      if (auto position = queue.find(KeyOf(it->second)); position != queue.end()) {
        place.position = static_cast<uint32_t>(std::distance(queue.begin(), position)) + 1;
      }
    }
    places.push_back(place);
  }
  return places;
}

absl::StatusOr<std::vector<std::string>> FakeJobQueue::Peek(const std::string& model, uint32_t from,
                                                            uint32_t limit) {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  std::vector<std::string> ids;
  for (const auto& [key, job_id] : queues_[model]) {
    if (from > 0) {
      --from;
    } else if (ids.size() < limit) {
      ids.push_back(job_id);
    }
  }
  return ids;
}

absl::StatusOr<std::vector<std::string>> FakeJobQueue::Models() {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  std::vector<std::string> models;
  for (const auto& [model, queue] : queues_) models.push_back(model);
  return models;
}

std::unique_ptr<JobQueue::Subscription> FakeJobQueue::OnEnqueued(
    std::function<void(const std::string&)> woken) {
  MutexLock lock(mutex_);
  listeners_[next_listener_] = std::move(woken);
  return std::make_unique<Handle>(this, next_listener_++);
}

}  // namespace genwatch

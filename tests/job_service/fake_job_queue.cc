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

double FakeJobQueue::StartOf(const Job& job) {
  return job.score + PriorityBonus(job.entry.priority);
}

FakeJobQueue::Queue* FakeJobQueue::Find(const std::string& model) {
  auto it = queues_.find(model);
  return it == queues_.end() ? nullptr : &it->second;
}

void FakeJobQueue::EnterLocked(const Job& job) {
  auto [it, is_new] = queues_.try_emplace(job.entry.model);
  Queue& queue = it->second;
  if (is_new) {
    auto idle = idle_.find(job.entry.model);
    queue.turn = std::max(u_, idle == idle_.end() ? 0 : idle->second);
    if (idle != idle_.end()) idle_.erase(idle);
  }
  queue.jobs[KeyOf(job)] = job.entry.job_id;
  Waiting& waiting = queue.owners[job.entry.owner_id];
  waiting.last = waiting.count == 0 ? StartOf(job) : std::max(waiting.last, StartOf(job));
  ++waiting.count;
}

void FakeJobQueue::LeaveLocked(const Job& job, bool given_back) {
  Queue& queue = queues_.at(job.entry.model);
  queue.jobs.erase(KeyOf(job));
  Waiting& waiting = queue.owners[job.entry.owner_id];
  if (given_back && waiting.last == StartOf(job)) waiting.last -= 1;
  if (--waiting.count == 0) queue.owners.erase(job.entry.owner_id);
  if (!queue.jobs.empty()) return;
  if (queue.turn > u_) idle_[job.entry.model] = queue.turn;
  queues_.erase(job.entry.model);
}

void FakeJobQueue::MoveLocked(Job& job, v1::Priority priority) {
  Queue* queue = job.leasing ? nullptr : Find(job.entry.model);
  if (queue != nullptr) queue->jobs.erase(KeyOf(job));
  job.score += PriorityBonus(job.entry.priority) - PriorityBonus(priority);
  job.entry.priority = priority;
  if (queue != nullptr) queue->jobs[KeyOf(job)] = job.entry.job_id;
}

double FakeJobQueue::KeyOfTurn(const std::string& model) {
  const Queue& queue = queues_.at(model);
  const Job& head = jobs_.at(queue.jobs.begin()->second);
  return std::max(queue.turn, u_ - kMostBehind) - PriorityBonus(head.entry.priority);
}

absl::Status FakeJobQueue::UpLocked() const {
  if (!down_) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, "QUEUE_UNAVAILABLE", "the queue can't be reached");
}

void FakeJobQueue::RestartEmpty() {
  MutexLock lock(mutex_);
  ++server_;
  rebuilt_.clear();
  u_ = 0;
  idle_.clear();
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
      if (auto it = jobs_.find(entry.job_id); it != jobs_.end()) {
        if (it->second.entry.priority != entry.priority) MoveLocked(it->second, entry.priority);
        continue;
      }
      Job job{.entry = entry, .enqueued = clock_->Monotonic()};
      Queue* const queue = Find(entry.model);
      const double v = queue == nullptr ? 0 : queue->v;
      const double p = queue == nullptr ? 0 : queue->p;
      bool newcomer = false;
      if (entry.score) {
        job.score = std::min(*entry.score, p);
      } else {
        const Waiting waiting = queue == nullptr ? Waiting() : queue->owners[entry.owner_id];
        double start = queue == nullptr ? 0 : queue->served[entry.owner_id];
        if (waiting.count > 0) {
          start = std::max({start, waiting.last + 1, p});
        } else {
          newcomer = start <= v;
          start = std::max(start, v);
        }
        job.score = start - PriorityBonus(entry.priority);
      }
      EnterLocked(job);
      if (newcomer) queues_.at(entry.model).v = v + kNewcomerStep;
      jobs_[entry.job_id] = job;
      woken.push_back(entry.model);
    }
    for (const auto& [id, listener] : listeners_) listeners.push_back(listener);
  }
  if (rebuilding) listeners.clear();
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
  const auto head = [this](const ModelDemand& demand) ABSL_NO_THREAD_SAFETY_ANALYSIS -> Job& {
    return jobs_.at(queues_.at(demand.model).jobs.begin()->second);
  };
  while (popped.size() < max_jobs) {
    ModelDemand* best[2] = {nullptr, nullptr};  // by `loaded`
    for (ModelDemand& demand : left) {
      if (demand.free == 0 || Find(demand.model) == nullptr) continue;
      ModelDemand*& slot = best[demand.loaded ? 1 : 0];
      if (slot == nullptr ||
          std::make_pair(KeyOfTurn(demand.model), KeyOf(head(demand)).second) <
              std::make_pair(KeyOfTurn(slot->model), KeyOf(head(*slot)).second)) {
        slot = &demand;
      }
    }
    ModelDemand* chosen = best[1] != nullptr ? best[1] : best[0];
    if (chosen == nullptr) break;
    if (best[0] != nullptr && best[1] != nullptr &&
        head(*best[0]).enqueued + kPatience < head(*best[1]).enqueued) {
      chosen = best[0];
    }
    Job& job = head(*chosen);
    Queue& queue = queues_.at(chosen->model);
    queue.p = std::max(queue.p, job.score);
    queue.v = std::max(queue.v, queue.p);
    double& served = queue.served[job.entry.owner_id];
    served = std::max(served, StartOf(job) + 1);
    for (auto it = queue.served.begin(); it != queue.served.end();) {
      it = it->second <= queue.p ? queue.served.erase(it) : std::next(it);
    }
    const double turn = std::max(queue.turn, u_ - kMostBehind);
    queue.turn = turn + 1;
    u_ = std::max(u_, turn);
    LeaveLocked(job, /*given_back=*/false);
    for (auto it = idle_.begin(); it != idle_.end();) {
      it = it->second <= u_ ? idle_.erase(it) : std::next(it);
    }
    job.leasing = true;
    job.leasing_since = clock_->Monotonic();
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
  Job& job = it->second;
  job.leasing = false;
  const Queue* const queue = Find(job.entry.model);
  job.score = std::min(job.score, queue == nullptr ? 0 : queue->p);
  EnterLocked(job);
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
  if (!it->second.leasing) LeaveLocked(it->second, /*given_back=*/true);
  jobs_.erase(it);
  return absl::OkStatus();
}

absl::Status FakeJobQueue::Reprioritize(const QueueEntry& entry) {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  if (auto it = jobs_.find(entry.job_id); it != jobs_.end()) MoveLocked(it->second, entry.priority);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<QueuePlace>> FakeJobQueue::Places(absl::Span<const QueueEntry> entries) {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  std::vector<QueuePlace> places;
  for (const QueueEntry& entry : entries) {
    QueuePlace place;
    auto it = jobs_.find(entry.job_id);
    if (const Queue* waiting = it == jobs_.end() ? nullptr : Find(it->second.entry.model)) {
      const std::map<Key, std::string>& queue = waiting->jobs;
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
  const Queue* const queue = Find(model);
  if (queue == nullptr) return ids;
  for (const auto& [key, job_id] : queue->jobs) {
    if (from > 0) {
      --from;
    } else if (ids.size() < limit) {
      ids.push_back(job_id);
    }
  }
  return ids;
}

absl::StatusOr<std::vector<QueueSize>> FakeJobQueue::Sizes() {
  MutexLock lock(mutex_);
  if (absl::Status up = UpLocked(); !up.ok()) return up;
  std::vector<QueueSize> sizes;
  for (const auto& [model, queue] : queues_) {
    sizes.push_back({.model = model, .waiting = static_cast<uint32_t>(queue.jobs.size())});
  }
  return sizes;
}

std::unique_ptr<JobQueue::Subscription> FakeJobQueue::OnEnqueued(
    std::function<void(const std::string&)> woken) {
  MutexLock lock(mutex_);
  listeners_[next_listener_] = std::move(woken);
  return std::make_unique<Handle>(this, next_listener_++);
}

}  // namespace genwatch

#include "tests/job_service/serving_model.h"

#include <algorithm>
#include <tuple>

#include "job_service/serving_order.h"

namespace genwatch {

double ServingModel::Job::score() const { return start - PriorityBonus(entry.priority); }

const ServingModel::Job* ServingModel::Find(const std::string& job_id) const {
  for (const Job& job : jobs_) {
    if (job.entry.job_id == job_id && job.state != State::kGone) return &job;
  }
  return nullptr;
}

ServingModel::Job* ServingModel::FindMutable(const std::string& job_id) {
  return const_cast<Job*>(Find(job_id));
}

std::vector<const ServingModel::Job*> ServingModel::Waiting(const std::string& model) const {
  std::vector<const Job*> waiting;
  for (const Job& job : jobs_) {
    if (job.state == State::kWaiting && job.entry.model == model) waiting.push_back(&job);
  }
  std::sort(waiting.begin(), waiting.end(), [](const Job* a, const Job* b) {
    return std::make_tuple(a->score(), a->entry.order) <
           std::make_tuple(b->score(), b->entry.order);
  });
  return waiting;
}

size_t ServingModel::CountOf(const std::string& model, const std::string& owner) const {
  size_t count = 0;
  for (const Job* job : Waiting(model)) count += job->entry.owner_id == owner ? 1 : 0;
  return count;
}

double ServingModel::Clock(const std::string& model) const {
  const auto it = queues_.find(model);
  return it == queues_.end() ? 0 : it->second.v;
}

double ServingModel::Served(const std::string& model) const {
  const auto it = queues_.find(model);
  return it == queues_.end() ? 0 : it->second.p;
}

size_t ServingModel::ActiveOwners(const std::string& model) const {
  const auto it = queues_.find(model);
  if (it == queues_.end()) return 0;
  size_t count = 0;
  for (const auto& [name, owner] : it->second.owners) {
    count += owner.served > it->second.p || CountOf(model, name) > 0 ? 1 : 0;
  }
  return count;
}

void ServingModel::Enter(Job& job) {
  const std::string& model = job.entry.model;
  if (Waiting(model).empty()) turns_[model] = std::max(turns_[model], u_);
  Owner& owner = queues_[model].owners[job.entry.owner_id];
  owner.last =
      CountOf(model, job.entry.owner_id) == 0 ? job.start : std::max(owner.last, job.start);
  job.state = State::kWaiting;
}

void ServingModel::ForgetIfEmpty(const std::string& model) {
  if (Waiting(model).empty()) queues_.erase(model);
}

bool ServingModel::Enqueue(const QueueEntry& entry) {
  if (Find(entry.job_id) != nullptr) {
    Reprioritize(entry.job_id, entry.priority);
    return false;
  }
  Queue& queue = queues_[entry.model];
  Owner& owner = queue.owners[entry.owner_id];
  Job job{.entry = entry, .arrival = ++arrivals_, .state = State::kGone};
  if (entry.score) {
    job.start = std::min(*entry.score, queue.p) + PriorityBonus(entry.priority);
  } else {
    if (CountOf(entry.model, entry.owner_id) > 0) {
      job.start = std::max({queue.p, owner.served, owner.last + 1});
    } else {
      job.start = std::max(queue.v, owner.served);
      if (job.start == queue.v) queue.v += 1.0 / 16;
    }
  }
  Enter(job);
  jobs_.push_back(job);
  return true;
}

double ServingModel::KeyOf(const std::string& model) const {
  return std::max(turns_.at(model), u_ - 32) -
         PriorityBonus(Waiting(model).front()->entry.priority);
}

std::vector<PoppedJob> ServingModel::Pop(const std::vector<ModelDemand>& demands,
                                         uint32_t max_jobs) {
  std::vector<PoppedJob> popped;
  std::map<std::string, uint32_t> free;
  for (const ModelDemand& demand : demands) free[demand.model] = demand.free;
  while (popped.size() < max_jobs) {
    Job* next = nullptr;
    for (const auto& [model, left] : free) {
      const std::vector<const Job*> waiting = Waiting(model);
      if (left == 0 || waiting.empty()) continue;
      if (next == nullptr || std::make_tuple(KeyOf(model), waiting.front()->entry.order) <
                                 std::make_tuple(KeyOf(next->entry.model), next->entry.order)) {
        next = FindMutable(waiting.front()->entry.job_id);
      }
    }
    if (next == nullptr) break;
    const std::string model = next->entry.model;
    Queue& queue = queues_[model];
    queue.p = std::max(queue.p, next->score());
    queue.v = std::max(queue.v, queue.p);
    Owner& owner = queue.owners[next->entry.owner_id];
    owner.served = std::max(owner.served, next->start + 1);
    const double turn = std::max(turns_[model], u_ - 32);
    turns_[model] = turn + 1;
    u_ = std::max(u_, turn);
    next->state = State::kLeasing;
    popped.push_back({.job_id = next->entry.job_id, .model = model, .score = next->score()});
    --free[model];
    ForgetIfEmpty(model);
  }
  return popped;
}

void ServingModel::Confirm(const std::string& job_id) {
  Job* job = FindMutable(job_id);
  if (job != nullptr && job->state == State::kLeasing) job->state = State::kGone;
}

void ServingModel::PutBack(const std::string& job_id) {
  Job* job = FindMutable(job_id);
  if (job == nullptr || job->state != State::kLeasing) return;
  const double score = std::min(job->score(), Served(job->entry.model));
  job->start = score + PriorityBonus(job->entry.priority);
  Enter(*job);
}

void ServingModel::Remove(const std::string& job_id) {
  Job* job = FindMutable(job_id);
  if (job == nullptr) return;
  if (job->state == State::kWaiting) {
    Owner& owner = queues_[job->entry.model].owners[job->entry.owner_id];
    if (owner.last == job->start) owner.last -= 1;
  }
  job->state = State::kGone;
  ForgetIfEmpty(job->entry.model);
}

void ServingModel::Reprioritize(const std::string& job_id, v1::Priority priority) {
  if (Job* job = FindMutable(job_id)) job->entry.priority = priority;
}

}  // namespace genwatch

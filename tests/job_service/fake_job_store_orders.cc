#include <algorithm>

#include "common/status.h"
#include "job_service/job_change.h"
#include "tests/job_service/fake_job_store.h"

// Orders that change no state, and what people are shown of the queue.

namespace genwatch {

absl::StatusOr<JobRecord> FakeJobStore::SetPriority(const std::string& owner_id,
                                                    const std::string& job_id,
                                                    v1::Priority priority) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  Entry* const entry = FindLocked(job_id);
  if (entry == nullptr || entry->job.owner_id != owner_id) return JobNotFound(job_id);
  if (!MayChangePriority(entry->job.state)) {
    return WrongState("UpdateJob", job_id, entry->job.state);
  }
  ApplyPriority(priority, entry->job);
  return ReadLocked(*entry);
}

absl::Status FakeJobStore::Delete(const std::string& owner_id, const std::string& job_id) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  const Entry* const entry = FindLocked(job_id);
  if (entry == nullptr || entry->job.owner_id != owner_id) return JobNotFound(job_id);
  if (!IsTerminal(entry->job.state)) return WrongState("DeleteJob", job_id, entry->job.state);
  retries_.erase(entry->job.retry_of);
  jobs_.erase(job_id);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<AttemptRecord>> FakeJobStore::ListAttempts(const std::string& job_id) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  const Entry* const entry = FindLocked(job_id);
  if (entry == nullptr) return std::vector<AttemptRecord>();
  std::vector<AttemptRecord> attempts = entry->attempts;
  for (size_t i = 0; i < attempts.size(); ++i) {
    const v1::LeaseBase& base = entry->job.bases.at(i);
    attempts[i].base = {.answer = base.answer(), .thinking = base.thinking()};
  }
  return attempts;
}

absl::StatusOr<std::vector<JobRecord>> FakeJobStore::ListRunning(const std::string& model,
                                                                 size_t limit) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<JobRecord> running;
  for (const auto& [job_id, entry] : jobs_) {
    if (entry.job.state == v1::Job::STATE_PROCESSING && entry.job.spec.model() == model) {
      running.push_back(Brief(ReadLocked(entry)));
    }
  }
  std::sort(running.begin(), running.end(),
            [](const JobRecord& a, const JobRecord& b) { return a.row_id < b.row_id; });
  if (running.size() > limit) running.resize(limit);
  return running;
}

absl::StatusOr<std::vector<WaitingSuspect>> FakeJobStore::ListSuspects() {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<WaitingSuspect> suspects;
  for (const auto& [job_id, entry] : jobs_) {
    const JobRecord& job = entry.job;
    if (!IsWaitingSuspect(job) || job.not_before.has_value()) continue;
    if (holds_.count(job.spec.model()) > 0) continue;
    suspects.push_back({.job_id = job_id, .version = job.version, .model = job.spec.model()});
  }
  return suspects;
}

absl::StatusOr<std::vector<ModelLoad>> FakeJobStore::ListLoads() {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::map<std::string, ModelLoad> by_model;
  for (const auto& [job_id, entry] : jobs_) {
    const JobRecord& job = entry.job;
    if (job.state == v1::Job::STATE_PROCESSING) ++by_model[job.spec.model()].running;
    if (job.state == v1::Job::STATE_QUEUED && job.not_before.has_value()) {
      ++by_model[job.spec.model()].retrying;
    }
  }
  std::vector<ModelLoad> loads;
  for (auto& [model, load] : by_model) {
    load.model = model;
    loads.push_back(load);
  }
  return loads;
}

absl::StatusOr<std::vector<ModelHold>> FakeJobStore::ListHolds() {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<ModelHold> holds;
  for (const auto& [model, hold] : holds_) holds.push_back(hold);
  return holds;
}

absl::Status FakeJobStore::Hold(const std::string& model, const std::string& note) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  ModelHold& hold = holds_[model];
  if (hold.model.empty()) hold.held_at = Now();
  hold.model = model;
  hold.note = note;
  return absl::OkStatus();
}

absl::Status FakeJobStore::Release(const std::string& model) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  holds_.erase(model);
  return absl::OkStatus();
}

}  // namespace genwatch

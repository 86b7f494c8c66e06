#include "job_service/queue_view.h"

#include <algorithm>
#include <set>
#include <utility>

#include "job_service/job_proto.h"
#include "job_service/queue_feeder.h"

namespace genwatch {
namespace {

constexpr size_t kMostRunning = 100;
constexpr uint32_t kMostWaiting = 100;
constexpr size_t kMostOwn = 500;

v1::QueueEntry ToEntry(const JobRecord& job, const Caller& caller) {
  v1::QueueEntry entry;
  entry.set_state(job.state);
  *entry.mutable_create_time() = ToTimestamp(job.created_at);
  const bool mine = job.owner_id == caller.name;
  if (!mine && !caller.is_operator) return entry;
  entry.set_job_id(job.job_id);
  entry.set_priority(job.spec.priority());
  if (!mine) return entry;
  entry.set_mine(true);
  entry.set_percent(job.numbers.percent());
  return entry;
}

}  // namespace

// What is read once for all models.
struct QueueView::Seen {
  Caller caller;
  std::map<std::string, ModelHold> holds;
  std::map<std::string, ModelLoad> loads;
  std::map<std::string, uint32_t> sizes;
  // The caller's jobs that wait, by model.
  std::map<std::string, std::vector<JobRecord>> own;
};

absl::StatusOr<v1::GetQueueResponse> QueueView::Look(const Caller& caller,
                                                     const std::string& model) {
  Seen seen{.caller = caller};
  absl::StatusOr<std::vector<ModelHold>> holds = holds_->List();
  if (!holds.ok()) return holds.status();
  for (const ModelHold& hold : *holds) seen.holds[hold.model] = hold;
  absl::StatusOr<std::vector<ModelLoad>> loads = store_->ListLoads();
  if (!loads.ok()) return loads.status();
  for (const ModelLoad& load : *loads) seen.loads[load.model] = load;
  absl::StatusOr<std::vector<std::string>> active = store_->ListActive(caller.name, kMostOwn);
  if (!active.ok()) return active.status();
  absl::StatusOr<std::vector<JobRecord>> own = store_->GetManyBriefly(*active);
  if (!own.ok()) return own.status();
  for (JobRecord& job : *own) {
    if (job.state == v1::Job::STATE_QUEUED) seen.own[job.spec.model()].push_back(std::move(job));
  }

  absl::StatusOr<std::vector<QueueSize>> sizes = queue_->Sizes();
  if (!sizes.ok()) return sizes.status();
  for (const QueueSize& size : *sizes) seen.sizes[size.model] = size.waiting;

  std::set<std::string> models;
  if (!model.empty()) {
    models.insert(model);
  } else {
    for (const auto& [name, size] : seen.sizes) models.insert(name);
    for (const auto& [name, hold] : seen.holds) models.insert(name);
    for (const auto& [name, load] : seen.loads) models.insert(name);
  }
  v1::GetQueueResponse response;
  response.set_caller_is_operator(caller.is_operator);
  for (const std::string& name : models) {
    absl::StatusOr<v1::ModelQueue> queue = LookAt(seen, name);
    if (!queue.ok()) return queue.status();
    *response.add_queues() = *std::move(queue);
  }
  return response;
}

absl::StatusOr<v1::ModelQueue> QueueView::LookAt(const Seen& seen, const std::string& model) {
  v1::ModelQueue queue;
  queue.set_model(model);
  if (const auto hold = seen.holds.find(model); hold != seen.holds.end()) {
    queue.set_held(true);
    queue.set_hold_note(hold->second.note);
    *queue.mutable_hold_time() = ToTimestamp(hold->second.held_at);
  }
  if (const auto load = seen.loads.find(model); load != seen.loads.end()) {
    queue.set_running(load->second.running);
    queue.set_retrying(load->second.retrying);
  }
  if (const auto size = seen.sizes.find(model); size != seen.sizes.end()) {
    queue.set_waiting(size->second);
  }
  if (absl::Status status = AddRunning(seen, queue); !status.ok()) return status;
  if (absl::Status status = AddWaiting(seen, queue); !status.ok()) return status;
  if (!queue.held()) {
    if (auto wait = waits_->ExpectedWaitMs(model, queue.waiting() + 1)) {
      queue.set_expected_wait_ms(*wait);
    }
  }
  return queue;
}

absl::Status QueueView::AddRunning(const Seen& seen, v1::ModelQueue& queue) {
  if (queue.running() == 0) return absl::OkStatus();
  absl::StatusOr<std::vector<JobRecord>> running = store_->ListRunning(queue.model(), kMostRunning);
  if (!running.ok()) return running.status();
  for (const JobRecord& job : *running) *queue.add_entries() = ToEntry(job, seen.caller);
  return absl::OkStatus();
}

absl::Status QueueView::AddWaiting(const Seen& seen, v1::ModelQueue& queue) {
  absl::StatusOr<std::vector<std::string>> head = queue_->Peek(queue.model(), 0, kMostWaiting);
  if (!head.ok()) return head.status();
  absl::StatusOr<std::vector<JobRecord>> found = store_->GetManyBriefly(*head);
  if (!found.ok()) return found.status();
  std::map<std::string, JobRecord> jobs;
  for (JobRecord& job : *found) {
    // Others were leased or ended since the queue was looked at.
    if (job.state == v1::Job::STATE_QUEUED) jobs.emplace(job.job_id, std::move(job));
  }
  if (const auto own = seen.own.find(queue.model()); own != seen.own.end()) {
    for (const JobRecord& job : own->second) jobs.emplace(job.job_id, job);
  }
  std::vector<const JobRecord*> listed;
  std::vector<QueueEntry> asked;
  for (const auto& [job_id, job] : jobs) {
    listed.push_back(&job);
    asked.push_back(QueueEntryOf(job));
  }
  absl::StatusOr<std::vector<QueuePlace>> places = queue_->Places(asked);
  if (!places.ok()) return places.status();
  std::vector<v1::QueueEntry> entries;
  for (size_t i = 0; i < listed.size() && i < places->size(); ++i) {
    const QueuePlace& place = (*places)[i];
    v1::QueueEntry entry = ToEntry(*listed[i], seen.caller);
    entry.set_queue_position(place.position);
    if (!queue.held()) {
      if (auto wait = waits_->ExpectedWaitMs(queue.model(), place.position)) {
        entry.set_expected_wait_ms(*wait);
      }
    }
    // Somebody else's that was taken since then.
    if (place.position > 0 || entry.mine()) entries.push_back(std::move(entry));
  }
  // In serving order; those that wait for a retry last.
  std::stable_sort(entries.begin(), entries.end(),
                   [](const v1::QueueEntry& a, const v1::QueueEntry& b) {
                     return a.queue_position() - 1 < b.queue_position() - 1;
                   });
  for (v1::QueueEntry& entry : entries) *queue.add_entries() = std::move(entry);
  return absl::OkStatus();
}

}  // namespace genwatch

#include "job_service/suspect_room.h"

#include "common/log.h"

namespace genwatch {

void SuspectRoom::Run() {
  const absl::StatusOr<std::vector<WaitingSuspect>> suspects = store_->ListSuspects();
  if (!suspects.ok()) return;
  const absl::Duration now = clock_->Monotonic();
  std::map<std::pair<std::string, uint32_t>, absl::Duration> waiting;
  std::set<std::string> models;
  for (const WaitingSuspect& suspect : *suspects) {
    const std::pair key(suspect.job_id, suspect.version);
    const auto known = waiting_.find(key);
    const absl::Duration since = known == waiting_.end() ? now : known->second;
    waiting.emplace(key, since);
    if (now - since >= kPatience) models.insert(suspect.model);
  }
  std::set<std::string> asked;
  if (!models.empty()) {
    const absl::StatusOr<std::vector<WorkerRecord>> workers = store_->ListWorkers();
    if (!workers.ok()) return;
    asked = ChooseRooms(models, *workers, *models_);
  }
  waiting_ = std::move(waiting);
  MutexLock lock(mutex_);
  if (asked == asked_) return;
  for (const std::string& instance : asked) {
    if (asked_.count(instance) == 0) {
      LogInfo("worker is asked to make room for a job that must run alone",
              {{"instance", instance}});
    }
  }
  asked_ = std::move(asked);
}

bool SuspectRoom::Asked(const std::string& instance) const {
  MutexLock lock(mutex_);
  return asked_.count(instance) > 0;
}

std::set<std::string> ChooseRooms(const std::set<std::string>& models,
                                  absl::Span<const WorkerRecord> workers,
                                  const ModelRegistry& offers) {
  std::set<std::string> chosen;
  for (const std::string& model : models) {
    const std::set<std::string> servers = offers.ServersOf(model);
    const std::string* smallest = nullptr;
    for (const WorkerRecord& worker : workers) {
      if (servers.count(worker.worker.server_url()) == 0) continue;
      const std::string& instance = worker.worker.instance();
      if (smallest == nullptr || instance < *smallest) smallest = &instance;
    }
    if (smallest != nullptr) chosen.insert(*smallest);
  }
  return chosen;
}

}  // namespace genwatch

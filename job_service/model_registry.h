#ifndef GENWATCH_JOB_SERVICE_MODEL_REGISTRY_H_
#define GENWATCH_JOB_SERVICE_MODEL_REGISTRY_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "genwatch/v1/job_lease_service.pb.h"
#include "genwatch/v1/job_service.pb.h"
#include "job_service/job_store.h"

namespace genwatch {

// Why nothing of a model can start, and when somebody looks again.
struct ModelOutage {
  std::string reason;
  std::string message;
  absl::Time next_look;
};

// What the model servers offer, as their workers last reported to any replica. Thread-safe.
class ModelRegistry {
 public:
  explicit ModelRegistry(std::string default_model) : default_model_(std::move(default_model)) {}

  // Replaces what is known, of one server or of all.
  void Update(const v1::ModelReport& report);
  void ReplaceAll(std::vector<v1::ModelReport> reports);

  // The name under which a job that asks for `model` is queued: the default for an empty one, with
  // ":latest" added where only that is known.
  // NOT_FOUND (MODEL_NOT_FOUND) that lists the known ones; UNAVAILABLE (NO_MODEL_KNOWN) when none
  // is given and none was ever reported.
  absl::StatusOr<std::string> Resolve(const std::string& model) const;

  // Set when every server that offers the model is unreachable.
  std::optional<ModelOutage> OutageOf(const std::string& model) const;

  // The tokens of context it is in memory with on a server that can be reached, the most of all;
  // absent if none has it loaded, 0 where that is not told.
  std::optional<uint32_t> LoadedContextOf(const std::string& model) const;

  // The URLs of the model servers that offer it.
  std::set<std::string> ServersOf(const std::string& model) const;

  v1::ListModelsResponse List() const;

 private:
  std::string DefaultLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool KnownLocked(const std::string& model) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string default_model_;
  mutable Mutex mutex_;
  std::vector<v1::ModelReport> reports_ ABSL_GUARDED_BY(mutex_);
};

// Takes in what workers reported to other replicas. Blocking.
void ShareModels(JobStore& store, ModelRegistry& models);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_MODEL_REGISTRY_H_

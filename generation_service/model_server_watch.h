#ifndef GENWATCH_GENERATION_SERVICE_MODEL_SERVER_WATCH_H_
#define GENWATCH_GENERATION_SERVICE_MODEL_SERVER_WATCH_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/clock.h"
#include "generation_service/event_loop.h"
#include "generation_service/model_client.h"
#include "generation_service/model_residency.h"
#include "generation_service/worker_options.h"
#include "genwatch/v1/job_lease_service.pb.h"
#include "genwatch/v1/job_service.pb.h"

namespace genwatch {

// Knows whether the model server answers, what it offers, and what it has loaded. Looks now and
// then, at once when a job's fate makes it suspect, and after 1 to 5 s while it does not answer. Of
// the loop's thread.
class ModelServerWatch {
 public:
  // `on_change`: jobs may be taken now that could not before, or the other way round, or the report
  // has changed.
  ModelServerWatch(EventLoop* loop, ModelClient* client, const WorkerOptions& options,
                   std::function<void()> on_change, const Clock* clock = RealClock());
  ~ModelServerWatch();
  ModelServerWatch(const ModelServerWatch&) = delete;
  ModelServerWatch& operator=(const ModelServerWatch&) = delete;

  // The first look at once.
  void Start() { Look(); }

  // A job met what the next one would probably meet as well: none is taken before the server was
  // looked at, nor before `pause` has passed (bounded by the backoff of looks).
  void Suspect(absl::Duration pause);

  // It answered the last look, and is not suspect.
  bool usable() const;
  bool reachable() const { return report_.server().reachable(); }

  const std::vector<v1::Model>& models() const { return models_; }
  // Whether the model thinks unless it is told not to.
  bool Thinks(const std::string& model) const;

  ModelResidency& residency() { return residency_; }

  // For heartbeats. The revision changes with the report.
  const v1::ModelReport& report() const { return report_; }
  uint64_t report_revision() const { return revision_; }

 private:
  void Look();
  void TakeLook(const ModelServerLook& look);
  void TakeModels(const ModelServerLook& look);
  void SetReport(v1::ModelReport report);
  void LookAfter(absl::Duration wait);

  EventLoop* const loop_;
  ModelClient* const client_;
  const WorkerOptions options_;
  const std::function<void()> on_change_;
  const Clock* const clock_;
  ModelResidency residency_;
  std::vector<v1::Model> models_;
  v1::ModelReport report_;
  uint64_t revision_ = 0;
  bool looking_ = false;
  bool look_again_ = false;
  bool suspect_ = false;
  absl::Duration pause_until_ = -absl::InfiniteDuration();
  absl::Duration backoff_;
  // A look can't be called off: its answer may come when this is gone.
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  EventLoop::Timer look_timer_ = 0;
  EventLoop::Timer pause_timer_ = 0;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_MODEL_SERVER_WATCH_H_

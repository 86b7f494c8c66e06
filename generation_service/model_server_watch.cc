#include "generation_service/model_server_watch.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/log.h"

namespace genwatch {
namespace {

constexpr char kThinking[] = "thinking";

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  out->set_seconds(absl::ToUnixSeconds(time));
  out->set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(absl::ToUnixSeconds(time)))));
}

}  // namespace

ModelServerWatch::ModelServerWatch(EventLoop* loop, ModelClient* client,
                                   const WorkerOptions& options, std::function<void()> on_change,
                                   const Clock* clock)
    : loop_(loop),
      client_(client),
      options_(options),
      on_change_(std::move(on_change)),
      clock_(clock),
      backoff_(options.shortest_look_backoff) {
  report_.mutable_server()->set_url(client->url());
}

ModelServerWatch::~ModelServerWatch() {
  loop_->Cancel(look_timer_);
  loop_->Cancel(pause_timer_);
}

void ModelServerWatch::Suspect(absl::Duration pause) {
  suspect_ = true;
  const absl::Duration bounded =
      std::clamp(pause, options_.shortest_look_backoff, options_.longest_look_backoff);
  pause_until_ = std::max(pause_until_, loop_->Now() + bounded);
  loop_->Cancel(pause_timer_);
  pause_timer_ = loop_->RunAfter(pause_until_ - loop_->Now(), on_change_);
  Look();
}

bool ModelServerWatch::usable() const {
  return reachable() && !suspect_ && loop_->Now() >= pause_until_;
}

bool ModelServerWatch::Thinks(const std::string& model) const {
  for (const v1::Model& known : models_) {
    if (known.name() != model) continue;
    const auto& capabilities = known.capabilities();
    return std::find(capabilities.begin(), capabilities.end(), kThinking) != capabilities.end();
  }
  return false;
}

void ModelServerWatch::Look() {
  loop_->Cancel(std::exchange(look_timer_, 0));
  if (std::exchange(looking_, true)) {
    look_again_ = true;  // what is under way may have been answered before
    return;
  }
  client_->Look([this, alive = std::weak_ptr<const bool>(alive_)](const ModelServerLook& look) {
    if (!alive.expired()) TakeLook(look);
  });
}

void ModelServerWatch::TakeLook(const ModelServerLook& look) {
  looking_ = false;
  if (std::exchange(look_again_, false)) {
    Look();
    return;
  }
  v1::ModelReport report;
  v1::ModelServer& server = *report.mutable_server();
  server.set_url(client_->url());
  server.set_version(look.version.empty() ? report_.server().version() : look.version);
  server.set_simulated(look.version.empty() ? report_.server().simulated() : look.simulated);
  server.set_reachable(look.reachable.ok());
  if (look.reachable.ok()) {
    if (!reachable()) {
      LogInfo("the model server answers", {{"url", server.url()}, {"version", server.version()}});
    }
    suspect_ = false;
    backoff_ = options_.shortest_look_backoff;
    TakeModels(look);
    LookAfter(options_.look_interval);
  } else {
    if (reachable() || revision_ == 0) {
      LogWarning("the model server does not answer, no jobs are taken",
                 {{"url", server.url()}, ErrorField(look.reachable)});
    }
    residency_.Forget();
    for (v1::Model& model : models_) {
      model.set_loaded(false);
      model.set_loaded_context_length(0);
    }
    SetTime(clock_->Now() + backoff_, server.mutable_next_look_time());
    LookAfter(backoff_);
    backoff_ = std::min(2 * backoff_, options_.longest_look_backoff);
  }
  report.mutable_models()->Assign(models_.begin(), models_.end());
  SetReport(std::move(report));
  on_change_();
}

void ModelServerWatch::TakeModels(const ModelServerLook& look) {
  if (look.loaded.has_value()) residency_.Report(*look.loaded, loop_->Now());
  if (!look.models.has_value()) return;
  std::map<std::string, v1::Model> before;
  for (v1::Model& model : models_) before[model.name()] = std::move(model);
  models_ = *look.models;
  for (v1::Model& model : models_) {
    // While a model loads the server does not tell what is loaded: what was known stands.
    if (!look.loaded.has_value()) {
      model.set_loaded(before[model.name()].loaded());
      model.set_loaded_context_length(before[model.name()].loaded_context_length());
    } else if (const auto loaded = look.loaded->find(model.name()); loaded != look.loaded->end()) {
      model.set_loaded(true);
      model.set_loaded_context_length(loaded->second);
    }
  }
}

void ModelServerWatch::SetReport(v1::ModelReport report) {
  if (revision_ != 0 && google::protobuf::util::MessageDifferencer::Equals(report, report_)) return;
  report_ = std::move(report);
  ++revision_;
}

void ModelServerWatch::LookAfter(absl::Duration wait) {
  look_timer_ = loop_->RunAfter(wait, [this] {
    look_timer_ = 0;
    Look();
  });
}

}  // namespace genwatch

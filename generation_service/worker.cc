#include "generation_service/worker.h"

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "generation_service/wire_numbers.h"

namespace genwatch {
namespace {

// A ledger that was not heard for so long gives no jobs that could be kept.
constexpr absl::Duration kLedgerSilent = absl::Seconds(3);

}  // namespace

Worker::Running::Running(Worker* worker, const Parts& parts, const WorkerOptions& options)
    : metrics(parts.metrics),
      server(parts.loop, parts.models, options, [worker] { worker->TakeRoomChange(); }),
      jobs(parts.loop, parts.models, &server, parts.feed, &metrics, options,
           {.on_result = [this](ActiveJob& job) { results.Start(job); },
            .on_urgent_text = [this] { keeper.Hurry(); },
            .on_room = [worker] { worker->TakeRoomChange(); }}),
      heartbeats(parts.loop, parts.ledger, options.heartbeat_interval, options.lease,
                 {.fill = [worker] { return worker->FillHeartbeat(); },
                  .on_answer =
                      [worker](const v1::HeartbeatRequest& request,
                               const v1::HeartbeatResponse& response, absl::Duration sent_at) {
                        worker->TakeHeartbeatAnswer(request, response, sent_at);
                      }}),
      polls(parts.loop, parts.ledger, worker->Identity(), options,
            {.room = [worker] { return worker->Room(); },
             .heartbeat_number = [this] { return heartbeats.last_answered(); },
             .on_job = [worker](const v1::LeasedJob& job) { worker->TakeJob(job); }}),
      keeper(parts.loop, parts.ledger, options.instance, options.append_interval, &jobs.table(),
             {.on_lease_lost = [this](const LeaseKey& key) { jobs.TakeLeaseLost(key); },
              .on_base_lowered = [this](const LeaseKey& key) { jobs.TakeBaseLowered(key); },
              .on_text_lost = [this](const LeaseKey& key) { jobs.TakeTextLost(key); }}),
      results(parts.loop, parts.ledger, options.instance,
              {.shortest = options.shortest_backoff, .longest = options.longest_backoff},
              &jobs.table(), [this](const LeaseKey& key) { jobs.Settle(key); }) {}

Worker::Worker(Parts parts, WorkerOptions options, std::function<void(bool)> on_ready)
    : parts_(parts), options_(std::move(options)), on_ready_(std::move(on_ready)) {}

Worker::~Worker() { Shutdown(); }

void Worker::Start(const std::string& address) {
  parts_.loop->RunSync([this, &address] {
    options_.address = address;
    running_ = std::make_unique<Running>(this, parts_, options_);
    parts_.loop->SetRoundEnd([this] { EndRound(); });
    running_->server.Start();
    running_->heartbeats.Start();
    running_->keeper.Start();
    Tick();
  });
}

void Worker::Drain() {
  parts_.loop->Post([this] { BeginDrain(); });
  MutexLock lock(mutex_);
  const absl::Duration longest = options_.drain + options_.drain_results;
  drain_end_ = std::min(drain_end_, parts_.loop->Now() + longest);
  while (!drained_) {
    const absl::Duration left = drain_end_ - parts_.loop->Now();
    if (left <= absl::ZeroDuration()) break;
    changed_.WaitFor(mutex_, left);
  }
  if (!drained_) LogWarning("results could not be stored, other workers will run the jobs again");
}

void Worker::HandOverNow() {
  parts_.loop->Post([this] {
    hurried_ = true;
    if (running_ == nullptr || !draining_) return;
    LogInfo("handing over at once", {{"jobs", running_->jobs.table().size()}});
    parts_.loop->Cancel(std::exchange(drain_timer_, 0));
    running_->jobs.HandOverAll();
  });
  MutexLock lock(mutex_);
  drain_end_ = std::min(drain_end_, parts_.loop->Now() + options_.drain_results);
  changed_.NotifyAll();
}

void Worker::Shutdown() {
  parts_.loop->RunSync([this] {
    parts_.ledger->DropAnswers();
    parts_.loop->SetRoundEnd(nullptr);
    parts_.loop->Cancel(std::exchange(tick_timer_, 0));
    parts_.loop->Cancel(std::exchange(drain_timer_, 0));
    running_.reset();
  });
  parts_.ledger->Shutdown();
}

void Worker::Stop(v1::StopGenerationRequest request,
                  absl::AnyInvocable<void(v1::StopGenerationResponse)> answer) {
  parts_.loop->Post([this, request = std::move(request), answer = std::move(answer)]() mutable {
    if (running_ != nullptr) {
      answer(running_->jobs.Stop(request));
    } else {
      answer({});
    }
  });
}

void Worker::GetCapacity(absl::AnyInvocable<void(v1::GetCapacityResponse)> answer) {
  parts_.loop->Post([this, answer = std::move(answer)]() mutable {
    v1::GetCapacityResponse response;
    response.set_instance(options_.instance);
    response.set_draining(draining_);
    if (running_ != nullptr) {
      *response.mutable_server() = running_->server.report().server();
      for (const auto& [name, model] : Room().models) {
        v1::ModelSlots* slots = response.add_models();
        slots->set_model(name);
        slots->set_limit(model.limit);
        slots->set_free(model.limit - std::min(model.limit, model.running));
        slots->set_loaded(model.loaded);
      }
      for (v1::HeldJob& held : running_->jobs.held()) *response.add_running() = std::move(held);
      response.set_heartbeat_age_ms(WireMs(running_->heartbeats.age()));
    }
    answer(std::move(response));
  });
}

// ---- the ledger

v1::Worker Worker::Identity() const {
  v1::Worker identity;
  identity.set_instance(options_.instance);
  identity.set_address(options_.address);
  identity.set_server_url(parts_.models->url());
  return identity;
}

v1::HeartbeatRequest Worker::FillHeartbeat() {
  v1::HeartbeatRequest request;
  *request.mutable_worker() = Identity();
  for (v1::HeldJob& held : running_->jobs.held()) *request.add_jobs() = std::move(held);
  request.set_draining(draining_);
  report_sent_ = running_->server.report_revision();
  // Nothing is known before the first look.
  if (report_sent_ != 0 && report_sent_ != report_taken_) {
    *request.mutable_models() = running_->server.report();
  }
  return request;
}

void Worker::TakeHeartbeatAnswer(const v1::HeartbeatRequest& request,
                                 const v1::HeartbeatResponse& response, absl::Duration sent_at) {
  if (request.has_models()) report_taken_ = report_sent_;
  if (response.want_models()) report_taken_ = 0;
  if (std::exchange(making_room_, response.make_room()) != making_room_) {
    LogInfo(making_room_ ? "no job is taken until nothing runs: one must run alone"
                         : "jobs are taken again");
  }
  for (const v1::StopJob& stop : response.stop()) running_->jobs.TakeStop(stop);
  running_->jobs.HandOverStopped(sent_at);
  TakeRoomChange();
}

LeaseRoom Worker::Room() {
  LeaseRoom room;
  const std::map<std::string, uint32_t> running = running_->jobs.running_by_model();
  for (const v1::Model& model : running_->server.models()) {
    const auto taken = running.find(model.name());
    room.models[model.name()] = {.limit = options_.max_concurrent,
                                 .running = taken == running.end() ? 0 : taken->second,
                                 .loaded = running_->server.residency().Loaded(
                                     model.name(), std::nullopt, parts_.loop->Now())};
  }
  const uint32_t in_hand = static_cast<uint32_t>(running_->jobs.table().size());
  room.idle = in_hand == 0;
  // A job that must run alone is taken by an idle worker only.
  const bool must_empty = making_room_ && !room.idle;
  const bool takes_jobs = !draining_ && !must_empty && running_->server.usable() &&
                          running_->heartbeats.last_answered() > 0 &&
                          running_->heartbeats.age() < kLedgerSilent && !running_->jobs.has_alone();
  if (takes_jobs && in_hand < options_.max_jobs) room.jobs = options_.max_jobs - in_hand;
  return room;
}

void Worker::TakeJob(const v1::LeasedJob& job) {
  roster_due_ = true;
  // It was on its way when the polls were withdrawn.
  if (draining_) return running_->jobs.HandBack(job, ActiveJobs::kDraining);
  if (!running_->server.usable()) return running_->jobs.HandBack(job, ActiveJobs::kNoModelServer);
  running_->jobs.Accept(job);
}

// ---- rounds and ticks

void Worker::TakeRoomChange() {
  roster_due_ = true;
  polls_due_ = true;
}

void Worker::Tick() {
  tick_timer_ = parts_.loop->RunAfter(options_.roster_interval, [this] { Tick(); });
  roster_due_ = true;
  polls_due_ = true;
  running_->jobs.Refresh();
  running_->metrics.SetHeartbeatAge(running_->heartbeats.age());
  running_->metrics.SetResultsWaiting(static_cast<double>(running_->jobs.results_waiting()));
  running_->metrics.SetModelServerReachable(running_->server.reachable());
  const bool ready = !draining_ && running_->server.reachable() &&
                     running_->heartbeats.last_answered() > 0 &&
                     running_->heartbeats.age() < kLedgerSilent;
  if (std::exchange(ready_, ready) != ready) on_ready_(ready);
}

void Worker::SendRoster() {
  v1::Roster roster;
  roster.set_instance(options_.instance);
  for (v1::HeldJob& held : running_->jobs.reported()) *roster.add_jobs() = std::move(held);
  roster.set_heartbeat_age_ms(WireMs(running_->heartbeats.age()));
  parts_.feed->SetRoster(std::move(roster), parts_.loop->Now());
}

void Worker::EndRound() {
  if (running_ == nullptr) return;
  if (std::exchange(polls_due_, false)) {
    running_->polls.Update();
    NoteIfDrained();
  }
  parts_.feed->SetMuted(!running_->heartbeats.MayPublish());
  running_->jobs.Publish();
  if (std::exchange(roster_due_, false)) SendRoster();
  parts_.feed->WakeSubscribers();
}

// ---- the end

void Worker::BeginDrain() {
  if (running_ == nullptr || draining_) return;
  draining_ = true;
  if (std::exchange(ready_, false)) on_ready_(false);
  LogInfo("draining", {{"jobs", running_->jobs.table().size()}, {"for", options_.drain}});
  if (hurried_) running_->jobs.HandOverAll();
  drain_timer_ = parts_.loop->RunAfter(options_.drain, [this] {
    drain_timer_ = 0;
    running_->jobs.HandOverAll();
  });
  TakeRoomChange();
}

void Worker::NoteIfDrained() {
  if (!draining_ || !running_->jobs.table().empty()) return;
  MutexLock lock(mutex_);
  drained_ = true;
  changed_.NotifyAll();
}

}  // namespace genwatch

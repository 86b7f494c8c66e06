#include "generation_service/active_jobs.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "common/log.h"
#include "generation_service/wire_numbers.h"

namespace genwatch {
namespace {

// Of jobs about which there is nothing new.
constexpr absl::Duration kRefresh = absl::Milliseconds(900);
// A cancel is stored right after the worker has answered; a watcher who looks sooner sees the old
// state and would look again only later.
constexpr absl::Duration kStoredAfterStop = absl::Milliseconds(50);

using Stage = ActiveJob::Stage;

bool Thinks(const v1::JobSpec& spec, const ModelServerWatch& server) {
  switch (spec.think()) {
    case v1::THINKING_OFF:
      return false;
    case v1::THINKING_UNSPECIFIED:
      return server.Thinks(spec.model());
    default:
      return true;
  }
}

uint32_t PromptBytes(const v1::JobSpec& spec) {
  size_t bytes = spec.prompt().size() + spec.system().size();
  for (const v1::ChatMessage& message : spec.messages()) bytes += message.content().size();
  return static_cast<uint32_t>(bytes);
}

absl::Duration OrDefault(uint32_t ms, absl::Duration fallback) {
  return ms > 0 ? absl::Milliseconds(ms) : fallback;
}

std::string OutcomeWord(v1::Outcome outcome) {
  return absl::AsciiStrToLower(absl::StripPrefix(v1::Outcome_Name(outcome), "OUTCOME_"));
}

std::string StopWord(v1::StopReason reason) {
  return std::string(absl::StripPrefix(v1::StopReason_Name(reason), "STOP_REASON_"));
}

v1::HeldJob Held(const ActiveJob& job) {
  v1::HeldJob held;
  held.set_job_id(job.key.job_id);
  held.set_version(job.key.version);
  return held;
}

}  // namespace

ActiveJobs::ActiveJobs(EventLoop* loop, ModelClient* client, ModelServerWatch* server,
                       StateFeed* feed, WorkerMetrics* metrics, const WorkerOptions& options,
                       Callbacks callbacks)
    : loop_(loop),
      client_(client),
      server_(server),
      feed_(feed),
      metrics_(metrics),
      options_(options),
      callbacks_(std::move(callbacks)) {}

ActiveJobs::~ActiveJobs() {
  for (auto& [key, job] : table_) {
    loop_->Cancel(job->finish_timer);
    loop_->Cancel(job->stopped_timer);
    loop_->Cancel(job->hold_timer);
  }
}

// ---- the beginning

void ActiveJobs::Accept(const v1::LeasedJob& lease) {
  Begin(lease);
  ActiveJob* job = Find({lease.job_id(), lease.version()});
  if (job == nullptr || job->generation != nullptr || job->stage != Stage::kRunning) return;
  Run(*job, lease);
}

void ActiveJobs::HandBack(const v1::LeasedJob& lease, const HandOverReason& why) {
  Begin(lease);
  ActiveJob* job = Find({lease.job_id(), lease.version()});
  if (job != nullptr && job->stage == Stage::kRunning) HandOver(*job, why);
}

void ActiveJobs::Begin(const v1::LeasedJob& lease) {
  const LeaseKey key{lease.job_id(), lease.version()};
  if (table_.count(key) > 0) return;
  const absl::Duration now = loop_->Now();
  std::optional<uint32_t> num_ctx;
  if (lease.spec().options().has_num_ctx()) num_ctx = lease.spec().options().num_ctx();
  const bool loaded = server_->residency().Loaded(lease.spec().model(), num_ctx, now);
  auto job = std::make_unique<ActiveJob>(lease, loaded, now);
  job->model_label = LabelOf(job->model);

  v1::LeaseFixed fixed;
  fixed.set_model(lease.spec().model());
  *fixed.mutable_bases() = lease.bases();
  *fixed.mutable_history() = lease.history();
  if (lease.spec().options().has_num_predict()) {
    fixed.set_num_predict(lease.spec().options().num_predict());
  }
  fixed.set_context_length(
      num_ctx.value_or(server_->residency().ContextLength(lease.spec().model(), now)));
  fixed.set_prompt_bytes(PromptBytes(lease.spec()));
  fixed.set_failures(lease.failures());
  fixed.set_think(Thinks(lease.spec(), *server_));
  feed_->Begin(key.job_id, key.version, std::move(fixed));

  const auto added = table_.emplace(key, std::move(job)).first;
  changed_.push_back(key);
  added->second->changed = true;
}

void ActiveJobs::Run(ActiveJob& job, const v1::LeasedJob& lease) {
  GenerationRequest& request = job.request;
  request.spec = lease.spec();
  request.first_byte_timeout = options_.first_byte_timeout;
  request.silence_timeout =
      OrDefault(lease.spec().deadlines().silence_ms(), options_.silence_timeout);
  request.running_timeout =
      OrDefault(lease.spec().deadlines().running_ms(), options_.running_timeout);
  LogDebug("job started", {{"job_id", job.key.job_id},
                           {"version", job.key.version},
                           {"attempt", job.attempt_number},
                           {"model", job.model}});
  if (job.base.answer() > 0 || job.base.thinking() > 0) BeginWithKeptText(job, lease);
  metrics_->GenerationStarted(job.model_label);
  Converse(job);
}

void ActiveJobs::Converse(ActiveJob& job) {
  job.started = false;
  job.over = false;
  job.after_break = broken_off_.count(job.model) > 0;
  // Another one of ours may have had it loaded meanwhile.
  job.request.preload = job.attempt.phase() == v1::PHASE_LOADING;
  job.generation = client_->Generate(
      job.request, [this, key = job.key](const GenerationEvent& event) { TakeEvent(key, event); });
}

// ---- what the model server says

void ActiveJobs::TakeEvent(const LeaseKey& key, const GenerationEvent& event) {
  ActiveJob* job = Find(key);
  if (job == nullptr || job->stage != Stage::kRunning) return;
  const absl::Duration now = loop_->Now();
  if (std::holds_alternative<ModelLoaded>(event)) {
    server_->residency().Used(job->model, job->num_ctx, now);
    job->attempt.OnModelLoaded(now);
    Touch(*job);
  } else if (std::holds_alternative<AnswerStarted>(event)) {
    job->started = true;
    broken_off_.erase(job->model);
    server_->residency().Used(job->model, job->num_ctx, now);
    job->attempt.OnFirstByte(now);
    Touch(*job);
  } else if (const auto* text = std::get_if<AnswerText>(&event)) {
    if (job->continuing != nullptr) {
      HearContinuation(*job, *text);
    } else {
      TakeText(*job, *text);
    }
  } else if (const auto* done = std::get_if<AnswerDone>(&event)) {
    job->over = true;
    if (job->continuing != nullptr && !EndContinuation(*job)) return;
    job->attempt.Finish(done->statistics, now);
    Finish(*job, {.outcome = v1::OUTCOME_COMPLETED});
  } else if (const auto* failure = std::get_if<Failure>(&event)) {
    TakeFailure(*job, *failure);
  }
}

void ActiveJobs::TakeText(ActiveJob& job, const AnswerText& text, uint32_t chunks) {
  const absl::Duration now = loop_->Now();
  const bool first = !job.attempt.has_text();
  const Attempt::Taken taken = job.attempt.AddText(text, now, chunks);
  if (first && job.attempt.has_text()) {
    metrics_->FirstText(job.model_label, *job.attempt.first_text_after());
  }
  job.thinking.Append(taken.thinking);
  job.answer.Append(taken.answer);
  job.new_thinking.append(taken.thinking);
  job.new_answer.append(taken.answer);
  Touch(job);
  if (first && job.base_state == ActiveJob::Base::kToLower) callbacks_.on_urgent_text();
  if (!taken.limit_reached) return;
  job.attempt.FinishAtLimit(now);
  Finish(job, {.outcome = v1::OUTCOME_COMPLETED});
}

void ActiveJobs::TakeFailure(ActiveJob& job, const Failure& failure) {
  // Else it was we who hung up.
  job.over = failure.kind != Failure::Kind::kFirstByteTimeout &&
             failure.kind != Failure::Kind::kSilenceTimeout &&
             failure.kind != Failure::Kind::kRunningTimeout;
  if (job.continuing != nullptr && MayBeRefusedPrefill(failure)) {
    return StartOver(job, "the model server refuses the beginning of an answer");
  }
  const bool text_kept = job.attempt.has_text() || job.base.answer() > 0 || job.base.thinking() > 0;
  const bool after_break = MayBeWedged(job);
  const Fault fault = Classify(failure, {.model = job.model,
                                         .server_url = client_->url(),
                                         .text_kept = text_kept,
                                         .after_break = after_break});
  if (after_break && failure.kind == Failure::Kind::kFirstByteTimeout) {
    client_->Unload(job.model);
    server_->residency().Released(job.model, absl::ZeroDuration(), loop_->Now());
  }
  LogWarning("the model server failed a job", {{"job_id", job.key.job_id},
                                               {"version", job.key.version},
                                               {"reason", fault.reason},
                                               {"message", fault.message}});
  if (fault.suspect_server) server_->Suspect(fault.retry_after);
  Finish(job, {.outcome = fault.outcome,
               .reason = fault.reason,
               .error_message = fault.message,
               .retry_after = fault.retry_after});
}

// ---- the end

void ActiveJobs::Finish(ActiveJob& job, AttemptResult result) {
  EndGeneration(job);
  if (job.base_state == ActiveJob::Base::kToLower) {
    if (result.outcome == v1::OUTCOME_COMPLETED) {
      callbacks_.on_urgent_text();
    } else {
      ReturnToKept(job);
    }
  }
  job.stage = Stage::kFinishing;
  job.result = std::move(result);
  Touch(job);
  callbacks_.on_result(job);
  callbacks_.on_room();
}

void ActiveJobs::HandOver(ActiveJob& job, const HandOverReason& why) {
  Finish(job,
         {.outcome = v1::OUTCOME_HANDED_OVER, .reason = why.reason, .error_message = why.message});
}

void ActiveJobs::EndGeneration(ActiveJob& job) {
  const absl::Duration now = loop_->Now();
  job.attempt.Stop(now);
  job.continuing.reset();
  loop_->Cancel(std::exchange(job.hold_timer, 0));
  if (job.generation == nullptr) return;
  CloseConversation(job);
  metrics_->GenerationEnded(job.model_label);
  const bool others = std::any_of(table_.begin(), table_.end(), [&job](const auto& entry) {
    return entry.second->model == job.model && entry.second->generation != nullptr;
  });
  if (!others) server_->residency().Released(job.model, job.keep_alive, now);
}

void ActiveJobs::CloseConversation(ActiveJob& job) {
  job.generation.reset();
  if (!job.over) broken_off_.insert(job.model);
}

// Servers have been seen to keep a slot of a model for an answer whose reader left, and then to let
// every next one wait for it.
bool ActiveJobs::MayBeWedged(const ActiveJob& job) const {
  if (!job.after_break || job.started || !server_->reachable()) return false;
  return std::none_of(table_.begin(), table_.end(), [&job](const auto& entry) {
    const ActiveJob& other = *entry.second;
    return other.model == job.model && other.generation != nullptr && other.started;
  });
}

v1::StopGenerationResponse ActiveJobs::Stop(const v1::StopGenerationRequest& request) {
  v1::StopGenerationResponse response;
  ActiveJob* job = Find({request.job_id(), request.version()});
  if (job == nullptr || job->stage == Stage::kLost) return response;
  if (job->stage == Stage::kRunning) {
    // What is to be told about it is told before it is no longer reported.
    PublishJob(*job);
    EndGeneration(*job);
    if (job->base_state == ActiveJob::Base::kToLower) ReturnToKept(*job);
    job->stage = Stage::kStopped;
    job->stopped_at = loop_->Now();
    job->stopped_timer = loop_->RunAfter(kStoredAfterStop, [this, key = job->key] {
      ActiveJob* stopped = Find(key);
      if (stopped != nullptr && stopped->stage == Stage::kStopped) PublishEnded(*stopped);
    });
    LogInfo("job stopped", {{"job_id", job->key.job_id},
                            {"version", job->key.version},
                            {"reason", StopWord(request.reason())}});
    job->result.reason = StopWord(request.reason());
    callbacks_.on_room();
  }
  // A job whose result is on its way may be stopped as well: the ledger takes what comes first.
  response.set_stopped(true);
  // New text of an attempt that starts over does not fit behind the kept one.
  if (job->base_state != ActiveJob::Base::kToLower) {
    constexpr size_t kAll = std::numeric_limits<size_t>::max();
    job->thinking.AddTo(kAll, response.mutable_pieces());
    job->answer.AddTo(kAll, response.mutable_pieces());
  }
  *response.mutable_numbers() = job->attempt.Numbers(loop_->Now());
  *response.mutable_facts() = job->attempt.Facts(loop_->Now());
  return response;
}

void ActiveJobs::TakeStop(const v1::StopJob& stop) {
  ActiveJob* job = Find({stop.job_id(), stop.version()});
  if (job == nullptr) return;
  if (job->stage == Stage::kRunning) {
    LogInfo("the ledger takes a job away", {{"job_id", job->key.job_id},
                                            {"version", job->key.version},
                                            {"reason", StopWord(stop.reason())}});
    job->result.reason = StopWord(stop.reason());
  }
  Settle(job->key);
}

void ActiveJobs::Settle(const LeaseKey& key) {
  ActiveJob* job = Find(key);
  if (job == nullptr) return;
  EndGeneration(*job);
  PublishEnded(*job);
  Drop(key);
}

void ActiveJobs::TakeLeaseLost(const LeaseKey& key) {
  ActiveJob* job = Find(key);
  if (job == nullptr || job->stage != Stage::kRunning) return;
  LogWarning("a lease is lost", {{"job_id", key.job_id}, {"version", key.version}});
  EndGeneration(*job);
  job->stage = Stage::kLost;
  PublishEnded(*job);
  callbacks_.on_room();
}

void ActiveJobs::TakeTextLost(const LeaseKey& key) {
  ActiveJob* job = Find(key);
  if (job == nullptr || job->stage != Stage::kRunning) return;
  Finish(*job, {.outcome = v1::OUTCOME_PASSING,
                .reason = "TEXT_LOST",
                .error_message = "A part of the text was lost on its way to the ledger.",
                .without_text = true});
}

void ActiveJobs::HandOverStopped(absl::Duration sent_at) {
  for (auto& [key, job] : table_) {
    if (job->stage == Stage::kStopped && sent_at - job->stopped_at >= options_.stopped_hand_over) {
      LogWarning("a stopped job is still ours in the ledger, it is handed over",
                 {{"job_id", key.job_id}, {"version", key.version}});
      HandOver(*job, kStopNotStored);
    }
  }
}

void ActiveJobs::HandOverAll() {
  for (auto& [key, job] : table_) {
    if (job->stage == Stage::kRunning || job->stage == Stage::kStopped) HandOver(*job, kDraining);
  }
}

// The only place where a job leaves.
void ActiveJobs::Drop(const LeaseKey& key) {
  const auto found = table_.find(key);
  if (found == table_.end()) return;
  const std::unique_ptr<ActiveJob> job = std::move(found->second);
  table_.erase(found);
  loop_->Cancel(job->finish_timer);
  loop_->Cancel(job->stopped_timer);
  loop_->Cancel(job->hold_timer);
  const bool stopped =
      job->stage == Stage::kStopped || job->stage == Stage::kLost || job->stage == Stage::kRunning;
  metrics_->AttemptEnded(job->model_label, stopped ? "stopped" : OutcomeWord(job->result.outcome),
                         job->result.reason, job->attempt.OwnTokens());
  LogDebug("job left", {{"job_id", key.job_id},
                        {"version", key.version},
                        {"outcome", stopped ? "stopped" : OutcomeWord(job->result.outcome)},
                        {"tokens", job->attempt.tokens()}});
  callbacks_.on_room();
}

// ---- what is told

void ActiveJobs::Touch(ActiveJob& job) {
  if (!std::exchange(job.changed, true)) changed_.push_back(job.key);
}

void ActiveJobs::Publish() {
  if (changed_.empty()) return;
  for (const LeaseKey& key : std::exchange(changed_, {})) {
    if (ActiveJob* job = Find(key); job != nullptr) PublishJob(*job);
  }
}

void ActiveJobs::Refresh() {
  const absl::Duration now = loop_->Now();
  for (auto& [key, job] : table_) {
    if (now - job->published_at >= kRefresh) Touch(*job);
  }
}

void ActiveJobs::PublishJob(ActiveJob& job) {
  job.changed = false;
  if (job.ended || job.stage == Stage::kStopped || job.stage == Stage::kLost) return;
  job.published_at = loop_->Now();
  v1::WorkerState state;
  state.set_job_id(job.key.job_id);
  state.set_version(job.key.version);
  state.set_attempt(job.attempt_number);
  job.attempt.FillState(job.published_at, &state);
  if (job.base_state == ActiveJob::Base::kToLower) {
    // The kept text still stands for all who watch.
    state.set_answer_bytes(job.base.answer());
    state.set_thinking_bytes(job.base.thinking());
    return feed_->Publish(std::move(state), "", "");
  }
  feed_->Publish(std::move(state), job.new_answer, job.new_thinking);
  job.new_answer.clear();
  job.new_thinking.clear();
}

void ActiveJobs::PublishEnded(ActiveJob& job) {
  if (std::exchange(job.ended, true)) return;
  job.published_at = loop_->Now();
  v1::WorkerState state;
  state.set_job_id(job.key.job_id);
  state.set_version(job.key.version);
  state.set_attempt(job.attempt_number);
  job.attempt.FillState(job.published_at, &state);
  state.set_ended(true);
  const bool may_show = job.base_state != ActiveJob::Base::kToLower;
  if (!may_show) {
    state.set_answer_bytes(job.base.answer());
    state.set_thinking_bytes(job.base.thinking());
  }
  feed_->Publish(std::move(state), may_show ? job.new_answer : "",
                 may_show ? job.new_thinking : "");
  feed_->Remove(job.key.job_id, job.key.version, job.published_at);
}

// ---- what is asked

bool ActiveJobs::has_alone() const {
  return std::any_of(table_.begin(), table_.end(),
                     [](const auto& entry) { return entry.second->alone; });
}

std::map<std::string, uint32_t> ActiveJobs::running_by_model() const {
  std::map<std::string, uint32_t> running;
  for (const auto& [key, job] : table_) {
    if (job->stage == Stage::kRunning) ++running[job->model];
  }
  return running;
}

size_t ActiveJobs::results_waiting() const {
  return static_cast<size_t>(std::count_if(table_.begin(), table_.end(), [](const auto& entry) {
    return entry.second->stage == Stage::kFinishing;
  }));
}

std::vector<v1::HeldJob> ActiveJobs::held() const {
  std::vector<v1::HeldJob> held;
  for (const auto& [key, job] : table_) held.push_back(Held(*job));
  return held;
}

std::vector<v1::HeldJob> ActiveJobs::reported() const {
  std::vector<v1::HeldJob> reported;
  for (const auto& [key, job] : table_) {
    if (job->ended || job->stage == Stage::kStopped || job->stage == Stage::kLost) continue;
    reported.push_back(Held(*job));
  }
  return reported;
}

ActiveJob* ActiveJobs::Find(const LeaseKey& key) {
  const auto found = table_.find(key);
  return found == table_.end() ? nullptr : found->second.get();
}

// Names that callers make up must not become labels.
std::string ActiveJobs::LabelOf(const std::string& model) const {
  for (const v1::Model& known : server_->models()) {
    if (known.name() == model) return model;
  }
  return "other";
}

}  // namespace genwatch

#include "tests/progress_service/fake_worker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace genwatch {

// One subscriber. Writes one message at a time, each with all that it lacks.
class FakeWorker::Feed : public grpc::ServerWriteReactor<v1::StreamStatesResponse>,
                         public std::enable_shared_from_this<Feed> {
 public:
  Feed(FakeWorker* worker, const v1::StreamStatesRequest& request) : worker_(worker) {
    for (const v1::KnownJob& known : request.known()) {
      given_[known.job_id()] = {.version = known.version(),
                                .bytes = {known.answer_bytes(), known.thinking_bytes()}};
    }
  }

  void Wake() {
    MutexLock lock(mutex_);
    if (finished_ || writing_) {
      dirty_ = true;
      return;
    }
    WriteLocked();
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    writing_ = false;
    if (ok && !finished_ && std::exchange(dirty_, false)) WriteLocked();
  }

  void Cut() {
    {
      MutexLock lock(mutex_);
      if (std::exchange(finished_, true)) return;
    }
    Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut by the test"));
  }

  void OnCancel() override { Cut(); }

  void OnDone() override {
    MutexLock lock(worker_->mutex_);
    worker_->feeds_.erase(shared_from_this());
  }

 private:
  struct Given {
    uint32_t version = 0;
    uint32_t sequence = 0;
    TextLengths bytes = {};
    bool fixed = false;
  };

  void WriteLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    message_.Clear();
    {
      MutexLock lock(worker_->mutex_);
      if (worker_->silent_) return;
      for (const auto& [job_id, job] : worker_->jobs_) AddState(job);
      if (std::exchange(seen_roster_, worker_->roster_number_) != worker_->roster_number_) {
        v1::Roster& roster = *message_.mutable_roster();
        roster.set_instance(absl::StrCat("w_", worker_->port()));
        roster.set_heartbeat_age_ms(worker_->heartbeat_age_ms_);
        for (const auto& [job_id, job] : worker_->jobs_) {
          v1::HeldJob* const held = roster.add_jobs();
          held->set_job_id(job_id);
          held->set_version(job.state.version());
        }
      }
    }
    if (message_.states_size() == 0 && !message_.has_roster()) return;
    writing_ = true;
    StartWrite(&message_);
  }

  void AddState(const Job& job) {
    Given& given = given_[job.state.job_id()];
    if (given.version != job.state.version()) given = {.version = job.state.version()};
    if (given.fixed && given.sequence == job.state.sequence()) return;
    v1::WorkerState& state = *message_.add_states();
    state = job.state;
    given.sequence = state.sequence();
    if (!std::exchange(given.fixed, true)) *state.mutable_fixed() = job.fixed;
    for (size_t channel = 0; channel < kChannels; ++channel) {
      const uint32_t from = std::max(given.bytes[channel], job.base[channel]);
      const uint32_t end = job.base[channel] + job.texts[channel].size();
      if (from >= end) continue;
      v1::TextPiece* const piece = state.add_pieces();
      piece->set_channel(kAllChannels[channel]);
      piece->set_offset(from);
      piece->set_text(job.texts[channel].substr(from - job.base[channel]));
      given.bytes[channel] = end;
    }
  }

  FakeWorker* const worker_;
  Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool dirty_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t seen_roster_ = 0;
  std::map<std::string, Given> given_;
  v1::StreamStatesResponse message_;
};

FakeWorker::FakeWorker(int port) {
  auto server = GrpcServer::Start({.port = port, .drain = absl::ZeroDuration()}, {this});
  if (!server.ok()) std::abort();
  server_ = *std::move(server);
  ticks_ = std::make_unique<Periodic>("fake_worker", absl::Milliseconds(250), [this] { Tick(); });
}

FakeWorker::~FakeWorker() {
  ticks_.reset();
  CutFeeds();
  server_.reset();
}

void FakeWorker::Begin(const std::string& job_id, uint32_t version,
                       const std::vector<v1::LeaseBase>& bases, const v1::LengthHistory& history) {
  {
    MutexLock lock(mutex_);
    Job& job = jobs_[job_id];
    job = Job();
    job.state.set_job_id(job_id);
    job.state.set_version(version);
    job.state.set_phase(v1::PHASE_PROMPT);
    job.fixed.set_model("m");
    *job.fixed.mutable_history() = history;
    for (const v1::LeaseBase& base : bases) {
      *job.fixed.add_bases() = base;
      if (base.version() == version) job.base = {base.answer(), base.thinking()};
    }
    job.state.set_attempt(bases.size());
    Changed(job);
  }
  WakeAll();
}

void FakeWorker::Append(const std::string& job_id, const std::string& text, v1::Channel channel) {
  {
    MutexLock lock(mutex_);
    Job& job = jobs_.at(job_id);
    job.texts[ChannelIndex(channel)] += text;
    job.state.set_phase(channel == v1::CHANNEL_ANSWER ? v1::PHASE_GENERATING : v1::PHASE_THINKING);
    job.state.set_tokens(job.state.tokens() + 1);
    job.state.set_tokens_per_second(50);
    Changed(job);
  }
  WakeAll();
}

void FakeWorker::End(const std::string& job_id) {
  {
    MutexLock lock(mutex_);
    Job& job = jobs_.at(job_id);
    job.state.set_phase(v1::PHASE_FINALIZING);
    job.state.set_done_reason("stop");
    job.state.set_tokens_exact(true);
    job.state.set_ended(true);
    Changed(job);
  }
  WakeAll();
}

void FakeWorker::Drop(const std::string& job_id) {
  {
    MutexLock lock(mutex_);
    jobs_.erase(job_id);
    ++roster_number_;
  }
  WakeAll();
}

void FakeWorker::CutFeeds() {
  std::vector<std::shared_ptr<Feed>> feeds;
  {
    MutexLock lock(mutex_);
    feeds.assign(feeds_.begin(), feeds_.end());
  }
  for (const auto& feed : feeds) feed->Cut();
}

void FakeWorker::SetSilent(bool silent) {
  MutexLock lock(mutex_);
  silent_ = silent;
}

void FakeWorker::SetHeartbeatAge(uint32_t ms) {
  MutexLock lock(mutex_);
  heartbeat_age_ms_ = ms;
}

int FakeWorker::feeds() const {
  MutexLock lock(mutex_);
  return static_cast<int>(feeds_.size());
}

int FakeWorker::feeds_opened() const {
  MutexLock lock(mutex_);
  return feeds_opened_;
}

v1::StreamStatesRequest FakeWorker::last_request() const {
  MutexLock lock(mutex_);
  return last_request_;
}

grpc::ServerWriteReactor<v1::StreamStatesResponse>* FakeWorker::StreamStates(
    grpc::CallbackServerContext* /*context*/, const v1::StreamStatesRequest* request) {
  const auto feed = std::make_shared<Feed>(this, *request);
  {
    MutexLock lock(mutex_);
    feeds_.insert(feed);
    ++feeds_opened_;
    last_request_ = *request;
  }
  feed->Wake();
  return feed.get();
}

void FakeWorker::Tick() {
  {
    MutexLock lock(mutex_);
    ++roster_number_;
  }
  WakeAll();
}

void FakeWorker::WakeAll() {
  std::vector<std::shared_ptr<Feed>> feeds;
  {
    MutexLock lock(mutex_);
    feeds.assign(feeds_.begin(), feeds_.end());
  }
  for (const auto& feed : feeds) feed->Wake();
}

void FakeWorker::Changed(Job& job) {
  job.state.set_sequence(job.state.sequence() + 1);
  job.state.set_elapsed_ms(job.state.elapsed_ms() + 20);
  job.state.set_attempt_elapsed_ms(job.state.elapsed_ms());
  job.state.set_answer_bytes(job.base[0] + job.texts[0].size());
  job.state.set_thinking_bytes(job.base[1] + job.texts[1].size());
}

}  // namespace genwatch

#include "tests/generation_service/fake_ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "common/grpc_status.h"
#include "common/status.h"
#include "common/unary.h"
#include "common/utf8.h"

namespace genwatch {

// A long poll that waits. Deleted by gRPC's OnDone, and by whoever answers, whichever is last.
class FakeLedger::Poll : public grpc::ServerUnaryReactor {
 public:
  Poll(FakeLedger* ledger, uint64_t id, const v1::LeaseJobsRequest& request,
       v1::LeaseJobsResponse* response)
      : ledger_(ledger), id_(id), request_(request), response_(response) {}

  const v1::LeaseJobsRequest& request() const { return request_; }

  void End(std::vector<v1::LeasedJob> jobs, const absl::Status& status) {
    for (v1::LeasedJob& job : jobs) *response_->add_jobs() = std::move(job);
    Finish(ToGrpcStatus(status));
    Release();
  }

  void OnCancel() override { ledger_->Answer(id_, {}, absl::CancelledError("gone")); }
  void OnDone() override { Release(); }

 private:
  void Release() {
    if (references_.fetch_sub(1) == 1) delete this;
  }

  FakeLedger* const ledger_;
  const uint64_t id_;
  const v1::LeaseJobsRequest request_;
  v1::LeaseJobsResponse* const response_;
  std::atomic<int> references_ = 2;
};

FakeLedger::FakeLedger(int port) {
  const absl::Status status = StartServer(port);
  if (!status.ok()) ADD_FAILURE() << status;
}

FakeLedger::~FakeLedger() {
  if (server_ != nullptr) server_->Drain();
}

std::unique_ptr<FakeLedger> FakeLedger::StartAt(int port) {
  std::unique_ptr<FakeLedger> ledger(new FakeLedger(Unstarted()));
  return ledger->StartServer(port).ok() ? std::move(ledger) : nullptr;
}

absl::Status FakeLedger::StartServer(int port) {
  GrpcServerOptions options;
  options.port = port;
  options.drain = absl::ZeroDuration();
  auto server = GrpcServer::Start(options, {this});
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

void FakeLedger::Submit(v1::LeasedJob job) {
  uint64_t poll = 0;
  std::vector<v1::LeasedJob> jobs;
  {
    MutexLock lock(mutex_);
    queue_.push_back(std::move(job));
    for (const auto& [id, waiting] : polls_) {
      jobs = TakeJobsLocked(waiting->request());
      if (jobs.empty()) continue;
      poll = id;
      break;
    }
  }
  if (poll != 0) Answer(poll, std::move(jobs), absl::OkStatus());
}

void FakeLedger::Keep(const std::string& job_id, std::string answer, std::string thinking) {
  MutexLock lock(mutex_);
  texts_[job_id] = {std::move(answer), std::move(thinking)};
}

void FakeLedger::StopByHeartbeat(const std::string& job_id, v1::StopReason reason) {
  MutexLock lock(mutex_);
  stops_[job_id] = reason;
}

void FakeLedger::MakeRoom(bool make_room) {
  MutexLock lock(mutex_);
  make_room_ = make_room;
}

void FakeLedger::LoseLease(const std::string& job_id) {
  MutexLock lock(mutex_);
  lost_.insert(job_id);
}

void FakeLedger::FailHeartbeats(absl::Status status) {
  MutexLock lock(mutex_);
  heartbeat_failure_ = std::move(status);
}

void FakeLedger::FailAppends(absl::Status status) {
  MutexLock lock(mutex_);
  append_failure_ = std::move(status);
}

void FakeLedger::FailFinishes(absl::Status status) {
  MutexLock lock(mutex_);
  finish_failure_ = std::move(status);
}

void FakeLedger::LoseNextAppendAnswer() {
  MutexLock lock(mutex_);
  lose_append_answer_ = true;
}

std::vector<v1::HeartbeatRequest> FakeLedger::heartbeats() {
  MutexLock lock(mutex_);
  return heartbeats_;
}

uint32_t FakeLedger::last_heartbeat() {
  MutexLock lock(mutex_);
  return heartbeats_.empty() ? 0 : heartbeats_.back().number();
}

std::vector<v1::LeaseJobsRequest> FakeLedger::lease_requests() {
  MutexLock lock(mutex_);
  return lease_requests_;
}

size_t FakeLedger::waiting_polls() {
  MutexLock lock(mutex_);
  return polls_.size();
}

std::string FakeLedger::kept_answer(const std::string& job_id) {
  MutexLock lock(mutex_);
  return texts_[job_id].answer;
}

std::string FakeLedger::kept_thinking(const std::string& job_id) {
  MutexLock lock(mutex_);
  return texts_[job_id].thinking;
}

std::vector<FakeLedger::Finished> FakeLedger::finished() {
  MutexLock lock(mutex_);
  return finished_;
}

int FakeLedger::finish_calls() {
  MutexLock lock(mutex_);
  return finish_calls_;
}

int FakeLedger::append_calls() {
  MutexLock lock(mutex_);
  return append_calls_;
}

int FakeLedger::lowered_bases() {
  MutexLock lock(mutex_);
  return lowered_bases_;
}

std::vector<v1::LeasedJob> FakeLedger::TakeJobsLocked(const v1::LeaseJobsRequest& request) {
  std::map<std::string, uint32_t> free;
  for (const v1::ModelSlots& slots : request.models()) free[slots.model()] = slots.free();
  std::vector<v1::LeasedJob> jobs;
  for (auto job = queue_.begin(); job != queue_.end() && jobs.size() < request.max_jobs();) {
    if (free[job->spec().model()] == 0) {
      ++job;
      continue;
    }
    --free[job->spec().model()];
    jobs.push_back(std::move(*job));
    job = queue_.erase(job);
  }
  return jobs;
}

void FakeLedger::KeepLocked(const std::string& job_id,
                            const google::protobuf::RepeatedPtrField<v1::TextPiece>& pieces) {
  Texts& texts = texts_[job_id];
  for (const v1::TextPiece& piece : pieces) {
    std::string& text = piece.channel() == v1::CHANNEL_ANSWER ? texts.answer : texts.thinking;
    EXPECT_TRUE(IsValidUtf8(piece.text()));
    ASSERT_LE(piece.offset(), text.size()) << "a gap in the text of " << job_id;
    const size_t known = text.size() - piece.offset();
    if (known >= piece.text().size()) continue;
    EXPECT_EQ(text.substr(piece.offset()), piece.text().substr(0, known));
    text += piece.text().substr(known);
  }
}

void FakeLedger::LowerLocked(const v1::TextAppend& append) {
  ++lowered_bases_;
  // Sent again, it must not cut off what was stored since.
  if (!lowered_.insert({append.job_id(), append.version()}).second) return;
  Texts& texts = texts_[append.job_id()];
  texts.answer.resize(std::min<size_t>(texts.answer.size(), append.lower_base().answer()));
  texts.thinking.resize(std::min<size_t>(texts.thinking.size(), append.lower_base().thinking()));
}

void FakeLedger::Expire(uint64_t poll) { Answer(poll, {}, absl::OkStatus()); }

void FakeLedger::Answer(uint64_t poll, std::vector<v1::LeasedJob> jobs,
                        const absl::Status& status) {
  Poll* waiting = nullptr;
  {
    MutexLock lock(mutex_);
    const auto found = polls_.find(poll);
    if (found == polls_.end()) return;
    waiting = found->second;
    polls_.erase(found);
  }
  waiting->End(std::move(jobs), status);
}

grpc::ServerUnaryReactor* FakeLedger::LeaseJobs(grpc::CallbackServerContext* /*context*/,
                                                const v1::LeaseJobsRequest* request,
                                                v1::LeaseJobsResponse* response) {
  uint64_t id = 0;
  Poll* poll = nullptr;
  std::vector<v1::LeasedJob> jobs;
  {
    MutexLock lock(mutex_);
    lease_requests_.push_back(*request);
    id = ++last_poll_;
    poll = new Poll(this, id, *request, response);
    polls_[id] = poll;
    jobs = TakeJobsLocked(*request);
  }
  if (!jobs.empty()) {
    Answer(id, std::move(jobs), absl::OkStatus());
  } else {
    timers_.RunAfter(absl::Milliseconds(request->wait_ms()), [this, id] { Expire(id); });
  }
  return poll;
}

grpc::ServerUnaryReactor* FakeLedger::Heartbeat(grpc::CallbackServerContext* context,
                                                const v1::HeartbeatRequest* request,
                                                v1::HeartbeatResponse* response) {
  absl::Status status;
  {
    MutexLock lock(mutex_);
    heartbeats_.push_back(*request);
    status = heartbeat_failure_;
    response->set_make_room(make_room_);
    for (const v1::HeldJob& held : request->jobs()) {
      const auto stop = stops_.find(held.job_id());
      if (stop == stops_.end()) continue;
      v1::StopJob* entry = response->add_stop();
      entry->set_job_id(held.job_id());
      entry->set_version(held.version());
      entry->set_reason(stop->second);
    }
  }
  return FinishWith(context, status);
}

grpc::ServerUnaryReactor* FakeLedger::AppendText(grpc::CallbackServerContext* context,
                                                 const v1::AppendTextRequest* request,
                                                 v1::AppendTextResponse* response) {
  absl::Status status;
  {
    MutexLock lock(mutex_);
    ++append_calls_;
    status = append_failure_;
    if (status.ok()) {
      for (const v1::TextAppend& append : request->appends()) {
        v1::TextKept* kept = response->add_kept();
        kept->set_job_id(append.job_id());
        if (lost_.count(append.job_id()) > 0) {
          kept->set_lease_lost(true);
          continue;
        }
        if (append.has_lower_base()) LowerLocked(append);
        KeepLocked(append.job_id(), append.pieces());
        kept->set_answer_bytes(static_cast<uint32_t>(texts_[append.job_id()].answer.size()));
        kept->set_thinking_bytes(static_cast<uint32_t>(texts_[append.job_id()].thinking.size()));
      }
      if (std::exchange(lose_append_answer_, false)) status = absl::UnavailableError("lost");
    }
  }
  return FinishWith(context, status);
}

grpc::ServerUnaryReactor* FakeLedger::FinishAttempt(grpc::CallbackServerContext* context,
                                                    const v1::FinishAttemptRequest* request,
                                                    v1::FinishAttemptResponse* response) {
  absl::Status status;
  {
    MutexLock lock(mutex_);
    ++finish_calls_;
    status = finish_failure_;
    if (status.ok() && lost_.count(request->job_id()) > 0) {
      status = Error(absl::StatusCode::kAborted, "LEASE_LOST", "the lease is lost");
    }
    if (status.ok()) {
      KeepLocked(request->job_id(), request->pieces());
      const Texts& texts = texts_[request->job_id()];
      finished_.push_back({*request, texts.answer, texts.thinking});
      response->set_version(request->version() + 1);
    }
  }
  return FinishWith(context, status);
}

}  // namespace genwatch

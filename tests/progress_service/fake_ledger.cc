#include "tests/progress_service/fake_ledger.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "common/status.h"
#include "common/unary.h"
#include "common/utf8.h"
#include "progress_service/tracked_job.h"

namespace genwatch {
namespace {

// The real one answers at most 1 MiB; a smaller limit makes tests ask again.
constexpr size_t kMaxSliceBytes = 64 << 10;

absl::Status Down() {
  return Error(absl::StatusCode::kUnavailable, "LEDGER_DOWN", "down by the test's will");
}

}  // namespace

FakeLedger::FakeLedger() {
  auto server = GrpcServer::Start({.drain = absl::ZeroDuration()}, {this});
  if (!server.ok()) std::abort();
  server_ = *std::move(server);
}

FakeLedger::~FakeLedger() { server_.reset(); }

void FakeLedger::Submit(const std::string& job_id, const std::string& owner) {
  MutexLock lock(mutex_);
  Job& job = jobs_[job_id];
  job.entry.set_job_id(job_id);
  v1::Progress& progress = *job.entry.mutable_progress();
  progress.set_job_id(job_id);
  progress.set_version(1);
  progress.set_state(v1::Job::STATE_QUEUED);
  progress.set_model("m");
  progress.set_max_failures(3);
  progress.mutable_create_time()->set_seconds(1'700'000'000);
  job.fixed.set_owner_id(owner);
  job.fixed.set_max_failures(3);
  job.fixed.mutable_spec()->set_prompt("why is the sky blue?");
  job.fixed.mutable_spec()->set_model("m");
}

std::vector<v1::LeaseBase> FakeLedger::Lease(const std::string& job_id, bool keep,
                                             const std::string& worker_address) {
  MutexLock lock(mutex_);
  Job& job = jobs_.at(job_id);
  v1::Progress& progress = *job.entry.mutable_progress();
  progress.set_version(progress.version() + 1);
  progress.set_state(v1::Job::STATE_PROCESSING);
  progress.set_attempt(progress.attempt() + 1);
  progress.clear_reason();
  progress.clear_queue_position();
  progress.clear_queue_size();
  progress.mutable_start_time()->set_seconds(1'700'000'005);
  if (!keep) job.texts = {};
  v1::LeaseBase* const base = job.entry.add_bases();
  base->set_version(progress.version());
  base->set_answer(job.texts[0].size());
  base->set_thinking(job.texts[1].size());
  progress.mutable_numbers()->set_answer_bytes(job.texts[0].size());
  progress.mutable_numbers()->set_thinking_bytes(job.texts[1].size());
  job.entry.set_worker_address(worker_address);
  return {job.entry.bases().begin(), job.entry.bases().end()};
}

void FakeLedger::Store(const std::string& job_id, const std::string& text, v1::Channel channel) {
  MutexLock lock(mutex_);
  Job& job = jobs_.at(job_id);
  job.texts[ChannelIndex(channel)] += text;
  v1::JobNumbers& numbers = *job.entry.mutable_progress()->mutable_numbers();
  numbers.set_answer_bytes(job.texts[0].size());
  numbers.set_thinking_bytes(job.texts[1].size());
}

void FakeLedger::Move(const std::string& job_id, v1::Job::State state) {
  MutexLock lock(mutex_);
  v1::Progress& progress = *jobs_.at(job_id).entry.mutable_progress();
  progress.set_version(progress.version() + 1);
  progress.set_state(state);
  jobs_.at(job_id).entry.clear_worker_address();
}

void FakeLedger::Edit(const std::string& job_id, const std::function<void(v1::Progress&)>& edit) {
  MutexLock lock(mutex_);
  edit(*jobs_.at(job_id).entry.mutable_progress());
}

uint32_t FakeLedger::version(const std::string& job_id) const {
  MutexLock lock(mutex_);
  return jobs_.at(job_id).entry.progress().version();
}

void FakeLedger::SetDown(bool down) {
  MutexLock lock(mutex_);
  down_ = down;
}

int FakeLedger::state_calls() const {
  MutexLock lock(mutex_);
  return state_calls_;
}

int FakeLedger::asked(const std::string& job_id) const {
  MutexLock lock(mutex_);
  const auto found = asked_.find(job_id);
  return found == asked_.end() ? 0 : found->second;
}

std::vector<v1::RecordProgressRequest> FakeLedger::recordings() const {
  MutexLock lock(mutex_);
  return recordings_;
}

std::vector<v1::EstimateScore> FakeLedger::scores() const {
  MutexLock lock(mutex_);
  return scores_;
}

grpc::ServerUnaryReactor* FakeLedger::GetJobStates(grpc::CallbackServerContext* context,
                                                   const v1::GetJobStatesRequest* request,
                                                   v1::GetJobStatesResponse* response) {
  MutexLock lock(mutex_);
  ++state_calls_;
  if (down_) return FinishWith(context, Down());
  for (const v1::JobQuery& query : request->jobs()) {
    ++asked_[query.job_id()];
    const auto found = jobs_.find(query.job_id());
    if (found == jobs_.end()) {
      v1::JobStateEntry* const entry = response->add_jobs();
      entry->set_job_id(query.job_id());
      entry->set_not_found(true);
      continue;
    }
    const Job& job = found->second;
    const bool waits = job.entry.progress().state() == v1::Job::STATE_QUEUED;
    if (job.entry.progress().version() <= query.known_version() && !waits && !query.want_fixed()) {
      continue;
    }
    v1::JobStateEntry* const entry = response->add_jobs();
    *entry = job.entry;
    if (query.want_fixed()) *entry->mutable_fixed() = job.fixed;
  }
  return FinishWith(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* FakeLedger::ReadTexts(grpc::CallbackServerContext* context,
                                                const v1::ReadTextsRequest* request,
                                                v1::ReadTextsResponse* response) {
  MutexLock lock(mutex_);
  if (down_) return FinishWith(context, Down());
  size_t room = kMaxSliceBytes;
  for (const v1::TextQuery& query : request->texts()) {
    v1::TextSlice& slice = *response->add_slices();
    slice.set_job_id(query.job_id());
    const auto found = jobs_.find(query.job_id());
    if (found == jobs_.end()) {
      slice.set_not_found(true);
      continue;
    }
    const std::string& text = found->second.texts[ChannelIndex(query.channel())];
    slice.set_version(found->second.entry.progress().version());
    slice.set_text_length(text.size());
    slice.mutable_piece()->set_channel(query.channel());
    slice.mutable_piece()->set_offset(query.offset());
    if (query.offset() < text.size()) {
      const std::string_view rest = std::string_view(text).substr(query.offset());
      slice.mutable_piece()->set_text(std::string(TruncateUtf8(rest, room)));
      room -= slice.piece().text().size();
    }
  }
  return FinishWith(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* FakeLedger::RecordProgress(grpc::CallbackServerContext* context,
                                                     const v1::RecordProgressRequest* request,
                                                     v1::RecordProgressResponse* response) {
  MutexLock lock(mutex_);
  if (down_) return FinishWith(context, Down());
  recordings_.push_back(*request);
  response->set_recorded(request->records_size());
  return FinishWith(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* FakeLedger::RecordScores(grpc::CallbackServerContext* context,
                                                   const v1::RecordScoresRequest* request,
                                                   v1::RecordScoresResponse* response) {
  MutexLock lock(mutex_);
  if (down_) return FinishWith(context, Down());
  scores_.insert(scores_.end(), request->scores().begin(), request->scores().end());
  response->set_recorded(request->scores_size());
  return FinishWith(context, absl::OkStatus());
}

grpc::ServerUnaryReactor* FakeLedger::ListActive(grpc::CallbackServerContext* context,
                                                 const v1::ListActiveRequest* request,
                                                 v1::ListActiveResponse* response) {
  MutexLock lock(mutex_);
  if (down_) return FinishWith(context, Down());
  for (const auto& [job_id, job] : jobs_) {
    if (job.fixed.owner_id() == request->owner_id() && !IsTerminal(job.entry.progress().state())) {
      response->add_job_ids(job_id);
    }
  }
  return FinishWith(context, absl::OkStatus());
}

}  // namespace genwatch

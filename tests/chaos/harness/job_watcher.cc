#include "tests/chaos/harness/job_watcher.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/identity.h"
#include "tests/chaos/harness/job_client.h"

namespace genwatch::chaos {
namespace {

constexpr absl::Duration kBeforeNextStream = absl::Milliseconds(100);
// More would be of one cause.
constexpr size_t kMostProblems = 100;

bool Ended(v1::Job::State state) {
  return state == v1::Job::STATE_COMPLETED || state == v1::Job::STATE_FAILED ||
         state == v1::Job::STATE_CANCELLED || state == v1::Job::STATE_EXPIRED;
}

}  // namespace

JobWatcher::JobWatcher(const std::string& address, const std::vector<SubmittedJob>& jobs)
    : JobWatcher(address, jobs.empty() ? JobPlan().owner : jobs[0].plan.owner, jobs,
                 /*all_active=*/false) {}

std::unique_ptr<JobWatcher> JobWatcher::OfAllActive(const std::string& address,
                                                    const std::string& owner) {
  return std::unique_ptr<JobWatcher>(new JobWatcher(address, owner, {}, /*all_active=*/true));
}

JobWatcher::JobWatcher(const std::string& address, std::string owner,
                       const std::vector<SubmittedJob>& jobs, bool all_active)
    : owner_(std::move(owner)),
      all_active_(all_active),
      stub_(v1::ProgressService::NewStub(ChannelTo(address))) {
  for (const SubmittedJob& job : jobs) jobs_[job.job_id];
  thread_ = std::thread([this] { Watch(); });
}

JobWatcher::~JobWatcher() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    if (context_ != nullptr) context_->TryCancel();
    stopped_.NotifyAll();
  }
  thread_.join();
}

Seen JobWatcher::Of(const std::string& job_id) const {
  MutexLock lock(mutex_);
  const auto seen = jobs_.find(job_id);
  return seen == jobs_.end() ? Seen{} : seen->second;
}

bool JobWatcher::Done() const {
  MutexLock lock(mutex_);
  for (const auto& [job_id, seen] : jobs_) {
    if (!seen.terminal) return false;
  }
  return true;
}

std::vector<std::string> JobWatcher::problems() const {
  MutexLock lock(mutex_);
  return problems_;
}

absl::Duration JobWatcher::mute_for() const {
  MutexLock lock(mutex_);
  const bool expects = std::any_of(jobs_.begin(), jobs_.end(), [](const auto& entry) {
    return !entry.second.first_text.empty() && !entry.second.terminal;
  });
  return expects ? RealClock()->Monotonic() - heard_at_ : absl::ZeroDuration();
}

int JobWatcher::gaps() const {
  MutexLock lock(mutex_);
  return gaps_;
}

int JobWatcher::repeats() const {
  MutexLock lock(mutex_);
  return repeats_;
}

std::vector<absl::Duration> JobWatcher::resumed() const {
  MutexLock lock(mutex_);
  return resumed_;
}

int JobWatcher::streams() const {
  MutexLock lock(mutex_);
  return streams_;
}

bool JobWatcher::FillRequest(v1::WatchProgressRequest& request) {
  MutexLock lock(mutex_);
  if (stopping_) return false;
  refused_.clear();
  for (const auto& [job_id, seen] : jobs_) {
    if (seen.terminal) continue;
    v1::WatchTarget& target = *request.add_targets();
    target.set_job_id(job_id);
    target.set_cursor(seen.cursor);
  }
  if (request.targets().empty() && !all_active_) return false;
  request.set_mine_active(all_active_);
  request.set_text(true);
  context_ = std::make_unique<grpc::ClientContext>();
  context_->AddMetadata(kUserMetadataKey, owner_);
  ++streams_;
  return true;
}

void JobWatcher::Watch() {
  for (;;) {
    v1::WatchProgressRequest request;
    if (!FillRequest(request)) return;
    grpc::ClientContext* context = nullptr;
    {
      MutexLock lock(mutex_);
      context = context_.get();
    }
    const auto stream = stub_->WatchProgress(context, request);
    v1::WatchProgressResponse response;
    while (stream->Read(&response)) {
      MutexLock lock(mutex_);
      heard_at_ = RealClock()->Monotonic();
      for (const v1::JobUpdate& update : response.updates()) Take(update);
    }
    const grpc::Status status = stream->Finish();
    MutexLock lock(mutex_);
    context_.reset();
    if (stopping_) return;
    if (!status.ok() && broken_at_ == absl::InfiniteDuration()) {
      broken_at_ = RealClock()->Monotonic();
    }
    if (status.ok()) {
      if (all_active_) NoteProblem("all active jobs", "the stream ended by itself");
      for (const auto& [job_id, seen] : jobs_) {
        if (seen.terminal || refused_.contains(job_id)) continue;
        NoteProblem(job_id, "the stream ended before its terminal state");
      }
    }
    stopped_.WaitFor(mutex_, kBeforeNextStream);
  }
}

void JobWatcher::Take(const v1::JobUpdate& update) {
  auto found = jobs_.find(update.job_id());
  if (found == jobs_.end() && all_active_) found = jobs_.try_emplace(update.job_id()).first;
  if (found == jobs_.end()) {
    NoteProblem(update.job_id(), "was not asked for");
    return;
  }
  Seen& seen = found->second;
  // A service that has just started, or lost the ledger for a while: asked again.
  if (update.has_error()) {
    refused_.insert(update.job_id());
    return;
  }
  if (broken_at_ != absl::InfiniteDuration()) {
    resumed_.push_back(RealClock()->Monotonic() - broken_at_);
    broken_at_ = absl::InfiniteDuration();
  }
  if (seen.terminal) NoteProblem(update.job_id(), "an update follows the terminal one");
  if (update.has_progress()) TakeProgress(update.progress(), seen);
  TakeText(update, seen);
  seen.cursor = update.cursor();
  seen.terminal = update.terminal();
  if (seen.terminal) seen.ended_at = RealClock()->Monotonic();
  if (seen.terminal && !Ended(seen.state)) {
    NoteProblem(update.job_id(), "the terminal update shows a state that is not");
  }
}

void JobWatcher::TakeProgress(const v1::Progress& progress, Seen& seen) {
  if (std::tuple(progress.version(), progress.sequence()) <
      std::tuple(seen.version, seen.sequence)) {
    NoteProblem(progress.job_id(),
                absl::StrCat("(version, sequence) falls from (", seen.version, ", ", seen.sequence,
                             ") to (", progress.version(), ", ", progress.sequence(), ")"));
  }
  seen.version = progress.version();
  seen.sequence = progress.sequence();
  seen.state = progress.state();
}

void JobWatcher::TakeText(const v1::JobUpdate& update, Seen& seen) {
  for (const v1::TextReset& reset : update.resets()) {
    std::string& text = reset.channel() == v1::CHANNEL_THINKING ? seen.thinking : seen.answer;
    if (reset.offset() > text.size()) {
      ++gaps_;
      NoteProblem(update.job_id(),
                  absl::StrCat("a reset to ", reset.offset(), " of ", text.size(), " bytes"));
      continue;
    }
    text.resize(reset.offset());
  }
  for (const v1::TextPiece& piece : update.pieces()) {
    std::string& text = piece.channel() == v1::CHANNEL_THINKING ? seen.thinking : seen.answer;
    if (piece.offset() != text.size()) {
      ++(piece.offset() > text.size() ? gaps_ : repeats_);
      NoteProblem(update.job_id(),
                  absl::StrCat("text from ", piece.offset(), " on after ", text.size(), " bytes"));
      text.resize(piece.offset());
    }
    text += piece.text();
    const absl::Duration now = RealClock()->Monotonic();
    if (!seen.first_text.try_emplace(seen.version, now).second) {
      seen.longest_silence = std::max(seen.longest_silence, now - seen.last_text);
    }
    seen.last_text = now;
  }
}

void JobWatcher::NoteProblem(const std::string& job_id, const std::string& problem) {
  if (problems_.size() < kMostProblems) problems_.push_back(absl::StrCat(job_id, ": ", problem));
}

std::vector<std::unique_ptr<JobWatcher>> WatchAll(const std::string& address,
                                                  const std::vector<SubmittedJob>& jobs) {
  std::vector<std::unique_ptr<JobWatcher>> watchers;
  for (size_t start = 0; start < jobs.size(); start += kWatchedByOne) {
    const size_t end = std::min(start + kWatchedByOne, jobs.size());
    watchers.push_back(std::make_unique<JobWatcher>(
        address, std::vector<SubmittedJob>(jobs.begin() + static_cast<std::ptrdiff_t>(start),
                                           jobs.begin() + static_cast<std::ptrdiff_t>(end))));
  }
  return watchers;
}

}  // namespace genwatch::chaos

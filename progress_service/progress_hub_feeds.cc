// The side of the ProgressHub that hears the workers.

#include <string_view>
#include <utility>

#include "common/log.h"
#include "progress_service/hub_batch.h"
#include "progress_service/progress_hub.h"

namespace genwatch {
namespace {

// Workers name their jobs each second; one that was not named for longer is asked about. A list
// that is a little late costs a question; waiting longer would cost those who watch a worker that
// died.
constexpr absl::Duration kReportValid = absl::Milliseconds(1050);

// A worker whose heartbeats have gone unanswered for longer may have lost its jobs.
constexpr uint32_t kMaxHeartbeatAgeMs = 2000;

}  // namespace

ProgressHub::FeedId ProgressHub::OpenFeed() {
  MutexLock lock(mutex_);
  feeds_[++last_feed_];
  return last_feed_;
}

std::vector<v1::KnownJob> ProgressHub::Known() const {
  std::vector<v1::KnownJob> known;
  for (const EntryRef& entry : Entries()) {
    MutexLock lock(entry->mutex);
    if (!entry->job.running() || !entry->job.has_lease_facts()) continue;
    // While its base may still fall, what is held may not be text of the lease.
    if (entry->job.texts().text_version() != entry->job.version()) continue;
    v1::KnownJob& one = known.emplace_back();
    one.set_job_id(entry->job.job_id());
    one.set_version(entry->job.version());
    one.set_answer_bytes(entry->job.texts().NeedlessBytes(0));
    one.set_thinking_bytes(entry->job.texts().NeedlessBytes(1));
  }
  return known;
}

void ProgressHub::MergeFeed(FeedId feed, const v1::StreamStatesResponse& message) {
  std::vector<EntryRef> entries;
  entries.reserve(message.states_size());
  bool trusted = true;
  {
    MutexLock lock(mutex_);
    const auto found = feeds_.find(feed);
    if (found == feeds_.end()) return;
    if (message.has_roster()) {
      found->second.trusted = message.roster().heartbeat_age_ms() <= kMaxHeartbeatAgeMs;
    }
    trusted = found->second.trusted;
    for (const v1::WorkerState& state : message.states()) {
      EntryRef entry = FindOrAddLocked(state.job_id());
      if (found->second.jobs.insert(entry).second) ++entry->feeds;
      entries.push_back(std::move(entry));
    }
  }
  metrics_.states_received.Increment(message.states_size());
  Batch batch;
  for (int i = 0; i < message.states_size(); ++i) {
    MergeState(entries[i], message.states(i), trusted, batch);
  }
  if (message.has_roster()) MergeRoster(feed, message.roster(), batch);
  Finish(batch);
  if (text_bytes() > options_.max_text_bytes) EvictTexts();
}

void ProgressHub::MergeState(const EntryRef& entry, const v1::WorkerState& state, bool trusted,
                             Batch& batch) {
  MutexLock lock(entry->mutex);
  const TrackedJob::Outcome outcome = entry->job.MergeWorker(state, clock_->Now());
  if (trusted && state.version() == entry->job.version()) {
    entry->reported_until = clock_->Monotonic() + kReportValid;
  }
  if (outcome.conflict) {
    metrics_.text_conflicts.Increment();
    LogError("text of a worker contradicts what is held",
             {{"job_id", entry->job_id}, {"version", state.version()}});
  }
  if (!outcome.changed) metrics_.states_stale.Increment();
  FinishMergeLocked(entry, outcome, batch);
}

void ProgressHub::MergeRoster(FeedId feed, const v1::Roster& roster, Batch& batch) {
  std::vector<std::pair<EntryRef, uint32_t>> listed;
  std::vector<EntryRef> gone;
  bool trusted = false;
  {
    MutexLock lock(mutex_);
    const auto found = feeds_.find(feed);
    if (found == feeds_.end()) return;
    trusted = found->second.trusted;
    std::unordered_map<std::string_view, uint32_t> versions;
    for (const v1::HeldJob& held : roster.jobs()) versions[held.job_id()] = held.version();
    std::unordered_set<EntryRef>& jobs = found->second.jobs;
    for (auto at = jobs.begin(); at != jobs.end();) {
      const auto version = versions.find((*at)->job_id);
      if (version != versions.end()) {
        listed.emplace_back(*at, version->second);
        ++at;
        continue;
      }
      gone.push_back(*at);
      --(*at)->feeds;
      at = jobs.erase(at);
    }
  }
  const absl::Duration valid_until = clock_->Monotonic() + kReportValid;
  for (const auto& [entry, version] : listed) {
    MutexLock lock(entry->mutex);
    if (trusted && version == entry->job.version()) entry->reported_until = valid_until;
  }
  NoLongerReported(gone, batch);
}

void ProgressHub::CloseFeed(FeedId feed) {
  std::vector<EntryRef> gone;
  {
    MutexLock lock(mutex_);
    const auto found = feeds_.find(feed);
    if (found == feeds_.end()) return;
    gone.assign(found->second.jobs.begin(), found->second.jobs.end());
    for (const EntryRef& entry : gone) --entry->feeds;
    feeds_.erase(found);
  }
  Batch batch;
  NoLongerReported(gone, batch);
  Finish(batch);
}

void ProgressHub::NoLongerReported(const std::vector<EntryRef>& entries, Batch& batch) {
  for (const EntryRef& entry : entries) {
    MutexLock lock(entry->mutex);
    entry->reported_until = absl::ZeroDuration();
    if (entry->wakes != nullptr && !entry->job.terminal()) batch.Ask(entry);
  }
  MutexLock lock(mutex_);
  for (const EntryRef& entry : entries) DropIfIdleLocked(entry);
}

}  // namespace genwatch

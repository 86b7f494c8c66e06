#include "progress_service/progress_hub.h"

#include <algorithm>
#include <utility>

#include "common/status.h"
#include "progress_service/cursor.h"
#include "progress_service/hub_batch.h"

namespace genwatch {
namespace {

constexpr absl::Duration kEvictionInterval = absl::Seconds(1);

// Of estimates; the recorder takes them twice a second.
constexpr size_t kMostScores = 10'000;

v1::EstimateScore ToProto(const std::string& job_id, const TrackedJob::Score& score) {
  v1::EstimateScore proto;
  proto.set_job_id(job_id);
  for (size_t i = 0; i < kScoredShares.size(); ++i) {
    v1::ShareScore& share = *proto.add_shares();
    share.set_percent_error(score.percent_error[i]);
    if (!score.remaining[i].has_value()) continue;
    share.set_remaining_log_error(score.remaining[i]->log_error);
    share.set_band_held(score.remaining[i]->inside);
    share.set_told_ms(score.remaining[i]->told_ms);
    share.set_told_low_ms(score.remaining[i]->low_ms);
    share.set_told_high_ms(score.remaining[i]->high_ms);
    share.set_true_ms(score.remaining[i]->true_ms);
  }
  return proto;
}

}  // namespace

ProgressHub::ProgressHub(const Clock* clock, Options options, ProgressMetrics metrics)
    : clock_(clock), options_(options), metrics_(metrics), kick_([] {}) {}

ProgressHub::~ProgressHub() = default;

// ---- watchers

ProgressHub::Subscription::Subscription(Subscription&& other) noexcept { *this = std::move(other); }

ProgressHub::Subscription& ProgressHub::Subscription::operator=(Subscription&& other) noexcept {
  if (this == &other) return *this;
  Reset();
  hub_ = std::exchange(other.hub_, nullptr);
  entry_ = std::move(other.entry_);
  wake_ = std::move(other.wake_);
  text_ = other.text_;
  return *this;
}

ProgressHub::Subscription::~Subscription() { Reset(); }

void ProgressHub::Subscription::Reset() {
  if (hub_ != nullptr) hub_->Unsubscribe(*this);
  hub_ = nullptr;
}

absl::StatusOr<ProgressHub::Subscription> ProgressHub::Subscribe(
    const std::string& job_id, bool text, std::shared_ptr<const HubWake> wake) {
  // What nobody watches goes first.
  if (text && text_bytes() > options_.max_text_bytes) EvictTexts();
  if (text && text_bytes() > options_.max_text_bytes) {
    metrics_.watches_refused.Increment();
    return WithRetryAfter(Error(absl::StatusCode::kResourceExhausted, "TEXT_MEMORY_FULL",
                                "too much text is held for the watchers there are"),
                          absl::Seconds(5));
  }
  Subscription subscription;
  bool kick = false;
  {
    MutexLock lock(mutex_);
    const EntryRef entry = FindOrAddLocked(job_id);
    ++entry->watchers;
    bool ask = false;
    bool read = false;
    {
      MutexLock entry_lock(entry->mutex);
      auto wakes = entry->wakes == nullptr ? std::make_shared<HubWakes>()
                                           : std::make_shared<HubWakes>(*entry->wakes);
      wakes->push_back(wake);
      entry->wakes = std::move(wakes);
      if (text) {
        ++entry->text_watchers;
        entry->job.ResumeTexts();
        read = entry->job.texts().Missing();
      }
      entry->job.ForgetNotFound();
      const bool fresh = entry->job.running() && !entry->job.ended() &&
                         entry->job.has_ledger_facts() &&
                         entry->reported_until > clock_->Monotonic();
      ask = entry->job.fixed() == nullptr || (!fresh && !entry->job.terminal());
    }
    if (ask) kick |= AskLocked(entry);
    if (read) kick |= ReadLocked(entry);
    subscription.hub_ = this;
    subscription.entry_ = entry;
    subscription.wake_ = std::move(wake);
    subscription.text_ = text;
  }
  if (kick) kick_();
  return subscription;
}

void ProgressHub::Unsubscribe(Subscription& subscription) {
  const EntryRef entry = std::move(subscription.entry_);
  MutexLock lock(mutex_);
  --entry->watchers;
  {
    MutexLock entry_lock(entry->mutex);
    if (subscription.text_) --entry->text_watchers;
    auto wakes = std::make_shared<HubWakes>(*entry->wakes);
    wakes->erase(std::find(wakes->begin(), wakes->end(), subscription.wake_));
    entry->wakes = wakes->empty() ? nullptr : std::move(wakes);
  }
  DropIfIdleLocked(entry);
}

ProgressHub::Admission ProgressHub::Admit(const Subscription& subscription,
                                          const std::string& owner) {
  HubEntry& entry = *subscription.entry_;
  MutexLock lock(entry.mutex);
  if (entry.job.not_found()) return Admission::kNotFound;
  if (entry.job.fixed() == nullptr) return Admission::kUnknown;
  return entry.job.fixed()->owner_id() == owner ? Admission::kAdmitted : Admission::kNotFound;
}

WatchPosition::Result ProgressHub::Collect(const Subscription& subscription,
                                           WatchPosition& position, size_t text_budget,
                                           v1::JobUpdate* update) {
  const EntryRef& entry = subscription.entry_;
  WatchPosition::Result result;
  bool ask = false;
  {
    MutexLock lock(entry->mutex);
    result = position.Collect(entry->job, text_budget, update);
    if (result.behind && position.question() == 0) {
      position.set_question(entry->job.NextQuestion());
      ask = true;
    }
  }
  if (result.has_update) {
    metrics_.updates_sent.Increment();
    if (update->resets_size() > 0) metrics_.resets_sent.Increment(update->resets_size());
    if (result.conflated > 0) {
      metrics_.states_conflated.Increment(static_cast<double>(result.conflated));
    }
  }
  if (ask) {
    Batch batch;
    batch.Ask(entry);
    Finish(batch);
  }
  return result;
}

std::optional<ProgressHub::Snapshot> ProgressHub::Running(const std::string& job_id) {
  const EntryRef entry = Find(job_id);
  if (entry == nullptr) return std::nullopt;
  MutexLock lock(entry->mutex);
  if (!KnownToRunLocked(*entry)) return std::nullopt;
  return SnapshotOf(entry->job);
}

std::optional<std::string> ProgressHub::RunningOwner(const std::string& job_id) {
  const EntryRef entry = Find(job_id);
  if (entry == nullptr) return std::nullopt;
  MutexLock lock(entry->mutex);
  if (!KnownToRunLocked(*entry)) return std::nullopt;
  return entry->job.fixed()->owner_id();
}

bool ProgressHub::KnownToRunLocked(const HubEntry& entry) const {
  return entry.job.running() && !entry.job.ended() && entry.job.fixed() != nullptr &&
         entry.job.has_ledger_facts() && entry.reported_until > clock_->Monotonic();
}

std::optional<ProgressHub::Snapshot> ProgressHub::MergeAnswer(const v1::JobStateEntry& entry) {
  if (entry.not_found()) return std::nullopt;
  if (const EntryRef tracked = Find(entry.job_id()); tracked != nullptr) {
    Batch batch;
    MergeEntry(tracked, entry, 0, batch);
    Finish(batch);
    MutexLock lock(tracked->mutex);
    return SnapshotOf(tracked->job);
  }
  TrackedJob job(entry.job_id());
  job.MergeLedger(entry, clock_->Now());
  return SnapshotOf(job);
}

ProgressHub::Snapshot ProgressHub::SnapshotOf(const TrackedJob& job) {
  const Cursor cursor = {.job_hash = job.hash(),
                         .version = job.version(),
                         .sequence = job.sequence(),
                         .text_version = job.texts().text_version(),
                         .terminal = job.terminal()};
  return {.progress = job.progress(), .fixed = job.fixed(), .cursor = FormatCursor(cursor)};
}

// ---- shared

size_t ProgressHub::job_count() const {
  MutexLock lock(mutex_);
  return jobs_.size();
}

EntryRef ProgressHub::FindOrAddLocked(const std::string& job_id) {
  EntryRef& entry = jobs_[job_id];
  if (entry == nullptr) {
    entry = std::make_shared<HubEntry>(job_id);
    metrics_.jobs.Set(static_cast<double>(jobs_.size()));
  }
  return entry;
}

EntryRef ProgressHub::Find(const std::string& job_id) const {
  MutexLock lock(mutex_);
  const auto found = jobs_.find(job_id);
  return found == jobs_.end() ? nullptr : found->second;
}

std::vector<EntryRef> ProgressHub::Entries() const {
  std::vector<EntryRef> entries;
  MutexLock lock(mutex_);
  entries.reserve(jobs_.size());
  for (const auto& [job_id, entry] : jobs_) entries.push_back(entry);
  return entries;
}

void ProgressHub::DropIfIdleLocked(const EntryRef& entry) {
  if (entry->watchers > 0 || entry->feeds > 0) return;
  const auto found = jobs_.find(entry->job_id);
  if (found == jobs_.end() || found->second != entry) return;
  {
    MutexLock lock(entry->mutex);
    entry->dropped = true;
    text_bytes_ -= entry->accounted_bytes;
    entry->accounted_bytes = 0;
  }
  // The caller's reference keeps the entry alive.
  jobs_.erase(found);
  metrics_.jobs.Set(static_cast<double>(jobs_.size()));
}

void ProgressHub::FinishMergeLocked(const EntryRef& entry, const TrackedJob::Outcome& outcome,
                                    Batch& batch) {
  if (outcome.score.has_value()) {
    ObserveScore(metrics_, *outcome.score);
    batch.Score(ToProto(entry->job_id, *outcome.score));
  }
  if (!entry->dropped) {
    const size_t bytes = entry->job.bytes();
    text_bytes_ += bytes - entry->accounted_bytes;
    entry->accounted_bytes = bytes;
  }
  if (outcome.changed) {
    entry->revision.fetch_add(1, std::memory_order_release);
    batch.Wake(entry->wakes);
  }
  if (outcome.ask && entry->wakes != nullptr) batch.Ask(entry);
  if (entry->text_watchers > 0 && entry->job.texts().Missing()) {
    // Of a running job the ledger may not have it yet: the next regular look is early enough.
    batch.Read(entry, !entry->job.running());
  }
  entry->terminal.store(entry->job.terminal(), std::memory_order_release);
}

void ProgressHub::Finish(Batch& batch, bool may_kick) {
  bool kick = false;
  if (!batch.to_ask().empty() || !batch.to_read().empty()) {
    MutexLock lock(mutex_);
    for (const EntryRef& entry : batch.to_ask()) kick |= AskLocked(entry);
    for (const EntryRef& entry : batch.to_read()) {
      kick |= ReadLocked(entry) && batch.read_at_once();
    }
  }
  if (!batch.scores().empty()) KeepScores(batch.scores());
  batch.RunWakes();
  if (kick && may_kick) kick_();
}

void ProgressHub::KeepScores(std::vector<v1::EstimateScore>& scores) {
  MutexLock lock(mutex_);
  for (v1::EstimateScore& score : scores) {
    if (scores_.size() >= kMostScores) {
      metrics_.scores_dropped.Increment();
    } else {
      scores_.push_back(std::move(score));
    }
  }
}

bool ProgressHub::AskLocked(const EntryRef& entry) {
  if (entry->to_ask) return false;
  entry->to_ask = true;
  to_ask_.push_back(entry);
  return true;
}

bool ProgressHub::ReadLocked(const EntryRef& entry) {
  if (entry->to_read) return false;
  entry->to_read = true;
  to_read_.push_back(entry);
  return true;
}

void ProgressHub::EvictTexts() {
  {
    const absl::Duration now = clock_->Monotonic();
    MutexLock lock(mutex_);
    if (now < next_eviction_) return;
    next_eviction_ = now + kEvictionInterval;
  }
  for (const EntryRef& entry : Entries()) {
    if (text_bytes() <= options_.max_text_bytes) return;
    MutexLock lock(entry->mutex);
    if (entry->text_watchers > 0 || entry->job.texts().discarding()) continue;
    entry->job.DiscardTexts();
    const size_t bytes = entry->job.bytes();
    text_bytes_ -= entry->accounted_bytes - bytes;
    entry->accounted_bytes = bytes;
    metrics_.texts_discarded.Increment();
  }
}

}  // namespace genwatch

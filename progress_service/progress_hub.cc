#include "progress_service/progress_hub.h"

#include <algorithm>
#include <string_view>

#include "common/log.h"
#include "common/status.h"
#include "progress_service/cursor.h"

namespace genwatch {
namespace {

// Workers name their jobs each second; one that was not named for longer is asked about.
constexpr absl::Duration kReportValid = absl::Milliseconds(1200);

// A worker whose heartbeats have gone unanswered for longer may have lost its jobs.
constexpr uint32_t kMaxHeartbeatAgeMs = 2000;

constexpr absl::Duration kEvictionInterval = absl::Seconds(1);

using EntryRef = std::shared_ptr<HubEntry>;

}  // namespace

// What a merge leaves to be done when no lock is held any more.
class ProgressHub::Batch {
 public:
  void Wake(const std::shared_ptr<const HubWakes>& wakes) {
    if (wakes != nullptr) wakes_.push_back(wakes);
  }
  void Ask(EntryRef entry) { to_ask_.push_back(std::move(entry)); }
  void Read(EntryRef entry, bool at_once) {
    to_read_.push_back(std::move(entry));
    read_at_once_ |= at_once;
  }

  const std::vector<EntryRef>& to_ask() const { return to_ask_; }
  const std::vector<EntryRef>& to_read() const { return to_read_; }
  bool read_at_once() const { return read_at_once_; }

  // Each watcher once, however many of its jobs changed.
  void RunWakes() const {
    if (wakes_.size() == 1) {
      for (const auto& wake : *wakes_.front()) (*wake)();
      return;
    }
    std::vector<const HubWake*> all;
    for (const auto& wakes : wakes_) {
      for (const auto& wake : *wakes) all.push_back(wake.get());
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    for (const HubWake* const wake : all) (*wake)();
  }

 private:
  std::vector<std::shared_ptr<const HubWakes>> wakes_;
  std::vector<EntryRef> to_ask_;
  std::vector<EntryRef> to_read_;
  bool read_at_once_ = false;
};

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
  if (!entry->job.running() || entry->job.ended() || entry->job.fixed() == nullptr ||
      !entry->job.has_ledger_facts() || entry->reported_until <= clock_->Monotonic()) {
    return std::nullopt;
  }
  return SnapshotOf(entry->job);
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

// ---- feeds

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

// ---- the ledger's poll

std::vector<ProgressHub::Question> ProgressHub::TakeQuestions(bool all) {
  metrics_.text_bytes.Set(static_cast<double>(text_bytes()));
  std::vector<EntryRef> asked;
  std::vector<EntryRef> others;
  {
    MutexLock lock(mutex_);
    asked.swap(to_ask_);
    for (const EntryRef& entry : asked) entry->to_ask = false;
    if (all) {
      for (const auto& [job_id, entry] : jobs_) {
        if (entry->watchers > 0) others.push_back(entry);
      }
    }
  }
  std::vector<Question> questions;
  std::unordered_set<const HubEntry*> seen;
  const absl::Duration now = clock_->Monotonic();
  const auto add = [&](const EntryRef& entry, bool if_unreported) {
    MutexLock lock(entry->mutex);
    const bool answered = entry->job.terminal() && entry->job.fixed() != nullptr;
    const bool reported = entry->reported_until > now && entry->job.running() &&
                          !entry->job.ended() && entry->job.has_ledger_facts() &&
                          entry->job.fixed() != nullptr;
    if (entry->wakes == nullptr || answered || (if_unreported && reported)) return;
    if (!seen.insert(entry.get()).second) return;
    Question& question = questions.emplace_back();
    question.entry = entry;
    question.number = entry->job.asked();
    question.query.set_job_id(entry->job_id);
    question.query.set_want_fixed(entry->job.fixed() == nullptr);
    // A job that is said to run is asked for its numbers and text, too, and facts that were never
    // heard are asked for whatever the version.
    const bool always = entry->job.fixed() == nullptr || entry->job.running();
    question.query.set_known_version(always ? 0 : entry->job.version());
  };
  for (const EntryRef& entry : asked) add(entry, false);
  for (const EntryRef& entry : others) add(entry, true);
  return questions;
}

void ProgressHub::MergeStates(const std::vector<Question>& questions,
                              const v1::GetJobStatesResponse& response) {
  std::unordered_map<std::string_view, const v1::JobStateEntry*> told;
  for (const v1::JobStateEntry& entry : response.jobs()) told[entry.job_id()] = &entry;
  std::set<std::string> addresses;
  Batch batch;
  for (const Question& question : questions) {
    const auto found = told.find(question.query.job_id());
    if (found != told.end()) {
      MergeEntry(question.entry, *found->second, question.number, batch);
      if (found->second->progress().state() == v1::Job::STATE_PROCESSING &&
          !found->second->worker_address().empty()) {
        addresses.insert(found->second->worker_address());
      }
      continue;
    }
    // Not listed: nothing is newer than what we know.
    MutexLock lock(question.entry->mutex);
    TrackedJob::Outcome outcome;
    outcome.changed = question.entry->job.NoteAnswer(question.number);
    FinishMergeLocked(question.entry, outcome, batch);
  }
  if (!addresses.empty()) {
    MutexLock lock(mutex_);
    worker_addresses_.merge(addresses);
  }
  Finish(batch);
}

std::vector<std::string> ProgressHub::TakeWorkerAddresses() {
  MutexLock lock(mutex_);
  std::vector<std::string> addresses(worker_addresses_.begin(), worker_addresses_.end());
  worker_addresses_.clear();
  return addresses;
}

void ProgressHub::ReturnQuestions(const std::vector<Question>& questions) {
  MutexLock lock(mutex_);
  for (const Question& question : questions) AskLocked(question.entry);
}

void ProgressHub::MergeEntry(const EntryRef& entry, const v1::JobStateEntry& told,
                             uint64_t question, Batch& batch) {
  MutexLock lock(entry->mutex);
  TrackedJob::Outcome outcome = entry->job.MergeLedger(told, clock_->Now());
  outcome.changed |= entry->job.NoteAnswer(question);
  if (outcome.score.has_value()) {
    ObservePercentError(metrics_, outcome.score->model, 25, outcome.score->error_25);
    ObservePercentError(metrics_, outcome.score->model, 50, outcome.score->error_50);
    ObservePercentError(metrics_, outcome.score->model, 75, outcome.score->error_75);
  }
  FinishMergeLocked(entry, outcome, batch);
}

std::vector<ProgressHub::TextQuestion> ProgressHub::TakeMissingTexts(size_t limit) {
  std::vector<EntryRef> entries;
  {
    MutexLock lock(mutex_);
    // Each entry may need both of its texts.
    while (!to_read_.empty() && (entries.size() + 1) * kChannels <= limit) {
      to_read_.front()->to_read = false;
      entries.push_back(std::move(to_read_.front()));
      to_read_.pop_front();
    }
  }
  std::vector<TextQuestion> questions;
  for (const EntryRef& entry : entries) {
    MutexLock lock(entry->mutex);
    if (entry->text_watchers == 0) continue;
    for (size_t channel = 0; channel < kChannels; ++channel) {
      const JobTexts& texts = entry->job.texts();
      if (!texts.Missing(channel)) continue;
      TextQuestion& question = questions.emplace_back();
      question.entry = entry;
      question.epoch = texts.epoch();
      question.query.set_job_id(entry->job_id);
      question.query.set_channel(kAllChannels[channel]);
      question.query.set_offset(static_cast<uint32_t>(texts.held(channel).size()));
    }
  }
  return questions;
}

bool ProgressHub::MergeTexts(const std::vector<TextQuestion>& questions,
                             const v1::ReadTextsResponse& response) {
  bool progress = false;
  Batch batch;
  for (size_t i = 0; i < questions.size(); ++i) {
    const EntryRef& entry = questions[i].entry;
    TrackedJob::Outcome outcome;
    MutexLock lock(entry->mutex);
    const int index = static_cast<int>(i);
    if (index < response.slices_size() && response.slices(index).job_id() == entry->job_id) {
      outcome = entry->job.MergeStored(response.slices(index), questions[i].epoch);
      progress |= outcome.changed;
    }
    FinishMergeLocked(entry, outcome, batch);
  }
  // What is still missing is asked for again by whoever asked for this: at once only if it helped.
  Finish(batch, /*may_kick=*/false);
  return progress;
}

// ---- the recorder

std::vector<ProgressHub::Unrecorded> ProgressHub::TakeUnrecorded() {
  std::vector<Unrecorded> unrecorded;
  for (const EntryRef& entry : Entries()) {
    MutexLock lock(entry->mutex);
    const std::pair<uint32_t, uint32_t> order = {entry->job.version(), entry->job.sequence()};
    if (!entry->job.running() || entry->job.sequence() == 0) continue;
    const bool print = entry->printed < order;
    if (!print && entry->recorded >= order) continue;
    entry->printed = order;
    Unrecorded& one = unrecorded.emplace_back();
    one.entry = entry;
    one.print = print;
    one.record.set_job_id(entry->job_id);
    one.record.set_version(entry->job.version());
    one.record.set_sequence(entry->job.sequence());
    *one.record.mutable_numbers() = entry->job.progress().numbers();
  }
  return unrecorded;
}

void ProgressHub::MarkRecorded(const std::vector<Unrecorded>& recorded) {
  for (const Unrecorded& one : recorded) {
    MutexLock lock(one.entry->mutex);
    one.entry->recorded =
        std::max(one.entry->recorded, std::make_pair(one.record.version(), one.record.sequence()));
  }
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
  batch.RunWakes();
  if (kick && may_kick) kick_();
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

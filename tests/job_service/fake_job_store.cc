#include "tests/job_service/fake_job_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "job_service/job_change.h"
#include "job_service/kept_text.h"
#include "job_service/lease_choice.h"

namespace genwatch {
namespace {

absl::Status LeaseLost(const std::string& job_id) {
  return WithMetadata(Error(absl::StatusCode::kAborted, "LEASE_LOST",
                            "the lease is no longer this worker's: nothing was stored"),
                      "job_id", job_id);
}

bool Matches(const JobRecord& job, const JobFilter& filter) {
  if (!filter.owner_id.empty() && job.owner_id != filter.owner_id) return false;
  if (!filter.model.empty() && job.spec.model() != filter.model) return false;
  if (!filter.states.empty() &&
      std::find(filter.states.begin(), filter.states.end(), job.state) == filter.states.end()) {
    return false;
  }
  for (const auto& [key, value] : filter.labels) {
    const auto found = job.spec.labels().find(key);
    if (found == job.spec.labels().end() || found->second != value) return false;
  }
  for (const std::string& key : filter.label_keys) {
    if (!job.spec.labels().contains(key)) return false;
  }
  return true;
}

std::string_view ActionOf(JobState to) {
  return to == v1::Job::STATE_CANCELLED ? "CancelJob"
         : to == v1::Job::STATE_PAUSED  ? "PauseJob"
                                        : "ResumeJob";
}

bool IsOwnersOrder(JobState from, JobState to) {
  if (to == v1::Job::STATE_QUEUED) return from == v1::Job::STATE_PAUSED;
  return (to == v1::Job::STATE_CANCELLED || to == v1::Job::STATE_PAUSED) && CanTransition(from, to);
}

bool IsActive(JobState state) { return !IsTerminal(state); }

std::vector<JobRecord> InKeyOrder(std::vector<JobRecord> jobs, size_t limit) {
  std::sort(jobs.begin(), jobs.end(),
            [](const JobRecord& a, const JobRecord& b) { return a.row_id < b.row_id; });
  if (jobs.size() > limit) jobs.resize(limit);
  return jobs;
}

}  // namespace

JobRecord FakeJobStore::Brief(JobRecord job) {
  v1::JobSpec brief;
  brief.set_model(job.spec.model());
  brief.set_priority(job.spec.priority());
  brief.set_job_class(job.spec.job_class());
  brief.set_think(job.spec.think());
  job.spec = std::move(brief);
  return job;
}

void FakeJobStore::SetUnavailable(bool unavailable) {
  MutexLock lock(mutex_);
  unavailable_ = unavailable;
}

absl::Status FakeJobStore::CheckLocked() const {
  if (!unavailable_) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, "LEDGER_UNAVAILABLE",
               "the ledger can't be reached at the moment");
}

absl::Time FakeJobStore::Now() const {
  return absl::FromUnixMicros(absl::ToUnixMicros(clock_->Now()));
}

FakeJobStore::Entry* FakeJobStore::FindLocked(const std::string& job_id) {
  const auto found = jobs_.find(job_id);
  return found == jobs_.end() ? nullptr : &found->second;
}

JobRecord FakeJobStore::ReadLocked(const Entry& entry) const {
  JobRecord job = entry.job;
  if (const auto retry = retries_.find(job.job_id); retry != retries_.end()) {
    job.retried_as = retry->second;
  }
  return job;
}

void FakeJobStore::CloseAttemptLocked(Entry& entry, std::string_view outcome,
                                      const v1::AttemptFacts& facts) {
  AttemptRecord& attempt = entry.attempts.back();
  attempt.ended_at = Now();
  attempt.outcome = std::string(outcome);
  if (outcome == "once_more") ++entry.job.once_more;
  attempt.reason = entry.job.reason;
  attempt.error_message = entry.job.error_message;
  attempt.phases.assign(facts.phases().begin(), facts.phases().end());
}

void FakeJobStore::LearnLocked(const JobRecord& job, const v1::AttemptFacts& facts) {
  if (auto lesson = LessonOf(job, facts)) lessons_.insert(lessons_.begin(), *std::move(lesson));
}

absl::Status FakeJobStore::Probe() {
  MutexLock lock(mutex_);
  return CheckLocked();
}

std::vector<absl::StatusOr<InsertedJob>> FakeJobStore::InsertMany(absl::Span<const NewJob> jobs) {
  std::vector<absl::StatusOr<InsertedJob>> results;
  for (const NewJob& job : jobs) results.push_back(InsertOne(job));
  return results;
}

absl::StatusOr<InsertedJob> FakeJobStore::InsertOne(const NewJob& job) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  if (!job.retry_of.empty()) {
    const Entry* const original = FindLocked(job.retry_of);
    if (original == nullptr || original->job.owner_id != job.owner_id) {
      return JobNotFound(job.retry_of);
    }
  }
  for (const auto& [job_id, entry] : jobs_) {
    if (job.request_id.empty()) break;
    if (entry.job.owner_id != job.owner_id || entry.job.request_id != job.request_id) continue;
    if (entry.spec_hash == job.spec_hash) return InsertedJob{ReadLocked(entry), true};
    return WithMetadata(Error(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                              "this request_id was used for another request"),
                        "job_id", job_id);
  }
  if (const auto retry = retries_.find(job.retry_of); retry != retries_.end()) {
    return InsertedJob{ReadLocked(jobs_.at(retry->second)), true};
  }
  if (jobs_.count(job.job_id) > 0) {
    return Error(absl::StatusCode::kAlreadyExists, "LEDGER_DUPLICATE", "the ledger has it already");
  }
  if (!job.retry_of.empty()) retries_[job.retry_of] = job.job_id;
  Entry& entry = jobs_[job.job_id];
  entry.spec_hash = job.spec_hash;
  JobRecord& record = entry.job;
  record.row_id = ++last_row_id_;
  record.job_id = job.job_id;
  record.owner_id = job.owner_id;
  record.request_id = job.request_id;
  record.state = v1::Job::STATE_QUEUED;
  record.version = 1;
  record.spec = job.spec;
  record.max_failures = job.max_failures;
  record.retry_of = job.retry_of;
  record.created_at = Now();
  record.state_since = Now();
  if (const uint32_t waiting_ms = job.spec.deadlines().waiting_ms(); waiting_ms > 0) {
    record.waiting_deadline = record.created_at + absl::Milliseconds(waiting_ms);
  }
  return InsertedJob{record, false};
}

absl::StatusOr<JobRecord> FakeJobStore::Get(const std::string& job_id) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  const Entry* const entry = FindLocked(job_id);
  if (entry == nullptr) return JobNotFound(job_id);
  return ReadLocked(*entry);
}

absl::StatusOr<std::vector<JobRecord>> FakeJobStore::GetMany(
    absl::Span<const std::string> job_ids) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<JobRecord> jobs;
  for (const std::string& job_id : std::set<std::string>(job_ids.begin(), job_ids.end())) {
    if (const Entry* const entry = FindLocked(job_id)) jobs.push_back(ReadLocked(*entry));
  }
  return jobs;
}

absl::StatusOr<std::vector<JobRecord>> FakeJobStore::GetManyBriefly(
    absl::Span<const std::string> job_ids) {
  auto jobs = GetMany(job_ids);
  if (!jobs.ok()) return jobs;
  for (JobRecord& job : *jobs) job = Brief(std::move(job));
  return jobs;
}

absl::StatusOr<std::vector<JobRecord>> FakeJobStore::List(const JobFilter& filter, uint64_t before,
                                                          size_t limit) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<JobRecord> jobs;
  for (const auto& [job_id, entry] : jobs_) {
    if ((before == 0 || entry.job.row_id < before) && Matches(entry.job, filter)) {
      jobs.push_back(ReadLocked(entry));
    }
  }
  std::sort(jobs.begin(), jobs.end(),
            [](const JobRecord& a, const JobRecord& b) { return a.row_id > b.row_id; });
  if (jobs.size() > limit) jobs.resize(limit);
  return jobs;
}

absl::StatusOr<std::vector<std::string>> FakeJobStore::ListActive(const std::string& owner_id,
                                                                  size_t limit) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<JobRecord> jobs;
  for (const auto& [job_id, entry] : jobs_) {
    if (entry.job.owner_id == owner_id && IsActive(entry.job.state)) jobs.push_back(entry.job);
  }
  std::vector<std::string> job_ids;
  for (const JobRecord& job : InKeyOrder(std::move(jobs), limit)) job_ids.push_back(job.job_id);
  return job_ids;
}

absl::StatusOr<TextRead> FakeJobStore::ReadText(const std::string& job_id, v1::Channel channel,
                                                uint32_t offset, size_t limit) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  const Entry* const entry = FindLocked(job_id);
  if (entry == nullptr) return JobNotFound(job_id);
  const std::string& text = channel == v1::CHANNEL_ANSWER ? entry->answer : entry->thinking;
  if (offset > text.size()) {
    return Error(absl::StatusCode::kOutOfRange, "OFFSET_PAST_END",
                 absl::StrCat("the text has ", text.size(), " bytes"));
  }
  const TextCut cut = CutAtBorders(std::string_view(text).substr(offset), limit);
  return TextRead{.version = entry->job.version,
                  .state = entry->job.state,
                  .offset = offset + static_cast<uint32_t>(cut.skipped),
                  .text = std::string(cut.text),
                  .text_length = static_cast<uint32_t>(text.size())};
}

absl::StatusOr<LeaseResult> FakeJobStore::Lease(const LeaseGrant& grant) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  const auto worker = workers_.find(grant.worker.instance());
  if (worker == workers_.end()) {
    return Error(absl::StatusCode::kFailedPrecondition, "UNKNOWN_WORKER",
                 "no heartbeat of this worker is known; beat first");
  }
  LeaseSituation situation{.held = holds_.count(grant.model) > 0, .now = Now()};
  std::map<std::string, JobRecord> candidates;
  for (const auto& [job_id, entry] : jobs_) {
    const JobRecord& job = entry.job;
    const bool runs = job.state == v1::Job::STATE_PROCESSING;
    if (runs && job.server_url == grant.worker.server_url() && job.spec.model() == grant.model) {
      ++situation.running;
    }
    if (runs && job.instance == grant.worker.instance()) {
      ++situation.worker_jobs;
      situation.worker_alone |= job.alone;
    }
  }
  for (const LeaseCandidate& candidate : grant.candidates) {
    if (const Entry* const entry = FindLocked(candidate.job_id)) {
      candidates.emplace(candidate.job_id, ReadLocked(*entry));
    }
  }
  LeaseChoice choice = ChooseLeases(grant, situation, candidates);
  LeaseResult result;
  for (const LeaseChoice::Chosen& chosen : choice.chosen) {
    Entry& entry = *FindLocked(chosen.job_id);
    ApplyLease({.worker = grant.worker,
                .alone = chosen.alone,
                .score = chosen.score,
                .continues = grant.continues},
               situation.now, entry.job);
    entry.answer.resize(entry.job.numbers.answer_bytes());
    entry.thinking.resize(entry.job.numbers.thinking_bytes());
    entry.attempts.push_back({.attempt = entry.job.attempt,
                              .version = entry.job.version,
                              .instance = entry.job.instance,
                              .server_url = entry.job.server_url,
                              .alone = entry.job.alone,
                              .leased_at = situation.now});
    entry.lease_heartbeat = std::max(worker->second.heartbeat_number, grant.heartbeat_number);
    leases_[grant.model].push_back(situation.now);
    result.leased.push_back(ReadLocked(entry));
  }
  result.put_back = std::move(choice.put_back);
  result.suspects = std::move(choice.suspects);
  return result;
}

absl::StatusOr<std::vector<AppendResult>> FakeJobStore::AppendText(
    const std::string& instance, absl::Span<const v1::TextAppend> appends) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<AppendResult> results;
  for (const v1::TextAppend& append : appends) {
    AppendResult& result = results.emplace_back();
    Entry* const entry = FindLocked(append.job_id());
    if (entry == nullptr || entry->job.state != v1::Job::STATE_PROCESSING ||
        entry->job.instance != instance || entry->job.version != append.version()) {
      result.lease_lost = true;
      continue;
    }
    v1::JobNumbers& numbers = entry->job.numbers;
    if (append.has_lower_base()) {
      v1::LeaseBase base = append.lower_base();
      base.set_answer(CharacterBeginIn(entry->answer, base.answer()));
      base.set_thinking(CharacterBeginIn(entry->thinking, base.thinking()));
      ApplyLowerBase(base, entry->job);
      entry->answer.resize(numbers.answer_bytes());
      entry->thinking.resize(numbers.thinking_bytes());
    }
    const TextTail tail =
        NewTail(numbers.answer_bytes(), numbers.thinking_bytes(), append.pieces());
    for (const NewText& piece : tail.pieces) {
      (piece.channel == v1::CHANNEL_ANSWER ? entry->answer : entry->thinking).append(piece.text);
    }
    numbers.set_answer_bytes(tail.answer);
    numbers.set_thinking_bytes(tail.thinking);
    result.kept = {.answer = tail.answer, .thinking = tail.thinking};
  }
  return results;
}

std::vector<absl::StatusOr<JobRecord>> FakeJobStore::FinishAttempts(
    absl::Span<const FinishedAttempt> attempts) {
  std::vector<absl::StatusOr<JobRecord>> results;
  for (const FinishedAttempt& attempt : attempts) results.push_back(FinishOne(attempt));
  return results;
}

absl::StatusOr<JobRecord> FakeJobStore::FinishOne(const FinishedAttempt& attempt) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  Entry* const entry = FindLocked(attempt.job_id);
  if (entry == nullptr) return JobNotFound(attempt.job_id);
  JobRecord& job = entry->job;
  if (job.state != v1::Job::STATE_PROCESSING || job.version != attempt.version ||
      job.instance != attempt.instance) {
    if (entry->finished.count({attempt.version, attempt.instance}) > 0) return ReadLocked(*entry);
    return LeaseLost(attempt.job_id);
  }
  const TextTail tail =
      NewTail(job.numbers.answer_bytes(), job.numbers.thinking_bytes(), attempt.pieces);
  if (tail.gap) {
    absl::Status status = Error(absl::StatusCode::kInvalidArgument, "TEXT_GAP",
                                "a piece begins after the end of the kept text");
    status =
        WithMetadata(std::move(status), "answer_bytes", absl::StrCat(job.numbers.answer_bytes()));
    return WithMetadata(std::move(status), "thinking_bytes",
                        absl::StrCat(job.numbers.thinking_bytes()));
  }
  for (const NewText& piece : tail.pieces) {
    (piece.channel == v1::CHANNEL_ANSWER ? entry->answer : entry->thinking).append(piece.text);
  }
  AttemptEnd end = attempt.end;
  end.has_text = tail.answer > 0 || tail.thinking > 0;
  const genwatch::Change change = DecideFinish(job, end, /*jitter=*/0.5);
  job.numbers.set_answer_bytes(tail.answer);
  job.numbers.set_thinking_bytes(tail.thinking);
  ApplyFinalNumbers(attempt.numbers, Now(), job);
  ApplyChange(change, Now(), job);
  entry->finished.emplace(attempt.version, attempt.instance);
  CloseAttemptLocked(*entry, OutcomeWord(attempt.end.outcome), attempt.facts);
  LearnLocked(job, attempt.facts);
  return ReadLocked(*entry);
}

absl::StatusOr<uint32_t> FakeJobStore::RecordProgress(
    absl::Span<const v1::ProgressRecord> records) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  uint32_t recorded = 0;
  for (const v1::ProgressRecord& record : records) {
    Entry* const entry = FindLocked(record.job_id());
    if (entry == nullptr || entry->job.state != v1::Job::STATE_PROCESSING ||
        entry->job.version != record.version() ||
        entry->job.progress_sequence >= record.sequence()) {
      continue;
    }
    const std::string done_reason = entry->job.numbers.done_reason();
    ApplyProgress(record.numbers(), Now(), entry->job);
    entry->job.numbers.set_done_reason(done_reason);
    entry->job.progress_sequence = record.sequence();
    ++recorded;
  }
  return recorded;
}

absl::StatusOr<std::vector<v1::StopJob>> FakeJobStore::Heartbeat(
    const v1::Worker& worker, uint32_t number, absl::Span<const v1::HeldJob> held) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  WorkerRecord& record = workers_[worker.instance()];
  record.worker = worker;
  record.heartbeat_number = std::max(record.heartbeat_number, number);
  std::vector<v1::StopJob> stop;
  for (const v1::HeldJob& job : held) {
    const Entry* const entry = FindLocked(job.job_id());
    const JobState state = entry == nullptr ? v1::Job::STATE_UNSPECIFIED : entry->job.state;
    if (state == v1::Job::STATE_PROCESSING && entry->job.instance == worker.instance() &&
        entry->job.version == job.version()) {
      continue;
    }
    v1::StopJob& order = stop.emplace_back();
    order.set_job_id(job.job_id());
    order.set_version(job.version());
    order.set_reason(state == v1::Job::STATE_CANCELLED ? v1::STOP_REASON_CANCELLED
                     : state == v1::Job::STATE_PAUSED  ? v1::STOP_REASON_PAUSED
                                                       : v1::STOP_REASON_LEASE_LOST);
  }
  return stop;
}

absl::StatusOr<std::vector<JobRecord>> FakeJobStore::ReleaseUnheld(
    const std::string& instance, uint32_t number, absl::Span<const v1::HeldJob> held) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::set<std::pair<std::string, uint32_t>> listed;
  for (const v1::HeldJob& job : held) listed.emplace(job.job_id(), job.version());
  std::vector<JobRecord> released;
  for (auto& [job_id, entry] : jobs_) {
    if (entry.job.state != v1::Job::STATE_PROCESSING || entry.job.instance != instance ||
        uint64_t{entry.lease_heartbeat} + 3 > number ||
        listed.count({job_id, entry.job.version}) > 0) {
      continue;
    }
    ApplyChange({.to = v1::Job::STATE_QUEUED}, Now(), entry.job);
    CloseAttemptLocked(entry, "released");
    released.push_back(ReadLocked(entry));
  }
  return released;
}

absl::StatusOr<std::vector<JobRecord>> FakeJobStore::ReleaseLeases(
    const std::string& instance, absl::Span<const v1::HeldJob> leases) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<JobRecord> released;
  for (const v1::HeldJob& lease : leases) {
    const auto found = jobs_.find(lease.job_id());
    if (found == jobs_.end()) continue;
    Entry& entry = found->second;
    if (entry.job.state != v1::Job::STATE_PROCESSING || entry.job.instance != instance ||
        entry.job.version != lease.version()) {
      continue;
    }
    ApplyChange({.to = v1::Job::STATE_QUEUED}, Now(), entry.job);
    CloseAttemptLocked(entry, "released");
    released.push_back(ReadLocked(entry));
  }
  return released;
}

absl::StatusOr<std::vector<WorkerRecord>> FakeJobStore::ListWorkers() {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<WorkerRecord> workers;
  for (const auto& [instance, record] : workers_) workers.push_back(record);
  return workers;
}

absl::StatusOr<std::vector<JobRecord>> FakeJobStore::ReapWorker(const std::string& instance,
                                                                uint32_t number) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  const auto worker = workers_.find(instance);
  if (worker == workers_.end() || worker->second.heartbeat_number != number) {
    return Error(absl::StatusCode::kAborted, "WORKER_LIVES",
                 "the worker has beaten meanwhile, or was reaped by another replica");
  }
  workers_.erase(worker);
  std::vector<JobRecord> jobs;
  for (auto& [job_id, entry] : jobs_) {
    if (entry.job.state != v1::Job::STATE_PROCESSING || entry.job.instance != instance) continue;
    const bool stored_new_text = StoredNewText(entry.job);
    const uint32_t failures = entry.job.failures;
    ApplyLoss(DecideLoss(entry.job, stored_new_text), stored_new_text, Now(), entry.job);
    CloseAttemptLocked(entry, "lost");
    if (entry.job.failures > failures) entry.counted_losses.insert(entry.job.attempt);
    jobs.push_back(ReadLocked(entry));
  }
  return jobs;
}

absl::StatusOr<uint32_t> FakeJobStore::TakeBackLosses(const std::string& instance,
                                                      absl::Span<const v1::HeldJob> leases) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  uint32_t taken_back = 0;
  for (const v1::HeldJob& lease : leases) {
    Entry* const entry = FindLocked(lease.job_id());
    if (entry == nullptr) continue;
    for (AttemptRecord& attempt : entry->attempts) {
      if (attempt.instance != instance || attempt.version != lease.version() ||
          !MayTakeBackLoss(entry->job) || entry->counted_losses.erase(attempt.attempt) == 0) {
        continue;
      }
      ApplyLossTakenBack(entry->job);
      attempt.reason = "WORKER_CAME_BACK";
      ++taken_back;
    }
  }
  return taken_back;
}

absl::StatusOr<JobRecord> FakeJobStore::Change(const OwnerChange& change) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  Entry* const entry = FindLocked(change.job_id);
  if (entry == nullptr || entry->job.owner_id != change.owner_id) {
    return JobNotFound(change.job_id);
  }
  JobRecord& job = entry->job;
  if (job.version != change.version) {
    return WithMetadata(Error(absl::StatusCode::kAborted, "VERSION_CHANGED",
                              "the job has changed meanwhile; read it and decide again"),
                        "job_id", change.job_id);
  }
  if (!IsOwnersOrder(job.state, change.to)) {
    return WrongState(ActionOf(change.to), change.job_id, job.state);
  }
  const bool processing = job.state == v1::Job::STATE_PROCESSING;
  if (processing) {
    const TextTail tail =
        NewTail(job.numbers.answer_bytes(), job.numbers.thinking_bytes(), change.pieces);
    for (const NewText& piece : tail.pieces) {
      (piece.channel == v1::CHANNEL_ANSWER ? entry->answer : entry->thinking).append(piece.text);
    }
    job.numbers.set_answer_bytes(tail.answer);
    job.numbers.set_thinking_bytes(tail.thinking);
    if (change.numbers.has_value()) ApplyFinalNumbers(*change.numbers, Now(), job);
  }
  ApplyChange({.to = change.to, .reason = change.reason}, Now(), job);
  if (processing) {
    CloseAttemptLocked(*entry, change.to == v1::Job::STATE_PAUSED ? "paused" : "cancelled",
                       change.facts.value_or(v1::AttemptFacts()));
    LearnLocked(job, change.facts.value_or(v1::AttemptFacts()));
  }
  return ReadLocked(*entry);
}

absl::StatusOr<std::vector<JobRecord>> FakeJobStore::ListWaiting(uint64_t after, size_t limit) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<JobRecord> jobs;
  for (const auto& [job_id, entry] : jobs_) {
    if (entry.job.state == v1::Job::STATE_QUEUED && !entry.job.not_before.has_value() &&
        entry.job.row_id > after) {
      jobs.push_back(Brief(ReadLocked(entry)));
    }
  }
  return InKeyOrder(std::move(jobs), limit);
}

absl::StatusOr<std::vector<JobRecord>> FakeJobStore::TakeDueRetries(size_t limit) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<JobRecord> due;
  for (auto& [job_id, entry] : jobs_) {
    if (due.size() >= limit || entry.job.state != v1::Job::STATE_QUEUED ||
        !entry.job.not_before.has_value() || *entry.job.not_before > Now()) {
      continue;
    }
    entry.job.not_before.reset();
    due.push_back(Brief(ReadLocked(entry)));
  }
  return due;
}

absl::StatusOr<std::vector<JobRecord>> FakeJobStore::ExpireWaiting(size_t limit) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<JobRecord> expired;
  for (auto& [job_id, entry] : jobs_) {
    if (expired.size() >= limit || !entry.job.waiting_deadline.has_value() ||
        *entry.job.waiting_deadline > Now() ||
        !CanTransition(entry.job.state, v1::Job::STATE_EXPIRED)) {
      continue;
    }
    ApplyChange({.to = v1::Job::STATE_EXPIRED,
                 .reason = "WAITING_DEADLINE",
                 .error_message = "no worker took the job before its deadline for waiting"},
                Now(), entry.job);
    expired.push_back(ReadLocked(entry));
  }
  return expired;
}

absl::StatusOr<v1::LengthHistory> FakeJobStore::History(const v1::JobSpec& spec) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<LengthLesson> of_class;
  std::vector<LengthLesson> of_model;
  for (const LengthLesson& lesson : lessons_) {
    if (lesson.model != spec.model()) continue;
    of_model.push_back(lesson);
    if (lesson.job_class == spec.job_class() && lesson.think == spec.think()) {
      of_class.push_back(lesson);
    }
  }
  const auto newest = [](std::vector<LengthLesson> lessons, size_t limit) {
    if (lessons.size() > limit) lessons.resize(limit);
    return lessons;
  };
  v1::LengthHistory history;
  if (of_class.size() >= kEnoughLengths) {
    FillLengths(v1::LengthHistory::SCOPE_CLASS, newest(of_class, kHistoryLengths), history);
  } else if (of_model.size() >= kEnoughLengths) {
    FillLengths(v1::LengthHistory::SCOPE_MODEL, newest(of_model, kHistoryLengths), history);
  } else {
    FillLengths(v1::LengthHistory::SCOPE_ALL, newest(lessons_, kHistoryLengths), history);
  }
  FillModelFacts(newest(of_model, kModelLessons), history);
  return history;
}

absl::StatusOr<LeasePace> FakeJobStore::RecentLeases(const std::string& model) {
  constexpr size_t kMostLeases = 33;
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<absl::Time> recent;
  const std::vector<absl::Time>& all = leases_[model];
  for (auto it = all.rbegin(); it != all.rend() && recent.size() < kMostLeases; ++it) {
    if (*it > Now() - absl::Minutes(10)) recent.push_back(*it);
  }
  if (recent.empty()) return LeasePace();
  return LeasePace{.leases = static_cast<uint32_t>(recent.size()),
                   .since_oldest = Now() - recent.back(),
                   .since_newest = Now() - recent.front()};
}

absl::Status FakeJobStore::SaveModels(const v1::ModelReport& report) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  reports_[report.server().url()] = report;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::ModelReport>> FakeJobStore::LoadModels() {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<v1::ModelReport> reports;
  for (const auto& [url, report] : reports_) reports.push_back(report);
  return reports;
}

}  // namespace genwatch

// The side of the ProgressHub that asks the ledger, hears it, and tells it what is to be recorded.

#include <algorithm>
#include <string_view>
#include <utility>

#include "progress_service/hub_batch.h"
#include "progress_service/progress_hub.h"

namespace genwatch {

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

std::vector<v1::EstimateScore> ProgressHub::TakeScores(size_t limit) {
  MutexLock lock(mutex_);
  std::vector<v1::EstimateScore> scores;
  while (!scores_.empty() && scores.size() < limit) {
    scores.push_back(std::move(scores_.front()));
    scores_.pop_front();
  }
  return scores;
}

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

}  // namespace genwatch

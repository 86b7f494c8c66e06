#include "progress_service/tracked_job.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "progress_service/cursor.h"

namespace genwatch {
namespace {

using google::protobuf::util::MessageDifferencer;

TextLengths LengthsOf(const v1::JobNumbers& numbers) {
  return {numbers.answer_bytes(), numbers.thinking_bytes()};
}

// 100 % is for what is stored as completed, and for nothing else; what waits has made nothing.
void NormalisePercent(v1::Progress& progress) {
  v1::JobNumbers& numbers = *progress.mutable_numbers();
  switch (progress.state()) {
    case v1::Job::STATE_COMPLETED:
      numbers.set_percent(kPercentDone);
      break;
    case v1::Job::STATE_QUEUED:
    case v1::Job::STATE_EXPIRED:
      numbers.set_percent(0);
      break;
    default:
      numbers.set_percent(std::clamp(numbers.percent(), 0.0, kPercentFinalizing));
  }
}

// Within a lease tokens, elapsed and percent never fall, whoever speaks.
void KeepGreatest(const v1::JobNumbers& before, v1::JobNumbers& numbers) {
  if (before.current_tokens() > numbers.current_tokens()) {
    numbers.set_current_tokens(before.current_tokens());
    numbers.set_tokens_estimated(before.tokens_estimated());
  }
  numbers.set_elapsed_ms(std::max(before.elapsed_ms(), numbers.elapsed_ms()));
  numbers.set_percent(std::max(before.percent(), numbers.percent()));
}

// Of the text made in this attempt, since its first token. Bytes, as the name has meant from the
// start.
double CharsPerSecond(const v1::WorkerState& state, const JobTexts& texts) {
  uint64_t bytes = uint64_t{state.answer_bytes()} + state.thinking_bytes();
  if (const LeaseBases::Lease* const lease = texts.bases().Find(state.version())) {
    bytes -= std::min<uint64_t>(bytes, uint64_t{lease->bases[0]} + lease->bases[1]);
  }
  if (state.attempt_elapsed_ms() <= state.first_token_ms()) return 0;
  return 1000.0 * static_cast<double>(bytes) /
         (state.attempt_elapsed_ms() - state.first_token_ms());
}

}  // namespace

bool IsTerminal(v1::Job::State state) {
  switch (state) {
    case v1::Job::STATE_COMPLETED:
    case v1::Job::STATE_FAILED:
    case v1::Job::STATE_CANCELLED:
    case v1::Job::STATE_EXPIRED:
      return true;
    default:
      return false;
  }
}

TrackedJob::TrackedJob(std::string job_id) : job_id_(std::move(job_id)), hash_(JobHash(job_id_)) {
  progress_.set_job_id(job_id_);
}

bool TrackedJob::terminal() const { return IsTerminal(progress_.state()); }

bool TrackedJob::NoteAnswer(uint64_t question) {
  const bool awaited = question > answered_;
  answered_ = std::max(answered_, question);
  for (std::optional<Unconfirmed>& unconfirmed : unconfirmed_) {
    if (!unconfirmed.has_value() || unconfirmed->question > answered_) continue;
    texts_.MergeStored(unconfirmed->piece, unconfirmed->epoch);
    unconfirmed.reset();
  }
  return awaited;
}

TrackedJob::Outcome TrackedJob::MergeWorker(const v1::WorkerState& state, absl::Time now) {
  Outcome outcome;
  if (state.version() < version() || state.version() == 0) return outcome;
  const bool new_lease = state.version() > version();
  // A lease whose bases nobody told can't be placed; a version that does not run has no worker.
  if (new_lease ? !state.has_fixed() : !running()) {
    outcome.ask = new_lease;
    return outcome;
  }
  if (new_lease) {
    BeginLease(state);
    outcome.changed = true;
    // What the worker does not know of the lease (start time, priority) is read once.
    outcome.ask = true;
  }
  const uint64_t epoch_before = texts_.epoch();
  const TextLengths held_before = {static_cast<uint32_t>(texts_.held(0).size()),
                                   static_cast<uint32_t>(texts_.held(1).size())};
  if (state.has_fixed()) {
    if (!has_lease_facts_) {
      has_lease_facts_ = true;
      estimator_ = std::make_unique<ProgressEstimator>(state.fixed());
      progress_.set_model(state.fixed().model());
      progress_.set_failures(state.fixed().failures());
    }
    outcome.changed |= texts_.Running(state.version(), state.fixed().bases());
  } else {
    texts_.Running(state.version(), {});
  }
  const v1::ResumeMode mode = ModeOfLease(v1::RESUME_MODE_UNSPECIFIED);
  if (mode != progress_.resume_mode()) {
    progress_.set_resume_mode(mode);
    SnapshotChanged(now);
    outcome.changed = true;
  }
  if (!SpeaksOfOlderText(state)) {
    for (const v1::TextPiece& piece : state.pieces()) {
      outcome.conflict |= !texts_.MergePiece(piece);
    }
    texts_.NoteWorkerLengths({state.answer_bytes(), state.thinking_bytes()});
  }
  outcome.changed |= texts_.epoch() != epoch_before || texts_.held(0).size() != held_before[0] ||
                     texts_.held(1).size() != held_before[1];
  if (new_lease || state.sequence() > sequence()) {
    TakeNumbers(state);
    SnapshotChanged(now);
    outcome.changed = true;
  }
  if (state.ended() && !ended_) {
    ended_ = true;
    // Watched or not: whether the ledger took it as completed is for the ledger to know.
    if (state.phase() == v1::PHASE_FINALIZING) outcome.score = ScoreOf(progress_.numbers());
    // The model is done; what ended otherwise may well be retried.
    if (!state.done_reason().empty()) progress_.set_phase(v1::PHASE_FINALIZING);
    SnapshotChanged(now);
    outcome.ask = true;
    outcome.changed = true;
  }
  return outcome;
}

// The lease's base was lowered, the ledger told us before the worker did, and this was said before:
// its text is what no longer stands. The worker says the lease's facts again with the new text.
bool TrackedJob::SpeaksOfOlderText(const v1::WorkerState& state) {
  for (const v1::LeaseBase& base : state.fixed().bases()) {
    if (base.version() == state.version()) worker_base_ = {base.answer(), base.thinking()};
  }
  const LeaseBases::Lease* const lease = texts_.bases().Find(state.version());
  if (lease == nullptr) return false;
  return worker_base_[0] > lease->bases[0] || worker_base_[1] > lease->bases[1];
}

// Of the running lease. Its base tells what became of kept text, and, unless it was 0 from the
// start, that there was some; else the ledger does (`told`).
v1::ResumeMode TrackedJob::ModeOfLease(v1::ResumeMode told) {
  const LeaseBases::Lease* const lease = texts_.bases().Find(version());
  const bool stands = lease != nullptr && lease->bases != TextLengths{};
  had_text_ |= stands || told != v1::RESUME_MODE_UNSPECIFIED;
  if (!had_text_) return v1::RESUME_MODE_UNSPECIFIED;
  return stands ? v1::RESUME_MODE_CONTINUED : v1::RESUME_MODE_RESTARTED;
}

void TrackedJob::BeginLease(const v1::WorkerState& state) {
  v1::Progress fresh;
  fresh.set_job_id(job_id_);
  fresh.set_version(state.version());
  fresh.set_state(v1::Job::STATE_PROCESSING);
  fresh.set_max_failures(fixed_ != nullptr ? fixed_->max_failures() : progress_.max_failures());
  fresh.set_priority(progress_.priority());
  if (progress_.has_create_time()) *fresh.mutable_create_time() = progress_.create_time();
  if (progress_.has_start_time()) *fresh.mutable_start_time() = progress_.start_time();
  fresh.set_retry_of(progress_.retry_of());
  progress_ = std::move(fresh);
  estimator_.reset();
  trace_ = {};
  generated_ms_.reset();
  scored_ = false;
  worker_base_ = {};
  unconfirmed_ = {};
  ended_ = false;
  not_found_ = false;
  had_text_ = false;
  has_ledger_facts_ = false;
  has_lease_facts_ = false;
}

void TrackedJob::TakeNumbers(const v1::WorkerState& state) {
  progress_.set_sequence(state.sequence());
  progress_.set_phase(state.phase());
  *progress_.mutable_phases() = state.phases();
  progress_.set_attempt(state.attempt());
  if (estimator_ == nullptr) estimator_ = std::make_unique<ProgressEstimator>(state.fixed());
  v1::JobNumbers numbers = estimator_->Interpret(state);
  numbers.set_chars_per_second(CharsPerSecond(state, texts_));
  trace_.Add(state, numbers);
  if (state.phase() == v1::PHASE_FINALIZING && !generated_ms_.has_value()) {
    generated_ms_ = state.attempt_elapsed_ms();
  }
  KeepGreatest(progress_.numbers(), numbers);
  *progress_.mutable_numbers() = std::move(numbers);
}

TrackedJob::Outcome TrackedJob::MergeLedger(const v1::JobStateEntry& entry, absl::Time now) {
  Outcome outcome;
  if (entry.not_found()) {
    // What ended may be deleted; who watches it keeps what it was.
    outcome.changed = !known() && !not_found_;
    not_found_ = !known();
    return outcome;
  }
  if (entry.has_fixed() && fixed_ == nullptr) {
    auto fixed = std::make_shared<v1::JobFixed>(entry.fixed());
    fixed_bytes_ = fixed->ByteSizeLong();
    if (progress_.max_failures() != fixed->max_failures()) {
      progress_.set_max_failures(fixed->max_failures());
      ++snapshot_;
    }
    fixed_ = std::move(fixed);
    outcome.changed = true;
  }
  const uint32_t version = entry.progress().version();
  if (version > this->version()) {
    Outcome newer = TakeNewer(entry, now);
    newer.changed = true;
    return newer;
  }
  if (version == this->version() && version > 0) outcome.changed |= TakeEqual(entry, now);
  return outcome;
}

TrackedJob::Outcome TrackedJob::TakeNewer(const v1::JobStateEntry& entry, absl::Time now) {
  Outcome outcome;
  const v1::Progress& told = entry.progress();
  if (told.state() == v1::Job::STATE_COMPLETED) {
    outcome.score = ScoreOf(told.numbers());
  }
  progress_ = told;
  progress_.set_job_id(job_id_);
  NormalisePercent(progress_);
  SnapshotChanged(now);
  estimator_.reset();
  trace_ = {};
  generated_ms_.reset();
  scored_ = false;
  worker_base_ = {};
  unconfirmed_ = {};
  ended_ = false;
  not_found_ = false;
  had_text_ = false;
  has_ledger_facts_ = true;
  has_lease_facts_ = false;
  if (running()) {
    texts_.Running(told.version(), entry.bases());
    progress_.set_resume_mode(ModeOfLease(told.resume_mode()));
    texts_.KeptAtLeast(LengthsOf(told.numbers()));
  } else {
    progress_.set_phase(v1::PHASE_UNSPECIFIED);
    texts_.NotRunning(entry.bases(), LengthsOf(told.numbers()));
  }
  return outcome;
}

bool TrackedJob::TakeEqual(const v1::JobStateEntry& entry, absl::Time now) {
  const v1::Progress& told = entry.progress();
  v1::Progress merged = progress_;
  merged.set_queue_position(told.queue_position());
  merged.set_queue_size(told.queue_size());
  merged.clear_expected_wait_ms();
  if (told.has_expected_wait_ms()) merged.set_expected_wait_ms(told.expected_wait_ms());
  merged.set_held(told.held());
  merged.set_priority(told.priority());
  merged.set_attempt(told.attempt());
  merged.set_failures(told.failures());
  merged.set_max_failures(told.max_failures());
  merged.set_reason(told.reason());
  merged.set_error_message(told.error_message());
  merged.clear_retry_time();
  if (told.has_retry_time()) *merged.mutable_retry_time() = told.retry_time();
  if (told.has_create_time()) *merged.mutable_create_time() = told.create_time();
  if (told.has_start_time()) *merged.mutable_start_time() = told.start_time();
  if (told.has_end_time()) *merged.mutable_end_time() = told.end_time();
  if (told.has_state_time()) *merged.mutable_state_time() = told.state_time();
  merged.set_retry_of(told.retry_of());
  merged.set_retried_as(told.retried_as());
  if (!told.model().empty()) merged.set_model(told.model());
  merged.set_resume_mode(told.resume_mode());
  bool texts_changed = false;
  if (running()) {
    // Without a worker's word the numbers that another replica recorded are the newest there are.
    if (merged.sequence() == 0) {
      *merged.mutable_numbers() = told.numbers();
      KeepGreatest(progress_.numbers(), *merged.mutable_numbers());
      NormalisePercent(merged);
    }
    texts_changed = texts_.Running(told.version(), entry.bases());
    merged.set_resume_mode(ModeOfLease(told.resume_mode()));
    texts_.KeptAtLeast(LengthsOf(told.numbers()));
  }
  has_ledger_facts_ = true;
  if (!texts_changed && MessageDifferencer::Equals(merged, progress_)) return false;
  progress_ = std::move(merged);
  SnapshotChanged(now);
  return true;
}

TrackedJob::Outcome TrackedJob::MergeStored(const v1::TextSlice& slice, uint64_t epoch) {
  Outcome outcome;
  if (slice.not_found() || slice.version() < version()) return outcome;
  if (slice.version() > version()) {
    outcome.ask = true;
    return outcome;
  }
  const size_t channel = ChannelIndex(slice.piece().channel());
  if (channel == kChannels) return outcome;
  if (running() && texts_.text_version() < version()) {
    unconfirmed_[channel] = {.piece = slice.piece(), .epoch = epoch, .question = NextQuestion()};
    outcome.ask = true;
    return outcome;
  }
  const size_t before = texts_.held(channel).size();
  texts_.MergeStored(slice.piece(), epoch);
  outcome.changed = texts_.held(channel).size() != before;
  // The ledger keeps less than it said: a base was lowered meanwhile.
  outcome.ask = texts_.Missing(channel) && slice.text_length() < texts_.held(channel).size();
  return outcome;
}

void TrackedJob::SnapshotChanged(absl::Time now) {
  const int64_t nanos = absl::ToUnixNanos(now);
  progress_.mutable_server_time()->set_seconds(nanos / 1'000'000'000);
  progress_.mutable_server_time()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  ++snapshot_;
}

// Once a lease. Nothing for a job that was done before anything of an estimate was shown.
std::optional<TrackedJob::Score> TrackedJob::ScoreOf(const v1::JobNumbers& last) {
  const uint32_t tokens =
      last.has_completion_tokens() ? last.completion_tokens() : last.current_tokens();
  if (estimator_ == nullptr || !estimator_->has_estimated() || tokens == 0) return std::nullopt;
  if (std::exchange(scored_, true)) return std::nullopt;
  Score score{.model = progress_.model()};
  for (size_t i = 0; i < kScoredShares.size(); ++i) {
    const double share = kScoredShares[i];
    score.percent_error[i] = 100 * std::abs(estimator_->Fraction(share * tokens) - share);
    if (generated_ms_.has_value()) score.remaining[i] = trace_.At(share, tokens, *generated_ms_);
  }
  return score;
}

}  // namespace genwatch

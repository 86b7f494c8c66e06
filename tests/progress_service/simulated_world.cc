#include "tests/progress_service/simulated_world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace genwatch {
namespace {

constexpr char kOwner[] = "ada";

void CutToCharacter(std::string& text, size_t length) {
  while (length > 0 && length < text.size() &&
         (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) {
    --length;
  }
  text.resize(std::min(length, text.size()));
}

bool OnlyWholeCharacters(const std::string& text) {
  return text.empty() || (static_cast<unsigned char>(text.front()) & 0xC0) != 0x80;
}

}  // namespace

SimulatedWorld::SimulatedWorld(uint32_t seed)
    : random_(seed), job_id_("job_00000000000000000000000000000001") {
  feeds_tell_kept_text_ = Random(2) == 0;
  replicas_.resize(2);
  for (Replica& replica : replicas_) {
    replica.hub = std::make_unique<ProgressHub>(&clock_, ProgressHub::Options(), ProgressMetrics());
    replica.active = std::make_unique<ActiveJobs>();
  }
  watchers_.resize(4);
  for (Watcher& watcher : watchers_) {
    watcher.text = Random(5) != 0;
    Open(watcher, false);
  }
}

void SimulatedWorld::Step() {
  switch (Random(16)) {
    case 0:
      if (state_ == v1::Job::STATE_QUEUED) BeginLease();
      break;
    case 1:
      if (Random(3) == 0) EndAttempt(false);
      break;
    case 2:
      Store();
      break;
    case 3:
    case 4:
    case 5:
      // A worker that lost its lease doesn't know yet, and goes on.
      if (!workers_.empty()) Generate(workers_[workers_.size() - 1 - Random(2) % workers_.size()]);
      break;
    case 6:
    case 7:
    case 8:
      if (!workers_.empty()) Tell(replicas_[Random(2)], Random(workers_.size()));
      break;
    case 9:
    case 10:
      Deliver(replicas_[Random(2)]);
      break;
    case 11:
      Ask(replicas_[Random(2)]);
      break;
    case 12:
      if (!workers_.empty() && Random(3) == 0) {
        Reconnect(replicas_[Random(2)], Random(workers_.size()));
      }
      break;
    case 13:
      clock_.Advance(absl::Milliseconds(Random(400)));
      break;
    case 14:
      Pump(watchers_[Random(watchers_.size())]);
      break;
    default: {
      Watcher& watcher = watchers_[Random(watchers_.size())];
      if (Random(4) == 0) Open(watcher, Random(3) == 0);
      break;
    }
  }
}

void SimulatedWorld::Finish() {
  if (state_ == v1::Job::STATE_QUEUED && Random(2) == 0) BeginLease();
  EndAttempt(true);
  // Late words of zombies are still heard, until their heartbeats are answered; the ledger answers
  // from now on.
  for (int round = 0; round < 400; ++round) {
    if (round == 100) {
      for (Worker& worker : workers_) worker.in_roster = false;
    }
    clock_.Advance(absl::Milliseconds(100));
    for (Replica& replica : replicas_) {
      if (!workers_.empty() && Random(3) == 0) Tell(replica, Random(workers_.size()));
      Deliver(replica);
      Ask(replica);
    }
    for (Watcher& watcher : watchers_) {
      if (!watcher.finished && watcher.session == nullptr) Open(watcher, false);
      Pump(watcher);
    }
  }
  for (size_t i = 0; i < watchers_.size(); ++i) {
    const Watcher& watcher = watchers_[i];
    if (!watcher.finished) {
      Violation(absl::StrCat("watcher ", i, " never heard of the end"));
      continue;
    }
    if (watcher.last.state() != state_ || watcher.last.version() != version_) {
      Violation(absl::StrCat("watcher ", i, " ended with another state"));
    }
    if (watcher.text && watcher.texts != kept_) {
      Violation(absl::StrCat("watcher ", i, " holds '", watcher.texts[0], "|", watcher.texts[1],
                             "' of '", kept_[0], "|", kept_[1], "'"));
    }
  }
}

SimulatedWorld::Worker* SimulatedWorld::Current() {
  if (state_ != v1::Job::STATE_PROCESSING) return nullptr;
  return &workers_.back();
}

void SimulatedWorld::BeginLease() {
  ++counts_.leases;
  state_ = v1::Job::STATE_PROCESSING;
  ++version_;
  ++attempt_;
  const bool restarts = Random(3) == 0;
  if (restarts) {
    ++counts_.restarts;
    kept_ = {};
  }
  leases_.push_back(
      {.version = version_,
       .bases = {static_cast<uint32_t>(kept_[0].size()), static_cast<uint32_t>(kept_[1].size())}});
  Worker& worker = workers_.emplace_back();
  worker.version = version_;
  worker.attempt = attempt_;
  worker.texts = kept_;
  worker.base = leases_.back().bases;
  worker.refuses_to_continue = !restarts && Random(3) == 0;
  for (Replica& replica : replicas_) {
    Feed& feed = replica.feeds.emplace_back();
    feed.id = replica.hub->OpenFeed();
    if (!feeds_tell_kept_text_) feed.sent = worker.base;
  }
}

void SimulatedWorld::Generate(Worker& worker) {
  if (worker.ended) return;
  const bool holds_lease = Current() == &worker;
  if (worker.refuses_to_continue && !worker.has_text) {
    // The base is lowered in the ledger before any text of the lease is shown; who lost the lease
    // can't, and shows nothing.
    if (!holds_lease) return;
    ++counts_.lowered;
    leases_.back().bases = {};
    kept_ = {};
    worker.texts = {};
    worker.base = {};
    for (Replica& replica : replicas_) replica.feeds.back().told_fixed = false;
    for (Replica& replica : replicas_) replica.feeds.back().sent = {};
  }
  worker.has_text = true;
  ++worker.sequence;
  worker.texts[Random(3) == 0 ? 1 : 0] += RandomText();
}

std::string SimulatedWorld::RandomText() {
  static constexpr std::array<const char*, 6> kBits = {"a",      "bc",         "\u00e4",
                                                       "\u20ac", "\U0001F600", "xyz "};
  std::string text;
  for (uint32_t count = 1 + Random(5); count > 0; --count) text += kBits[Random(kBits.size())];
  return text;
}

void SimulatedWorld::Store() {
  const Worker* const worker = Current();
  if (worker == nullptr || !worker->has_text) return;
  for (size_t channel = 0; channel < kChannels; ++channel) {
    std::string text = worker->texts[channel];
    const size_t more = text.size() - kept_[channel].size();
    CutToCharacter(text, kept_[channel].size() + Random(more + 1));
    if (text.size() > kept_[channel].size()) kept_[channel] = text;
  }
}

void SimulatedWorld::EndAttempt(bool finally) {
  Worker* const worker = Current();
  if (IsTerminal(state_)) return;
  if (worker == nullptr && !finally) return;
  if (worker != nullptr) {
    // Stored whole by the worker's own word, or cut where it was lost.
    if (Random(2) == 0 && (worker->has_text || !worker->refuses_to_continue)) {
      kept_ = worker->texts;
      worker->ended = true;
      ++worker->sequence;
    }
    worker->in_roster = Random(2) == 0;
  }
  ++version_;
  if (!finally) {
    state_ = v1::Job::STATE_QUEUED;
  } else if (worker != nullptr && worker->ended) {
    state_ = v1::Job::STATE_COMPLETED;
  } else {
    state_ = Random(2) == 0 ? v1::Job::STATE_CANCELLED : v1::Job::STATE_FAILED;
  }
}

v1::LeaseFixed SimulatedWorld::Fixed(const Worker& worker) const {
  v1::LeaseFixed fixed;
  fixed.set_model("m");
  for (const LeaseBases::Lease& lease : leases_) {
    if (lease.version > worker.version) break;
    v1::LeaseBase* const base = fixed.add_bases();
    base->set_version(lease.version);
    base->set_answer(lease.bases[0]);
    base->set_thinking(lease.bases[1]);
  }
  return fixed;
}

void SimulatedWorld::Tell(Replica& replica, size_t index) {
  const Worker& worker = workers_[index];
  Feed& feed = replica.feeds[index];
  if (feed.id == 0) return;
  if (worker.version != version_) ++counts_.zombie_messages;
  v1::StreamStatesResponse message;
  if (Random(4) == 0) {
    message.mutable_roster()->set_instance(absl::StrCat("w_", index));
    message.mutable_roster()->set_heartbeat_age_ms(Random(10) == 0 ? 5000 : 500);
    if (worker.in_roster) {
      v1::HeldJob* const held = message.mutable_roster()->add_jobs();
      held->set_job_id(job_id_);
      held->set_version(worker.version);
    }
  } else if (worker.in_roster) {
    v1::WorkerState& state = *message.add_states();
    state.set_job_id(job_id_);
    state.set_version(worker.version);
    state.set_sequence(worker.sequence + 1);
    state.set_attempt(worker.attempt);
    state.set_phase(v1::PHASE_GENERATING);
    state.set_tokens(worker.sequence);
    state.set_answer_bytes(worker.texts[0].size());
    state.set_thinking_bytes(worker.texts[1].size());
    state.set_ended(worker.ended);
    if (!std::exchange(feed.told_fixed, true)) *state.mutable_fixed() = Fixed(worker);
    for (size_t channel = 0; channel < kChannels; ++channel) {
      const std::string& text = worker.texts[channel];
      if (feed.sent[channel] >= text.size()) continue;
      v1::TextPiece* const piece = state.add_pieces();
      piece->set_channel(kAllChannels[channel]);
      piece->set_offset(feed.sent[channel]);
      piece->set_text(text.substr(feed.sent[channel]));
      feed.sent[channel] = text.size();
    }
  }
  feed.under_way.push_back(std::move(message));
}

void SimulatedWorld::Deliver(Replica& replica) {
  for (Feed& feed : replica.feeds) {
    // In order within a feed, in any order between feeds.
    for (uint32_t count = Random(3); count > 0 && !feed.under_way.empty(); --count) {
      replica.hub->MergeFeed(feed.id, feed.under_way.front());
      feed.under_way.pop_front();
    }
  }
  if (!replica.states_under_way.empty() && Random(2) == 0) {
    Replica::States& states = replica.states_under_way.front();
    if (Random(8) == 0) {
      replica.hub->ReturnQuestions(states.questions);
    } else {
      replica.hub->MergeStates(states.questions, states.response);
    }
    replica.states_under_way.pop_front();
  }
  if (!replica.reads_under_way.empty() && Random(2) == 0) {
    Replica::Reads& reads = replica.reads_under_way.front();
    const bool lost = Random(8) == 0;
    replica.hub->MergeTexts(reads.questions, lost ? v1::ReadTextsResponse() : reads.response);
    replica.reads_under_way.pop_front();
  }
}

void SimulatedWorld::Reconnect(Replica& replica, size_t index) {
  Feed& feed = replica.feeds[index];
  feed.under_way.clear();
  replica.hub->CloseFeed(feed.id);
  feed.id = replica.hub->OpenFeed();
  feed.sent = feeds_tell_kept_text_ ? TextLengths{} : workers_[index].base;
  feed.told_fixed = false;
  for (const v1::KnownJob& known : replica.hub->Known()) {
    if (known.version() != workers_[index].version) continue;
    feed.told_fixed = Random(2) == 0;
    const Worker& worker = workers_[index];
    const TextLengths held = {known.answer_bytes(), known.thinking_bytes()};
    for (size_t channel = 0; channel < kChannels; ++channel) {
      feed.sent[channel] =
          std::clamp<uint32_t>(held[channel], feed.sent[channel], worker.texts[channel].size());
    }
  }
}

v1::JobStateEntry SimulatedWorld::LedgerEntry(bool want_fixed) const {
  v1::JobStateEntry entry;
  entry.set_job_id(job_id_);
  v1::Progress& progress = *entry.mutable_progress();
  progress.set_job_id(job_id_);
  progress.set_version(version_);
  progress.set_state(state_);
  progress.set_attempt(attempt_);
  progress.mutable_numbers()->set_answer_bytes(kept_[0].size());
  progress.mutable_numbers()->set_thinking_bytes(kept_[1].size());
  for (const LeaseBases::Lease& lease : leases_) {
    v1::LeaseBase* const base = entry.add_bases();
    base->set_version(lease.version);
    base->set_answer(lease.bases[0]);
    base->set_thinking(lease.bases[1]);
  }
  if (want_fixed) entry.mutable_fixed()->set_owner_id(kOwner);
  return entry;
}

void SimulatedWorld::Ask(Replica& replica) {
  Replica::States states;
  states.questions = replica.hub->TakeQuestions(Random(2) == 0);
  for (const ProgressHub::Question& question : states.questions) {
    if (question.query.known_version() >= version_ && state_ != v1::Job::STATE_QUEUED) continue;
    *states.response.add_jobs() = LedgerEntry(question.query.want_fixed());
  }
  if (!states.questions.empty()) replica.states_under_way.push_back(std::move(states));
  Replica::Reads reads;
  reads.questions = replica.hub->TakeMissingTexts(100);
  for (const ProgressHub::TextQuestion& question : reads.questions) {
    const std::string& text = kept_[ChannelIndex(question.query.channel())];
    v1::TextSlice& slice = *reads.response.add_slices();
    slice.set_job_id(job_id_);
    slice.set_version(version_);
    slice.set_text_length(text.size());
    slice.mutable_piece()->set_channel(question.query.channel());
    slice.mutable_piece()->set_offset(question.query.offset());
    if (question.query.offset() < text.size()) {
      slice.mutable_piece()->set_text(text.substr(question.query.offset()));
    }
  }
  if (!reads.questions.empty()) replica.reads_under_way.push_back(std::move(reads));
}

void SimulatedWorld::Open(Watcher& watcher, bool old_cursor) {
  if (watcher.finished) return;
  if (!watcher.cursor.empty()) ++counts_.resumes;
  watcher.session.reset();
  if (old_cursor) {
    watcher.cursor = watcher.old_cursor;
    watcher.texts = watcher.old_texts;
  } else {
    watcher.old_cursor = watcher.cursor;
    watcher.old_texts = watcher.texts;
  }
  watcher.version = watcher.sequence = 0;
  watcher.first = true;
  watcher.replica = Random(replicas_.size());
  watcher.woken = std::make_shared<bool>(true);
  WatchPlan plan;
  plan.owner = kOwner;
  plan.text = watcher.text;
  v1::WatchTarget& target = plan.targets.emplace_back();
  target.set_job_id(job_id_);
  target.set_cursor(watcher.cursor);
  const Replica& replica = replicas_[watcher.replica];
  watcher.session =
      std::make_unique<WatchSession>(replica.hub.get(), replica.active.get(), &clock_,
                                     std::move(plan), [woken = watcher.woken] { *woken = true; });
  if (!watcher.session->Start().ok()) Violation("a watch was refused");
}

void SimulatedWorld::Pump(Watcher& watcher) {
  // Nobody looks without being told to: a wake-up that is lost is a fault.
  while (watcher.session != nullptr && (*watcher.woken || clock_.Monotonic() >= watcher.wake_at)) {
    *watcher.woken = false;
    v1::WatchProgressResponse response;
    const WatchSession::Step step = watcher.session->Next(&response);
    watcher.wake_at = step.wake_at;
    if (step.what == WatchSession::Step::What::kWrite) {
      *watcher.woken = true;
      for (const v1::JobUpdate& update : response.updates()) Take(watcher, update);
      if (Random(3) == 0) return;  // a slow one
    } else if (step.what == WatchSession::Step::What::kFinish) {
      watcher.session.reset();
      if (step.status.ok()) {
        if (!watcher.finished) Violation("the stream ended with OK before the job did");
      } else if (absl::IsUnavailable(step.status)) {
        ++counts_.refused;
      } else {
        Violation(absl::StrCat("the stream ended with ", step.status.ToString()));
      }
    }
  }
}

void SimulatedWorld::Take(Watcher& watcher, const v1::JobUpdate& update) {
  ++counts_.updates;
  if (watcher.finished) Violation("something came after the end");
  if (watcher.first && !update.has_progress()) Violation("the first message has no snapshot");
  if (update.has_progress()) {
    const v1::Progress& progress = update.progress();
    const auto order = std::make_pair(progress.version(), progress.sequence());
    if (order < std::make_pair(watcher.version, watcher.sequence)) Violation("the order fell");
    if (!watcher.first && progress.version() == watcher.version &&
        (progress.numbers().percent() < watcher.last.numbers().percent() ||
         progress.numbers().current_tokens() < watcher.last.numbers().current_tokens())) {
      Violation("a number fell within a lease");
    }
    if ((progress.numbers().percent() == 100) != (progress.state() == v1::Job::STATE_COMPLETED)) {
      Violation("100 % without completion, or the other way round");
    }
    std::tie(watcher.version, watcher.sequence) = order;
    watcher.last = progress;
  }
  watcher.first = false;
  for (const v1::TextReset& reset : update.resets()) {
    ++counts_.resets;
    std::string& text = watcher.texts[ChannelIndex(reset.channel())];
    if (reset.offset() > text.size()) Violation("a reset to what is not held");
    if (reset.reason() == "CURSOR_INVALID") Violation("an honest cursor was called invalid");
    text.resize(std::min<size_t>(text.size(), reset.offset()));
  }
  for (const v1::TextPiece& piece : update.pieces()) {
    if (!watcher.text) Violation("text that was not asked for");
    std::string& text = watcher.texts[ChannelIndex(piece.channel())];
    if (piece.offset() != text.size()) {
      Violation(absl::StrCat("a piece at ", piece.offset(), " for a text of ", text.size()));
    }
    if (!OnlyWholeCharacters(piece.text())) Violation("a piece begins inside a character");
    text += piece.text();
  }
  watcher.cursor = update.cursor();
  if (update.terminal()) {
    watcher.finished = true;
    if (!IsTerminal(watcher.last.state())) Violation("terminal without a terminal state");
    if (watcher.text && watcher.texts != kept_) Violation("the end was shown before its text");
  } else if (IsTerminal(watcher.last.state())) {
    Violation("a terminal state that is not terminal");
  }
}

void SimulatedWorld::Violation(const std::string& text) {
  if (violations_.size() < 10) violations_.push_back(text);
}

}  // namespace genwatch

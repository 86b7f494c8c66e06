#include "generation_service/state_feed.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "generation_service/text_tail.h"

namespace genwatch {
namespace {

// So long a removed job can still be read, by a subscriber whose connection is slow.
constexpr absl::Duration kLinger = absl::Seconds(3);
// Bounds a message: a state is some 300 bytes, its first one with the length history some 2 KB.
constexpr int kMaxStates = 500;
// So many jobs that are gone a cursor may remember.
constexpr size_t kForgottenKept = 100;

// The place in `text`, which starts at `base`, of a subscriber that holds `held` bytes: not past
// its end, and at the start of a character.
size_t PlaceOf(const std::string& text, uint32_t base, uint32_t held) {
  size_t place = std::min<size_t>(held > base ? held - base : 0, text.size());
  while (place > 0 && place < text.size() &&
         (static_cast<unsigned char>(text[place]) & 0xC0) == 0x80) {
    --place;
  }
  return place;
}

// Adds what a subscriber lacks of one text, within the budget. False if something is left.
bool AddText(v1::Channel channel, const std::string& text, uint32_t base, uint32_t& held,
             size_t& budget, v1::WorkerState* state) {
  const size_t place = PlaceOf(text, base, held);
  const std::string_view lacking = std::string_view(text).substr(place);
  const uint32_t offset = base + static_cast<uint32_t>(place);
  const size_t added = AddPieces(channel, offset, lacking, budget, state->mutable_pieces());
  held = offset + static_cast<uint32_t>(added);
  budget -= added;
  return added == lacking.size();
}

}  // namespace

FeedCursor::FeedCursor(const v1::StreamStatesRequest& known) {
  for (const v1::KnownJob& job : known.known()) {
    Job& cursor = jobs_[job.job_id()];
    cursor.version = job.version();
    cursor.answer_bytes = job.answer_bytes();
    cursor.thinking_bytes = job.thinking_bytes();
  }
}

StateFeed::Subscription::~Subscription() {
  std::shared_ptr<std::function<void()>> wake;  // destroyed without the lock
  MutexLock lock(feed_->mutex_);
  wake = std::move(*place_);
  feed_->subscribers_.erase(place_);
}

void StateFeed::Begin(const std::string& job_id, uint32_t version, v1::LeaseFixed fixed) {
  MutexLock lock(mutex_);
  ForgetLocked(job_id);
  Job& job = jobs_[job_id];
  job.state.set_job_id(job_id);
  job.state.set_version(version);
  for (const v1::LeaseBase& base : fixed.bases()) {
    if (base.version() != version) continue;
    job.answer_base = base.answer();
    job.thinking_base = base.thinking();
  }
  job.fixed = std::move(fixed);
}

void StateFeed::LowerBase(const std::string& job_id, const v1::LeaseBase& base) {
  MutexLock lock(mutex_);
  const auto found = jobs_.find(job_id);
  if (found == jobs_.end() || found->second.state.version() != base.version()) return;
  Job& job = found->second;
  for (v1::LeaseBase& lease : *job.fixed.mutable_bases()) {
    if (lease.version() == base.version()) lease = base;
  }
  ++job.fixed_revision;
  job.answer_base = base.answer();
  job.thinking_base = base.thinking();
  job.state.set_answer_bytes(base.answer());
  job.state.set_thinking_bytes(base.thinking());
  TouchLocked(job_id, job);
}

void StateFeed::Publish(v1::WorkerState state, std::string_view answer, std::string_view thinking) {
  MutexLock lock(mutex_);
  const auto found = jobs_.find(state.job_id());
  if (found == jobs_.end() || found->second.state.version() != state.version()) return;
  Job& job = found->second;
  state.set_sequence(job.state.sequence() + 1);
  job.state = std::move(state);
  job.answer.append(answer);
  job.thinking.append(thinking);
  TouchLocked(found->first, job);
}

void StateFeed::Remove(const std::string& job_id, uint32_t version, absl::Duration now) {
  MutexLock lock(mutex_);
  const auto found = jobs_.find(job_id);
  if (found == jobs_.end() || found->second.state.version() != version) return;
  if (std::exchange(found->second.removed, true)) return;
  leaving_.push_back({.forget_at = now + kLinger, .job_id = job_id, .version = version});
}

void StateFeed::SetRoster(v1::Roster roster, absl::Duration now) {
  MutexLock lock(mutex_);
  roster_ = std::move(roster);
  ++roster_number_;
  while (!leaving_.empty() && leaving_.front().forget_at <= now) {
    const Leaving left = std::move(leaving_.front());
    leaving_.pop_front();
    const auto found = jobs_.find(left.job_id);
    // Unless it came back under a new lease.
    if (found != jobs_.end() && found->second.state.version() == left.version) {
      ForgetLocked(left.job_id);
    }
  }
}

void StateFeed::SetMuted(bool muted) {
  MutexLock lock(mutex_);
  muted_ = muted;
}

void StateFeed::WakeSubscribers() {
  std::vector<std::shared_ptr<std::function<void()>>> subscribers;
  {
    MutexLock lock(mutex_);
    subscribers.assign(subscribers_.begin(), subscribers_.end());
  }
  for (const auto& wake : subscribers) (*wake)();
}

void StateFeed::Shutdown() {
  {
    MutexLock lock(mutex_);
    shut_down_ = true;
    muted_ = false;
  }
  WakeSubscribers();
}

std::unique_ptr<StateFeed::Subscription> StateFeed::Subscribe(std::function<void()> wake) {
  auto subscription = std::make_unique<Subscription>(this);
  MutexLock lock(mutex_);
  subscription->place_ = subscribers_.insert(
      subscribers_.end(), std::make_shared<std::function<void()>>(std::move(wake)));
  return subscription;
}

StateFeed::Next StateFeed::Collect(FeedCursor& cursor, size_t text_budget,
                                   v1::StreamStatesResponse* message) {
  MutexLock lock(mutex_);
  if (muted_) return Next::kNothing;
  bool all = true;
  for (auto place = changes_.upper_bound(cursor.seen_change_); place != changes_.end(); ++place) {
    if (message->states_size() == kMaxStates) {
      all = false;
      break;
    }
    const Job& job = jobs_.find(place->second)->second;
    // A job whose text did not fit is gone on with in the next message; the others wait for it.
    all = AddStateLocked(job, cursor.jobs_[place->second], text_budget, message);
    if (!all) break;
    cursor.seen_change_ = place->first;
  }
  if (cursor.seen_roster_ != roster_number_) {
    cursor.seen_roster_ = roster_number_;
    *message->mutable_roster() = roster_;
    // Now and then, because a walk through all of them at each roster costs more than the jobs do.
    if (cursor.jobs_.size() > 2 * jobs_.size() + kForgottenKept) {
      for (auto job = cursor.jobs_.begin(); job != cursor.jobs_.end();) {
        job = jobs_.count(job->first) > 0 ? std::next(job) : cursor.jobs_.erase(job);
      }
    }
  }
  if (message->states_size() > 0 || message->has_roster()) return Next::kMessage;
  return shut_down_ ? Next::kEnd : Next::kNothing;
}

size_t StateFeed::text_bytes() const {
  MutexLock lock(mutex_);
  size_t bytes = 0;
  for (const auto& [job_id, job] : jobs_) bytes += job.answer.size() + job.thinking.size();
  return bytes;
}

void StateFeed::TouchLocked(const std::string& job_id, Job& job) {
  changes_.erase(job.change);
  job.change = ++last_change_;
  changes_.emplace(job.change, job_id);
}

void StateFeed::ForgetLocked(const std::string& job_id) {
  const auto found = jobs_.find(job_id);
  if (found == jobs_.end()) return;
  changes_.erase(found->second.change);
  jobs_.erase(found);
}

bool StateFeed::AddStateLocked(const Job& job, FeedCursor::Job& cursor, size_t& budget,
                               v1::StreamStatesResponse* message) const {
  if (cursor.version != job.state.version()) {
    cursor = FeedCursor::Job();
    cursor.version = job.state.version();
  }
  v1::WorkerState* state = message->add_states();
  *state = job.state;
  if (cursor.fixed_given != job.fixed_revision) {
    *state->mutable_fixed() = job.fixed;
    if (cursor.fixed_given != 0) {  // what it was given of the lease until now no longer stands
      cursor.answer_bytes = std::min(cursor.answer_bytes, job.answer_base);
      cursor.thinking_bytes = std::min(cursor.thinking_bytes, job.thinking_base);
    }
    cursor.fixed_given = job.fixed_revision;
  }
  cursor.sequence = job.state.sequence();
  return AddText(v1::CHANNEL_THINKING, job.thinking, job.thinking_base, cursor.thinking_bytes,
                 budget, state) &&
         AddText(v1::CHANNEL_ANSWER, job.answer, job.answer_base, cursor.answer_bytes, budget,
                 state);
}

}  // namespace genwatch

#include "progress_service/watch_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status.h"

namespace genwatch {
namespace {

absl::Status LedgerUnavailable(const std::string& job_id) {
  return WithRetryAfter(
      Error(absl::StatusCode::kUnavailable, "LEDGER_UNAVAILABLE",
            absl::StrCat("the state of ", job_id, " could not be learned in time")),
      absl::Seconds(1));
}

}  // namespace

WatchSession::WatchSession(ProgressHub* hub, ActiveJobs* active, const Clock* clock, WatchPlan plan,
                           HubWake wake)
    : hub_(hub),
      active_(active),
      clock_(clock),
      plan_(std::move(plan)),
      wake_(std::make_shared<const HubWake>(std::move(wake))) {}

absl::Status WatchSession::Start() {
  targets_.reserve(plan_.targets.size());
  for (const v1::WatchTarget& target : plan_.targets) {
    Target& added = targets_.emplace_back(target.job_id(), plan_.text, target.cursor());
    added.named = true;
    if (absl::Status status = Subscribe(added); !status.ok()) return status;
    // It does not join a second time.
    if (plan_.mine_active) joined_.insert(added.job_id);
  }
  if (plan_.mine_active) active_subscription_ = active_->Subscribe(plan_.owner, wake_);
  return absl::OkStatus();
}

absl::Status WatchSession::Subscribe(Target& target) {
  auto subscription = hub_->Subscribe(target.job_id, plan_.text, wake_);
  if (!subscription.ok()) return subscription.status();
  target.subscription = *std::move(subscription);
  target.subscribed_at = clock_->Monotonic();
  return absl::OkStatus();
}

WatchSession::Step WatchSession::Next(v1::WatchProgressResponse* response) {
  Step step;
  if (plan_.mine_active) {
    JoinActive();
    // Who watches what is empty yet hears at once that the watch stands.
    if (!std::exchange(greeted_, true)) step.what = Step::What::kWrite;
  }
  const absl::Duration now = clock_->Monotonic();
  size_t bytes = 0;
  const size_t count = targets_.size();
  for (size_t i = 0; i < count && bytes < kMessageTextBytes; ++i) {
    const size_t index = (first_ + i) % count;
    bytes += Visit(targets_[index], now, response, step);
    if (step.what == Step::What::kFinish) return step;
    if (bytes >= kMessageTextBytes) {
      // The others come first next time.
      first_ = (index + 1) % count;
      break;
    }
  }
  targets_.erase(
      std::remove_if(targets_.begin(), targets_.end(), [](const Target& t) { return t.done; }),
      targets_.end());
  if (first_ >= targets_.size()) first_ = 0;
  if (response->updates_size() > 0) step.what = Step::What::kWrite;
  if (step.what == Step::What::kIdle && targets_.empty() && !plan_.mine_active) {
    step.what = Step::What::kFinish;
  }
  return step;
}

void WatchSession::JoinActive() {
  const ActiveJobs::JobIds ids = active_subscription_.job_ids();
  if (ids == nullptr || ids == active_ids_) return;
  active_ids_ = ids;
  std::unordered_set<std::string> listed(ids->begin(), ids->end());
  for (const std::string& job_id : *ids) {
    if (joined_.contains(job_id)) continue;
    Target target(job_id, plan_.text, "");
    if (!Subscribe(target).ok()) {
      // No room now; the next look at the list tries again.
      active_ids_ = nullptr;
      break;
    }
    joined_.insert(job_id);
    targets_.push_back(std::move(target));
  }
  // One that ended is not joined again while an older list still has it.
  for (const Target& target : targets_) listed.insert(target.job_id);
  std::erase_if(joined_, [&listed](const std::string& job_id) { return !listed.contains(job_id); });
}

size_t WatchSession::Visit(Target& target, absl::Duration now, v1::WatchProgressResponse* response,
                           Step& step) {
  if (!target.admitted && !Admit(target, now, response, step)) return 0;
  const uint64_t revision = target.subscription.revision();
  const bool started = target.position.started();
  if (revision == target.seen && !target.more && started) return 0;
  if (started && !target.more && now < target.next_update && !target.subscription.terminal()) {
    step.wake_at = std::min(step.wake_at, target.next_update);
    return 0;
  }
  v1::JobUpdate* const update = response->add_updates();
  const WatchPosition::Result result =
      hub_->Collect(target.subscription, target.position, kMessageTextBytes, update);
  target.seen = revision;
  target.more = result.more;
  size_t bytes = 0;
  for (const v1::TextPiece& piece : update->pieces()) bytes += piece.text().size();
  if (result.has_update) {
    target.next_update = now + plan_.min_interval;
  } else {
    response->mutable_updates()->RemoveLast();
  }
  if (result.done) {
    target.done = true;
    target.subscription = {};
  } else if (!target.position.started()) {
    WaitForLedger(target, now, result.behind ? kLedgerPatience : kTextPatience, response, step);
  }
  return bytes;
}

bool WatchSession::Admit(Target& target, absl::Duration now, v1::WatchProgressResponse* response,
                         Step& step) {
  switch (hub_->Admit(target.subscription, plan_.owner)) {
    case ProgressHub::Admission::kAdmitted:
      target.admitted = true;
      return true;
    case ProgressHub::Admission::kNotFound:
      Refuse(target, JobNotFound(target.job_id), response, step);
      return false;
    case ProgressHub::Admission::kUnknown:
      WaitForLedger(target, now, kLedgerPatience, response, step);
      return false;
  }
  return false;
}

void WatchSession::WaitForLedger(Target& target, absl::Duration now, absl::Duration patience,
                                 v1::WatchProgressResponse* response, Step& step) {
  // Who watches everything there is can't be sent elsewhere for one job's sake.
  if (plan_.mine_active) return;
  const absl::Duration deadline = target.subscribed_at + patience;
  if (now < deadline) {
    step.wake_at = std::min(step.wake_at, deadline);
  } else {
    Refuse(target, LedgerUnavailable(target.job_id), response, step);
  }
}

void WatchSession::Refuse(Target& target, const absl::Status& status,
                          v1::WatchProgressResponse* response, Step& step) {
  target.done = true;
  target.subscription = {};
  // What left the list meanwhile is not missed in it.
  if (plan_.mine_active && !target.named) return;
  if (!plan_.mine_active && plan_.targets.size() == 1) {
    step.what = Step::What::kFinish;
    step.status = status;
    return;
  }
  v1::JobUpdate* const update = response->add_updates();
  update->set_job_id(target.job_id);
  update->mutable_error()->set_code(static_cast<int>(status.code()));
  update->mutable_error()->set_reason(ReasonOf(status));
  update->mutable_error()->set_message(std::string(status.message()));
}

}  // namespace genwatch

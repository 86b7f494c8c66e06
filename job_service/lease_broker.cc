#include "job_service/lease_broker.h"

#include <utility>

#include "common/status.h"

namespace genwatch {
namespace {

bool CouldStart(const v1::LeaseJobsRequest& request, const std::string& model) {
  for (const v1::ModelSlots& slots : request.models()) {
    if (slots.model() == model && slots.free() > 0) return true;
  }
  return false;
}

absl::Status CallerGone() { return absl::CancelledError("the caller is gone"); }

absl::Status ShuttingDown() {
  return Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "the service is shutting down");
}

}  // namespace

uint64_t LeaseBroker::Add(v1::LeaseJobsRequest request, absl::Duration wait, Answer answer) {
  MutexLock lock(mutex_);
  if (shut_down_) {
    lock.Unlock();
    answer(ShuttingDown());
    return 0;
  }
  const uint64_t id = next_id_++;
  Poll& poll = polls_[id];
  poll.request = std::move(request);
  poll.answer = std::move(answer);
  // From the beginning, so that a poll that does not wait still looks once.
  poll.looking = true;
  poll.timer = timers_->RunAfter(wait, [this, id] { Expire(id); });
  lock.Unlock();
  SubmitLook(id);
  return id;
}

void LeaseBroker::Cancel(uint64_t id) {
  Answer answer;
  {
    MutexLock lock(mutex_);
    auto it = polls_.find(id);
    if (it == polls_.end()) return;
    if (it->second.looking) {
      it->second.expired = true;
      it->second.cancelled = true;
      return;
    }
    timers_->Cancel(it->second.timer);
    answer = std::move(it->second.answer);
    polls_.erase(it);
  }
  answer(CallerGone());
}

void LeaseBroker::Wake(const std::string& model) {
  uint64_t chosen = 0;
  {
    MutexLock lock(mutex_);
    for (auto& [id, poll] : polls_) {
      if (poll.expired || poll.again || !CouldStart(poll.request, model)) continue;
      if (!poll.looking) {
        chosen = id;
        break;
      }
      if (chosen == 0) chosen = id;
    }
  }
  if (chosen != 0) LookSoon(chosen);
}

void LeaseBroker::LookAll() {
  std::vector<uint64_t> ids;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, poll] : polls_) {
      if (!poll.looking) ids.push_back(id);
    }
  }
  for (uint64_t id : ids) LookSoon(id);
}

void LeaseBroker::LookSoon(uint64_t id) {
  {
    MutexLock lock(mutex_);
    auto it = polls_.find(id);
    if (it == polls_.end()) return;
    if (it->second.looking) {
      it->second.again = true;
      return;
    }
    it->second.looking = true;
  }
  SubmitLook(id);
}

void LeaseBroker::SubmitLook(uint64_t id) {
  if (executor_->Submit([this, id] { RunLook(id); }).ok()) return;
  // Overloaded: the next wake-up or the backstop looks.
  bool expired = false;
  {
    MutexLock lock(mutex_);
    auto it = polls_.find(id);
    if (it == polls_.end()) return;
    it->second.looking = false;
    expired = it->second.expired;
  }
  if (expired) Expire(id);
}

void LeaseBroker::RunLook(uint64_t id) {
  while (true) {
    v1::LeaseJobsRequest request;
    {
      MutexLock lock(mutex_);
      auto it = polls_.find(id);
      if (it == polls_.end()) return;
      it->second.again = false;
      request = it->second.request;
    }
    absl::StatusOr<v1::LeaseJobsResponse> found = look_(request);
    Answer answer;
    bool cancelled = false;
    {
      MutexLock lock(mutex_);
      auto it = polls_.find(id);
      if (it == polls_.end()) return;
      Poll& poll = it->second;
      // A failure is answered only when the time is over: the stores may be back before.
      const bool worth_answering = found.ok() && found->jobs_size() > 0;
      if (!worth_answering && !poll.expired) {
        poll.looked = found.status();
        if (poll.again && found.ok()) continue;
        poll.looking = false;
        return;
      }
      timers_->Cancel(poll.timer);
      answer = std::move(poll.answer);
      cancelled = poll.cancelled;
      polls_.erase(it);
    }
    if (!cancelled) {
      answer(std::move(found));
      return;
    }
    answer(CallerGone());
    if (found.ok() && found->jobs_size() > 0) give_back_(request, *found);
    return;
  }
}

void LeaseBroker::Expire(uint64_t id) {
  Answer answer;
  absl::Status looked;
  {
    MutexLock lock(mutex_);
    auto it = polls_.find(id);
    if (it == polls_.end()) return;
    if (it->second.looking) {
      it->second.expired = true;
      return;
    }
    answer = std::move(it->second.answer);
    looked = std::move(it->second.looked);
    polls_.erase(it);
  }
  if (looked.ok()) {
    answer(v1::LeaseJobsResponse());
  } else {
    answer(std::move(looked));
  }
}

void LeaseBroker::Shutdown() {
  std::vector<Answer> answers;
  {
    MutexLock lock(mutex_);
    shut_down_ = true;
    for (auto it = polls_.begin(); it != polls_.end();) {
      timers_->Cancel(it->second.timer);
      if (it->second.looking) {
        it->second.expired = true;
        ++it;
        continue;
      }
      answers.push_back(std::move(it->second.answer));
      it = polls_.erase(it);
    }
  }
  for (Answer& answer : answers) answer(ShuttingDown());
}

}  // namespace genwatch

#include "progress_service/watch_progress_reactor.h"

#include <utility>

#include "common/grpc_status.h"
#include "common/status.h"

namespace genwatch {

std::shared_ptr<WatchProgressReactor> WatchProgressReactor::Create(
    const Parts& parts, grpc::CallbackServerContext* context, WatchPlan plan,
    std::function<void(WatchProgressReactor*)> on_done) {
  std::shared_ptr<WatchProgressReactor> reactor(
      new WatchProgressReactor(parts, context, plan.heartbeat, std::move(on_done)));
  reactor->session_ = std::make_unique<WatchSession>(
      parts.hub, parts.active, parts.clock, std::move(plan), [weak = reactor->weak_from_this()] {
        if (const auto self = weak.lock(); self != nullptr) self->Wake();
      });
  reactor->self_ = reactor;
  return reactor;
}

WatchProgressReactor::WatchProgressReactor(const Parts& parts, grpc::CallbackServerContext* context,
                                           absl::Duration heartbeat,
                                           std::function<void(WatchProgressReactor*)> on_done)
    : parts_(parts),
      context_(context),
      heartbeat_(heartbeat),
      on_done_(std::move(on_done)),
      last_write_(parts.clock->Monotonic()) {}

void WatchProgressReactor::Begin() {
  std::optional<absl::Status> end;
  {
    MutexLock lock(mutex_);
    end = end_;
  }
  if (end.has_value()) return FinishOnce(*end);
  if (absl::Status status = session_->Start(); !status.ok()) {
    FinishOnce(status);
    return;
  }
  Pump();
}

void WatchProgressReactor::Wake() {
  {
    MutexLock lock(mutex_);
    dirty_ = true;
    if (finished_ || phase_ != Phase::kIdle) return;
    phase_ = Phase::kBuilding;
  }
  Pump();
}

void WatchProgressReactor::Pump() {
  // gRPC may be done with the stream as soon as an operation was started.
  const std::shared_ptr<WatchProgressReactor> self = shared_from_this();
  for (;;) {
    std::optional<absl::Status> end;
    bool heartbeat = false;
    {
      MutexLock lock(mutex_);
      dirty_ = false;
      heartbeat = heartbeat_due_;
      end = end_;
    }
    if (end.has_value()) return FinishOnce(*end);
    auto response = std::make_unique<v1::WatchProgressResponse>();
    const WatchSession::Step step = session_->Next(response.get());
    if (step.what == WatchSession::Step::What::kFinish) return FinishOnce(step.status);
    if (step.what == WatchSession::Step::What::kWrite || heartbeat) {
      return Write(std::move(response));
    }
    if (step.wake_at != absl::InfiniteDuration()) WakeAt(step.wake_at);
    MutexLock lock(mutex_);
    if (dirty_ || heartbeat_due_ || end_.has_value()) continue;
    phase_ = Phase::kIdle;
    return;
  }
}

void WatchProgressReactor::Write(std::unique_ptr<v1::WatchProgressResponse> response) {
  const v1::WatchProgressResponse* const message = response.get();
  uint64_t serial = 0;
  {
    MutexLock lock(mutex_);
    serial = ++write_serial_;
    response_ = std::move(response);
    heartbeat_due_ = false;
    last_write_ = parts_.clock->Monotonic();
    write_deadline_ = last_write_ + parts_.write_deadline;
  }
  StartWrite(message);
  std::optional<absl::Status> end;
  {
    MutexLock lock(mutex_);
    // Done already: another thread goes on from there.
    if (write_serial_ != serial) return;
    phase_ = Phase::kWriting;
    end = end_;
  }
  if (end.has_value()) FinishOnce(*end);
}

void WatchProgressReactor::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    ++write_serial_;
    response_.reset();
    if (finished_) return;
    phase_ = Phase::kBuilding;
    if (!ok && !end_.has_value()) end_ = absl::CancelledError("the peer is gone");
  }
  Pump();
}

void WatchProgressReactor::OnCancel() { End(absl::CancelledError("cancelled")); }

void WatchProgressReactor::End(const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    if (finished_ || end_.has_value()) return;
    end_ = status;
    // Whoever builds the next message sees it.
    if (phase_ == Phase::kBuilding) return;
  }
  FinishOnce(status);
}

void WatchProgressReactor::FinishOnce(const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    if (std::exchange(finished_, true)) return;
  }
  Finish(ToGrpcStatus(status));
}

WatchProgressReactor::Tick WatchProgressReactor::OnTick() {
  const absl::Duration now = parts_.clock->Monotonic();
  bool drop = false;
  {
    MutexLock lock(mutex_);
    if (finished_) return Tick::kNothing;
    if (phase_ == Phase::kWriting && now > write_deadline_) {
      // Once: the cancellation ends the write.
      write_deadline_ = absl::InfiniteDuration();
      canceller_ = std::this_thread::get_id();
      drop = true;
    } else if (phase_ == Phase::kIdle && now - last_write_ >= heartbeat_) {
      heartbeat_due_ = true;
    } else {
      return Tick::kNothing;
    }
  }
  if (!drop) {
    Wake();
    return Tick::kNothing;
  }
  // gRPC may run OnCancel, and even OnDone, before this returns, on this thread or another: hence
  // without the lock, and with OnDone waiting, because after it there is no context.
  context_->TryCancel();
  MutexLock lock(mutex_);
  canceller_ = std::thread::id();
  cancelled_.NotifyAll();
  return Tick::kPeerDropped;
}

void WatchProgressReactor::WakeAt(absl::Duration due) {
  MutexLock lock(mutex_);
  if (timer_due_ <= due) return;
  if (timer_ != 0) parts_.timers->Cancel(timer_);
  timer_due_ = due;
  timer_ = parts_.timers->RunAfter(due - parts_.clock->Monotonic(), [weak = weak_from_this(), due] {
    const std::shared_ptr<WatchProgressReactor> self = weak.lock();
    if (self == nullptr) return;
    {
      MutexLock timer_lock(self->mutex_);
      if (self->timer_due_ == due) {
        self->timer_due_ = absl::InfiniteDuration();
        self->timer_ = 0;
      }
    }
    self->Wake();
  });
}

void WatchProgressReactor::OnDone() {
  TimerId timer = 0;
  {
    MutexLock lock(mutex_);
    while (canceller_ != std::thread::id() && canceller_ != std::this_thread::get_id()) {
      cancelled_.Wait(mutex_);
    }
    timer = std::exchange(timer_, 0);
  }
  if (timer != 0) parts_.timers->Cancel(timer);
  // Nobody uses the session any more, and the jobs need not wait for the last reference.
  session_.reset();
  on_done_(this);
  self_.reset();
}

}  // namespace genwatch

#include "progress_service/watchers.h"

#include <utility>

#include "common/status.h"

namespace genwatch {
namespace {

// A stream is silent for at most this and its heartbeat.
constexpr absl::Duration kTick = absl::Milliseconds(500);

absl::Status Draining() {
  return WithRetryAfter(
      Error(absl::StatusCode::kUnavailable, "DRAINING", "this replica is going away, try another"),
      absl::Milliseconds(100));
}

absl::Status TooManyWatchers() {
  return WithRetryAfter(Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_WATCHERS",
                              "this replica has as many watchers as it may have"),
                        absl::Seconds(5));
}

}  // namespace

Watchers::Watchers(const Parts& parts, size_t max_watchers, ProgressMetrics metrics)
    : parts_(parts),
      max_watchers_(max_watchers),
      metrics_(metrics),
      ticks_("watchers", kTick, [this] { Tick(); }) {}

grpc::ServerWriteReactor<v1::WatchProgressResponse>* Watchers::Watch(
    grpc::CallbackServerContext* context, WatchPlan plan) {
  const auto reactor = WatchProgressReactor::Create(
      parts_, context, std::move(plan), [this](WatchProgressReactor* done) { Forget(done); });
  absl::Status refusal;
  {
    MutexLock lock(mutex_);
    if (draining_) {
      refusal = Draining();
    } else if (reactors_.size() >= max_watchers_) {
      refusal = TooManyWatchers();
    } else {
      reactors_[reactor.get()] = reactor;
      metrics_.watchers.Set(static_cast<double>(reactors_.size()));
    }
  }
  if (!refusal.ok()) {
    metrics_.watches_refused.Increment();
    reactor->End(refusal);
  }
  reactor->Begin();
  return reactor.get();
}

void Watchers::Drain() {
  {
    MutexLock lock(mutex_);
    draining_ = true;
  }
  for (const auto& reactor : All()) reactor->End(Draining());
}

size_t Watchers::count() const {
  MutexLock lock(mutex_);
  return reactors_.size();
}

void Watchers::Tick() {
  for (const auto& reactor : All()) {
    if (reactor->OnTick() == WatchProgressReactor::Tick::kPeerDropped) {
      metrics_.peers_dropped.Increment();
    }
  }
}

void Watchers::Forget(WatchProgressReactor* reactor) {
  std::shared_ptr<WatchProgressReactor> last;
  MutexLock lock(mutex_);
  const auto found = reactors_.find(reactor);
  if (found == reactors_.end()) return;
  last = std::move(found->second);
  reactors_.erase(found);
  metrics_.watchers.Set(static_cast<double>(reactors_.size()));
}

std::vector<std::shared_ptr<WatchProgressReactor>> Watchers::All() const {
  std::vector<std::shared_ptr<WatchProgressReactor>> all;
  MutexLock lock(mutex_);
  all.reserve(reactors_.size());
  for (const auto& [pointer, reactor] : reactors_) all.push_back(reactor);
  return all;
}

}  // namespace genwatch

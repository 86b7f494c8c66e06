#include "progress_service/worker_feeds.h"

#include <utility>

#include "common/log.h"
#include "progress_service/worker_addresses.h"

namespace genwatch {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(500);
constexpr absl::Duration kResolveInterval = absl::Seconds(5);

// A worker that is gone for longer comes back under another address, or the ledger names it again.
constexpr absl::Duration kForgetAfter = absl::Seconds(30);

// More workers than any installation has; a ledger full of nonsense must not open more streams.
constexpr size_t kMaxFeeds = 1000;

}  // namespace

WorkerFeeds::WorkerFeeds(std::string target, ProgressHub* hub, TimerQueue* timers,
                         const Clock* clock, ProgressMetrics metrics)
    : target_(std::move(target)),
      hub_(hub),
      timers_(timers),
      clock_(clock),
      metrics_(metrics),
      resolve_failures_(absl::Seconds(30)),
      next_resolve_(clock->Monotonic()),
      ticks_(
          "worker_feeds", kTick, [this] { Tick(); }, Periodic::FirstRun::kAtOnce) {}

WorkerFeeds::~WorkerFeeds() = default;

void WorkerFeeds::Learn(const std::vector<std::string>& names) {
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    const absl::StatusOr<std::vector<std::string>> addresses = WorkerAddresses(name);
    if (!addresses.ok()) {
      resolve_failures_.Log(LogLevel::kWarning, "a worker can't be looked up",
                            {{"worker", name}, ErrorField(addresses.status())});
      continue;
    }
    MutexLock lock(mutex_);
    for (const std::string& address : *addresses) {
      if (!IsAliasLocked(address)) wanted.push_back(address);
    }
  }
  Open(wanted);
}

bool WorkerFeeds::IsAliasLocked(const std::string& address) {
  const auto alias = aliases_.find(address);
  if (alias == aliases_.end()) return false;
  const auto feed = feeds_.find(alias->second);
  if (feed != feeds_.end() && feed->second != nullptr && feed->second->connected()) return true;
  aliases_.erase(alias);
  return false;
}

size_t WorkerFeeds::size() const {
  MutexLock lock(mutex_);
  return feeds_.size();
}

void WorkerFeeds::Open(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) {
    {
      MutexLock lock(mutex_);
      if (feeds_.contains(address) || feeds_.size() >= kMaxFeeds) continue;
      // The place is taken; the stream is opened without the lock.
      feeds_[address] = nullptr;
    }
    auto feed = std::make_unique<StateFeedClient>(address, hub_, timers_, clock_, metrics_);
    MutexLock lock(mutex_);
    feeds_[address] = std::move(feed);
  }
}

void WorkerFeeds::Tick() {
  const absl::Duration now = clock_->Monotonic();
  if (now >= next_resolve_) {
    next_resolve_ = now + kResolveInterval;
    Resolve(now);
  }
  std::vector<StateFeedClient*> feeds;  // only this thread removes any
  {
    MutexLock lock(mutex_);
    for (const auto& [address, feed] : feeds_) {
      if (feed != nullptr) feeds.push_back(feed.get());
    }
  }
  for (StateFeedClient* const feed : feeds) feed->OnTick();
  Learn(hub_->TakeWorkerAddresses());
  DropUseless();
}

void WorkerFeeds::Resolve(absl::Duration now) {
  absl::StatusOr<std::vector<std::string>> addresses = WorkerAddresses(target_);
  if (!addresses.ok()) {
    resolve_failures_.Log(LogLevel::kWarning, "workers can't be looked up",
                          {{"target", target_}, ErrorField(addresses.status())});
    // Soon again, while there is nobody to listen to.
    if (size() == 0) next_resolve_ = now + kTick;
    return;
  }
  resolve_failures_.Reset();
  {
    MutexLock lock(mutex_);
    resolved_ = std::set<std::string>(addresses->begin(), addresses->end());
  }
  Open(*addresses);
}

void WorkerFeeds::DropUseless() {
  std::vector<std::unique_ptr<StateFeedClient>> dropped;  // destroyed without the lock
  MutexLock lock(mutex_);
  std::map<std::string, std::string> instances;  // of connected feeds, to their address
  for (const auto& [address, feed] : feeds_) {
    const bool connected = feed != nullptr && feed->connected();
    const std::string instance = connected ? feed->instance() : "";
    if (instance.empty()) continue;
    // One of the target's own addresses is the worker's first name.
    if (resolved_.contains(address) || !instances.contains(instance)) {
      instances[instance] = address;
    }
  }
  for (auto at = feeds_.begin(); at != feeds_.end();) {
    const auto& [address, feed] = *at;
    if (feed == nullptr) {
      ++at;
      continue;
    }
    const auto first_name = instances.find(feed->instance());
    const bool other_name = feed->connected() && first_name != instances.end() &&
                            first_name->second != address && !resolved_.contains(address);
    if (other_name) aliases_[address] = first_name->second;
    const bool gone = !resolved_.contains(address) && feed->silent_for() > kForgetAfter;
    if (!other_name && !gone) {
      ++at;
      continue;
    }
    dropped.push_back(std::move(at->second));
    at = feeds_.erase(at);
  }
  lock.Unlock();
  dropped.clear();
}

}  // namespace genwatch

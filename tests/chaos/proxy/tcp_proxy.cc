#include "tests/chaos/proxy/tcp_proxy.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "common/thread_name.h"
#include "tests/chaos/proxy/forwarding.h"
#include "tests/chaos/proxy/socket.h"

namespace genwatch {
namespace {

constexpr int kThrottleTickMs = 10;
// Keys of epoll beside the connections', which are twice their number, and one more for the server.
constexpr uint64_t kWakeKey = 0;
constexpr uint64_t kListenerKey = 1;

}  // namespace

class TcpProxy::Loop {
 public:
  Loop(std::string target, Fd listener)
      : target_(std::move(target)),
        listener_(std::move(listener)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    Watch(wake_.get(), kWakeKey, 0, EPOLLIN);
    Watch(listener_.get(), kListenerKey, 0, EPOLLIN);
  }

  void Run() {
    SetThreadName("tcp_proxy");
    while (RunOrders()) {
      std::array<epoll_event, 64> events;
      const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   throttled_ ? kThrottleTickMs : -1);
      const bool tick = std::exchange(throttled_, false);
      for (int i = 0; i < count; ++i) {
        const uint64_t key = events[static_cast<size_t>(i)].data.u64;
        if (key == kListenerKey) {
          Accept();
        } else if (key != kWakeKey) {
          Pump(key / 2);
        }
      }
      if (tick) PumpAll(/*only_throttled=*/true);
    }
    CutAll();
  }

  // Runs `order` on the loop's thread and waits until it is done.
  void Do(const std::function<void()>& order) {
    MutexLock lock(mutex_);
    orders_.push_back(order);
    const uint64_t ticket = ++ordered_;
    Wake();
    while (done_ < ticket) changed_.Wait(mutex_);
  }

  // The last order.
  void Stop() {
    Do([this] { stopping_ = true; });
  }

  // Within an order:
  void CutAll() {
    counts_.cut += connections_.size();
    for (auto& [number, connection] : connections_) connection.forwarding.Reset();
    connections_.clear();
  }
  void SetRefusing(bool on) {
    if (std::exchange(link_.refusing, on) == on) return;
    if (on) {
      Watch(listener_.get(), kListenerKey, EPOLLIN, 0);
      StopListening(listener_);
    } else if (Listen(listener_).ok()) {
      Watch(listener_.get(), kListenerKey, 0, EPOLLIN);
    }
  }
  LinkState& link() { return link_; }
  LinkCounts counts() const {
    LinkCounts counts = counts_;
    counts.open = connections_.size();
    return counts;
  }

 private:
  struct Connection {
    Forwarding forwarding;
    std::array<uint32_t, 2> watched = {};  // as epoll was told, by socket
  };

  void Wake() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof(one));
  }

  // False after the last one.
  bool RunOrders() {
    uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t got = read(wake_.get(), &ignored, sizeof(ignored));
    MutexLock lock(mutex_);
    if (orders_.empty()) return true;
    // They touch only what is the loop's own, so they may run under the lock.
    for (const auto& order : orders_) order();
    PumpAll(/*only_throttled=*/false);
    done_ += std::exchange(orders_, {}).size();
    changed_.NotifyAll();
    return !stopping_;
  }

  // Tells epoll what is wanted of a socket; nothing at all means that it also keeps silent about
  // its end, which it would repeat for ever.
  void Watch(int fd, uint64_t key, uint32_t before, uint32_t wanted) {
    if (before == wanted) return;
    epoll_event event = {};
    event.events = wanted;
    event.data.u64 = key;
    const int what = before == 0 ? EPOLL_CTL_ADD : wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    epoll_ctl(epoll_.get(), what, fd, &event);
  }

  void Accept() {
    while (true) {
      Fd client(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!client.open()) return;
      ++counts_.accepted;
      absl::StatusOr<Fd> server = BeginConnect(target_);
      if (!server.ok()) {
        ++counts_.unreached;
        client.Reset();
        continue;
      }
      const uint64_t number = ++last_;
      connections_.emplace(
          number, Connection{.forwarding = Forwarding(std::move(client), *std::move(server))});
      Pump(number);
    }
  }

  void Pump(uint64_t number) {
    const auto found = connections_.find(number);
    if (found == connections_.end()) return;  // cut earlier in this round
    Connection& connection = found->second;
    Forwarding& forwarding = connection.forwarding;
    switch (forwarding.Pump(link_, RealClock()->Monotonic(), counts_)) {
      case Forwarding::Result::kOver:
        connections_.erase(found);
        return;
      case Forwarding::Result::kCut:
        for (LinkState::OneWay& way : link_.ways) way.until_cut.reset();
        CutAll();
        return;
      case Forwarding::Result::kGoesOn:
        break;
    }
    throttled_ = throttled_ || forwarding.throttled();
    for (const Direction side : {Direction::kToServer, Direction::kToClient}) {
      const auto index = static_cast<size_t>(side);
      const uint32_t wanted = forwarding.Interest(side, link_);
      const Fd& socket = index == 0 ? forwarding.client() : forwarding.server();
      Watch(socket.get(), number * 2 + index, std::exchange(connection.watched[index], wanted),
            wanted);
    }
  }

  void PumpAll(bool only_throttled) {
    std::vector<uint64_t> numbers;
    for (const auto& [number, connection] : connections_) {
      if (!only_throttled || connection.forwarding.throttled()) numbers.push_back(number);
    }
    for (const uint64_t number : numbers) Pump(number);
  }

  const std::string target_;
  const Fd listener_;
  const Fd epoll_;
  const Fd wake_;

  // Of the loop's thread.
  LinkState link_;
  LinkCounts counts_;
  std::map<uint64_t, Connection> connections_;
  uint64_t last_ = 0;  // connection; their keys begin at 2
  bool throttled_ = false;
  bool stopping_ = false;

  Mutex mutex_;
  CondVar changed_;
  std::vector<std::function<void()>> orders_ ABSL_GUARDED_BY(mutex_);
  uint64_t ordered_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t done_ ABSL_GUARDED_BY(mutex_) = 0;
};

absl::StatusOr<std::unique_ptr<TcpProxy>> TcpProxy::Start(const std::string& target) {
  int port = 0;
  absl::StatusOr<Fd> listener = BindLoopback(&port);
  if (!listener.ok()) return listener.status();
  if (absl::Status status = Listen(*listener); !status.ok()) return status;
  return std::unique_ptr<TcpProxy>(
      new TcpProxy(std::make_unique<Loop>(target, *std::move(listener)), port));
}

TcpProxy::TcpProxy(std::unique_ptr<Loop> loop, int port)
    : loop_(std::move(loop)), port_(port), thread_([this] { loop_->Run(); }) {}

TcpProxy::~TcpProxy() {
  loop_->Stop();
  thread_.join();
}

std::string TcpProxy::address() const { return absl::StrCat("127.0.0.1:", port_); }

void TcpProxy::Cut() {
  loop_->Do([this] { loop_->CutAll(); });
}

void TcpProxy::Refuse(bool on) {
  loop_->Do([this, on] { loop_->SetRefusing(on); });
}

void TcpProxy::Stall(Direction direction, bool on) {
  loop_->Do([this, direction, on] { loop_->link().of(direction).stalled = on; });
}

void TcpProxy::StallBoth(bool on) {
  loop_->Do([this, on] {
    for (LinkState::OneWay& way : loop_->link().ways) way.stalled = on;
  });
}

void TcpProxy::Slow(Direction direction, uint64_t bytes_per_second) {
  loop_->Do([this, direction, bytes_per_second] {
    loop_->link().of(direction).bytes_per_second = bytes_per_second;
  });
}

void TcpProxy::CutAfter(Direction direction, uint64_t bytes) {
  loop_->Do([this, direction, bytes] { loop_->link().of(direction).until_cut = bytes; });
}

void TcpProxy::Heal() {
  loop_->Do([this] {
    loop_->SetRefusing(false);
    loop_->link() = LinkState();
  });
}

LinkCounts TcpProxy::counts() const {
  LinkCounts counts;
  loop_->Do([this, &counts] { counts = loop_->counts(); });
  return counts;
}

}  // namespace genwatch

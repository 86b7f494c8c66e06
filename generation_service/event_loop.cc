#include "generation_service/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "common/log.h"
#include "common/thread_name.h"

namespace genwatch {
namespace {

constexpr uint64_t kWakeId = 0;
// Sockets served in a round, at some 10 us each. A small number lets watchers hear of the first
// chunk soon, a large one packs more chunks into each message to them.
constexpr size_t kEventsPerRound = 32;

int OrDie(int fd, const char* what) {
  if (fd < 0) {
    LogError("no event loop", {{"call", what}, {"error", std::strerror(errno)}});
    std::abort();
  }
  return fd;
}

}  // namespace

EventLoop::EventLoop(const std::string& name, const Clock* clock)
    : clock_(clock),
      epoll_fd_(OrDie(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_fd_(OrDie(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kWakeId;
  OrDie(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event), "epoll_ctl");
  thread_ = std::thread([this, name] {
    SetThreadName(name);
    Run();
  });
}

EventLoop::~EventLoop() {
  Stop();
  close(wake_fd_);
  close(epoll_fd_);
}

void EventLoop::Post(Task task) {
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    posted_.push_back(std::move(task));
    if (std::exchange(wake_sent_, true)) return;
  }
  Wake();
}

bool EventLoop::RunSync(Task task) {
  struct Shared {
    Mutex mutex;
    CondVar changed;
    bool ended ABSL_GUARDED_BY(mutex) = false;
    bool ran ABSL_GUARDED_BY(mutex) = false;
  };
  // Destroyed with the task, run or not.
  struct Signal {
    std::shared_ptr<Shared> shared;
    explicit Signal(std::shared_ptr<Shared> s) : shared(std::move(s)) {}
    Signal(Signal&&) = default;
    ~Signal() {
      if (shared == nullptr) return;
      MutexLock lock(shared->mutex);
      shared->ended = true;
      shared->changed.NotifyAll();
    }
  };
  const auto shared = std::make_shared<Shared>();
  Post([task = std::move(task), signal = Signal(shared)]() mutable {
    task();
    MutexLock lock(signal.shared->mutex);
    signal.shared->ran = true;
  });
  MutexLock lock(shared->mutex);
  while (!shared->ended) shared->changed.Wait(shared->mutex);
  return shared->ran;
}

void EventLoop::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  Wake();
  std::vector<Task> unrun;
  {
    MutexLock lock(join_mutex_);
    if (thread_.joinable()) thread_.join();
  }
  MutexLock lock(mutex_);
  unrun.swap(posted_);
}

EventLoop::Timer EventLoop::RunAfter(absl::Duration delay, Task task) {
  const Timer timer = next_id_++;
  const absl::Duration due = Now() + std::max(delay, absl::ZeroDuration());
  due_.emplace(timer, due);
  timers_.emplace(Due(due, timer), std::move(task));
  return timer;
}

void EventLoop::Cancel(Timer timer) {
  const auto found = due_.find(timer);
  if (found == due_.end()) return;
  timers_.erase(Due(found->second, timer));
  due_.erase(found);
}

void EventLoop::Watch(int fd, uint32_t events, std::function<void(uint32_t)> handler) {
  const uint64_t id = next_id_++;
  const auto [place, added] = watch_of_fd_.try_emplace(fd, id);
  if (!added) {
    watches_.erase(place->second);
    place->second = id;
  }
  watches_.emplace(id, std::make_shared<FdWatch>(FdWatch{id, std::move(handler)}));
  epoll_event event = {};
  event.events = events;
  event.data.u64 = id;
  if (epoll_ctl(epoll_fd_, added ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0) {
    // Closed and reopened under the same number without Unwatch, or the other way round.
    OrDie(epoll_ctl(epoll_fd_, added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }
}

void EventLoop::Unwatch(int fd) {
  const auto found = watch_of_fd_.find(fd);
  if (found == watch_of_fd_.end()) return;
  watches_.erase(found->second);
  watch_of_fd_.erase(found);
  // Fails if the fd was closed before; then the kernel has forgotten it already.
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::SetRoundEnd(std::function<void()> function) { round_end_ = std::move(function); }

void EventLoop::Run() {
  std::array<epoll_event, kEventsPerRound> events;
  while (true) {
    int timeout_ms = WaitTimeoutMs();
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      if (!posted_.empty()) timeout_ms = 0;
    }
    const int ready = epoll_wait(epoll_fd_, events.data(), events.size(), timeout_ms);
    RunTimers();
    for (int i = 0; i < ready; ++i) Dispatch(events[i].data.u64, events[i].events);
    RunPosted();
    if (round_end_) round_end_();
  }
}

int EventLoop::WaitTimeoutMs() const {
  if (timers_.empty()) return -1;
  const absl::Duration wait = timers_.begin()->first.first - Now();
  if (wait <= absl::ZeroDuration()) return 0;
  constexpr absl::Duration kLongest = absl::Minutes(1);
  // Rounded up: a round before the time would find nothing to do.
  return static_cast<int>(
      absl::ToInt64Milliseconds(absl::Ceil(std::min(wait, kLongest), absl::Milliseconds(1))));
}

void EventLoop::RunTimers() {
  // Those that a timer sets now wait for the next round, so that a round ends.
  const Timer first_new = next_id_;
  const absl::Duration now = Now();
  auto place = timers_.begin();
  while (place != timers_.end() && place->first.first <= now) {
    if (place->first.second >= first_new) {
      ++place;
      continue;
    }
    Task task = std::move(place->second);
    due_.erase(place->first.second);
    timers_.erase(place);
    task();
    place = timers_.begin();
  }
}

void EventLoop::RunPosted() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(posted_);
    wake_sent_ = false;
  }
  for (Task& task : tasks) {
    task();
    task = nullptr;  // what it holds is released before the next one runs
  }
}

void EventLoop::Dispatch(uint64_t watch_id, uint32_t events) {
  if (watch_id == kWakeId) {
    uint64_t count;
    // Non-blocking; what it counts does not matter.
    if (read(wake_fd_, &count, sizeof(count)) < 0) return;
    return;
  }
  const auto found = watches_.find(watch_id);
  if (found == watches_.end()) return;  // unwatched by an earlier handler of this round
  const std::shared_ptr<FdWatch> watch = found->second;
  watch->handler(events);
}

void EventLoop::Wake() {
  const uint64_t one = 1;
  // Fails only when the counter is full, which wakes as well.
  if (write(wake_fd_, &one, sizeof(one)) < 0) return;
}

}  // namespace genwatch

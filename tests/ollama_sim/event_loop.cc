#include "tests/ollama_sim/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/ollama_sim/clock.h"

namespace genwatch::ollama_sim {
namespace {

constexpr int kEventsPerWait = 256;
// So many timers run before descriptors are looked at again.
constexpr int kTimersPerRound = 256;

int OrDie(int result, const char* what) {
  if (result < 0) {
    std::perror(what);
    std::abort();
  }
  return result;
}

}  // namespace

void UniqueFd::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

EventLoop::EventLoop()
    : epoll_(OrDie(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      timer_(OrDie(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")),
      stop_(OrDie(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {
  // The timer is edge-triggered: it is never read, but armed anew.
  Add(timer_.get(), EPOLLIN | EPOLLET, nullptr);
  Add(stop_.get(), EPOLLIN, nullptr);
}

void EventLoop::Add(int fd, uint32_t events, Handler* handler) {
  epoll_event event{.events = events, .data = {.ptr = handler}};
  OrDie(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl add");
}

void EventLoop::Change(int fd, uint32_t events, Handler* handler) {
  epoll_event event{.events = events, .data = {.ptr = handler}};
  OrDie(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event), "epoll_ctl mod");
}

void EventLoop::Remove(int fd) {
  OrDie(epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr), "epoll_ctl del");
}

EventLoop::TimerId EventLoop::At(int64_t when_ns, std::function<void()> function) {
  const TimerId id{when_ns, ++last_timer_};
  timers_.emplace(id, std::move(function));
  return id;
}

void EventLoop::Cancel(TimerId* timer) {
  timers_.erase(*timer);
  *timer = kNoTimer;
}

void EventLoop::Run() {
  epoll_event events[kEventsPerWait];
  while (true) {
    RunTimers();
    RunDeferred();
    ArmTimer();
    const int count = epoll_wait(epoll_.get(), events, kEventsPerWait, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr != nullptr)
        static_cast<Handler*>(events[i].data.ptr)->OnEvents(events[i].events);
    }
    uint64_t stops = 0;
    if (read(stop_.get(), &stops, sizeof(stops)) == sizeof(stops)) return;
  }
}

void EventLoop::Stop() {
  const uint64_t one = 1;
  // A full counter means that a stop is pending already.
  [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof(one));
}

void EventLoop::Clear() {
  timers_.clear();
  // What is destroyed may defer again.
  while (!deferred_.empty()) std::exchange(deferred_, {}).clear();
}

void EventLoop::RunTimers() {
  for (int i = 0; i < kTimersPerRound && !timers_.empty(); ++i) {
    const auto first = timers_.begin();
    if (first->first.first > MonotonicNs()) return;
    const std::function<void()> function = std::move(first->second);
    timers_.erase(first);
    function();
  }
}

void EventLoop::RunDeferred() {
  while (!deferred_.empty()) {
    for (const auto& function : std::exchange(deferred_, {})) function();
  }
}

void EventLoop::ArmTimer() {
  // A time in the past fires at once; 0 would disarm.
  const int64_t next_ns = timers_.empty() ? 0 : std::max<int64_t>(timers_.begin()->first.first, 1);
  if (next_ns == armed_for_ns_ && next_ns > MonotonicNs()) return;
  armed_for_ns_ = next_ns;
  itimerspec spec{};
  spec.it_value = {.tv_sec = next_ns / kNsPerSecond, .tv_nsec = next_ns % kNsPerSecond};
  OrDie(timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr), "timerfd_settime");
}

}  // namespace genwatch::ollama_sim

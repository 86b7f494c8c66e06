#ifndef GENWATCH_TESTS_OLLAMA_SIM_EVENT_LOOP_H_
#define GENWATCH_TESTS_OLLAMA_SIM_EVENT_LOOP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace genwatch::ollama_sim {

// A file descriptor, closed when this goes.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { Close(); }

  int get() const { return fd_; }
  void Close();

 private:
  int fd_ = -1;
};

// epoll, and timers with the precision of a timerfd (no slack, absolute times). Not thread-safe,
// but for Stop(); everything runs in the thread that called Run().
class EventLoop {
 public:
  // Told about the epoll events of its descriptor. Must outlive its registration; may remove itself
  // while it is told, but be deleted only by a function given to Defer().
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void OnEvents(uint32_t events) = 0;
  };

  using TimerId = std::pair<int64_t, uint64_t>;
  static constexpr TimerId kNoTimer{0, 0};

  EventLoop();

  void Add(int fd, uint32_t events, Handler* handler);
  void Change(int fd, uint32_t events, Handler* handler);
  void Remove(int fd);

  // Runs `function` once at `when_ns` of MonotonicNs(), or soon if that is past.
  TimerId At(int64_t when_ns, std::function<void()> function);
  // Cancels and resets `*timer`; nothing happens if it ran already.
  void Cancel(TimerId* timer);

  // Runs `function` when the events at hand are dealt with.
  void Defer(std::function<void()> function) { deferred_.push_back(std::move(function)); }

  void Run();
  // Makes Run() return. May be called from any thread, and from signal handlers.
  void Stop();
  // Drops all timers and deferred functions, unrun: for who owns what they refer to.
  void Clear();

 private:
  void RunTimers();
  void RunDeferred();
  void ArmTimer();

  UniqueFd epoll_;
  UniqueFd timer_;
  UniqueFd stop_;
  std::map<TimerId, std::function<void()>> timers_;
  uint64_t last_timer_ = 0;
  int64_t armed_for_ns_ = 0;
  std::vector<std::function<void()>> deferred_;
};

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_EVENT_LOOP_H_

#include "common/shutdown_signal.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/thread_name.h"

namespace genwatch {
namespace {

constexpr int kForEver = -1;
constexpr int kLongestHurryMs = 10'000;

// True if `fd` became readable within `timeout_ms`.
bool AwaitReadable(int fd, int timeout_ms) {
  pollfd poll_fd = {.fd = fd, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&poll_fd, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

ShutdownSignal::ShutdownSignal() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  // A parent may have ignored them (a shell does for background jobs); they must end us all the
  // same.
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
}

ShutdownSignal::~ShutdownSignal() {
  if (!second_.joinable()) return;
  eventfd_write(stop_fd_, 1);
  second_.join();
  close(stop_fd_);
}

int ShutdownSignal::Wait() {
  const int signal = WaitForOne();
  // One thread that does not block them is enough for the next one to end the process.
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  return signal;
}

int ShutdownSignal::Wait(std::function<void()> hurry) {
  const int signal = WaitForOne();
  stop_fd_ = eventfd(0, EFD_CLOEXEC);
  if (stop_fd_ < 0) {  // no descriptors left: the next signal ends the process
    pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
    return signal;
  }
  {
    MutexLock lock(mutex_);
    hurry_ = std::move(hurry);
  }
  second_ = std::thread([this] {
    SetThreadName("signals");
    AwaitSecond();
  });
  return signal;
}

void ShutdownSignal::DropHurry() {
  MutexLock lock(mutex_);
  hurry_ = nullptr;
  while (hurrying_) hurried_.Wait(mutex_);
}

void ShutdownSignal::CallHurry() {
  std::function<void()> hurry;
  {
    MutexLock lock(mutex_);
    hurry = std::exchange(hurry_, nullptr);
    if (hurry == nullptr) return;
    hurrying_ = true;
  }
  hurry();
  hurry = nullptr;
  MutexLock lock(mutex_);
  hurrying_ = false;
  hurried_.NotifyAll();
}

int ShutdownSignal::WaitForOne() {
  int signal = 0;
  while (sigwait(&signals_, &signal) != 0) {
  }
  return signal;
}

void ShutdownSignal::AwaitSecond() {
  const int signal_fd = signalfd(-1, &signals_, SFD_CLOEXEC);
  if (signal_fd < 0) {
    pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
    return;
  }
  pollfd poll_fds[] = {{.fd = signal_fd, .events = POLLIN, .revents = 0},
                       {.fd = stop_fd_, .events = POLLIN, .revents = 0}};
  while (poll(poll_fds, 2, kForEver) < 0 && errno == EINTR) {
  }
  signalfd_siginfo second;
  const bool stopped = poll_fds[1].revents != 0;
  const bool taken = !stopped && read(signal_fd, &second, sizeof(second)) == sizeof(second);
  close(signal_fd);
  if (!taken) return;
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  CallHurry();
  if (AwaitReadable(stop_fd_, kLongestHurryMs)) return;
  std::fputs("the end takes too long after the second signal, exiting\n", stderr);
  std::_Exit(1);
}

}  // namespace genwatch

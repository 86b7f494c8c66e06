#include "tests/bench/fanout/load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace genwatch::bench {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kIdleLimitUs = 10 * kSecondUs;
constexpr int64_t kOpenLimitUs = 60 * kSecondUs;
// Connections that wait for their answer: below what a listen queue holds.
constexpr size_t kInFlight = 100;
constexpr int kSlowReceiveBuffer = 4096;
// Reads of a slow viewer a second.
constexpr int64_t kSlowReads = 4;

int64_t UnixMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void RaiseFileLimit(size_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, wanted));
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Load::Load(LoadOptions options) : options_(std::move(options)), buffer_(256 * 1024) {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
}

Load::~Load() {
  for (const Viewer& viewer : viewers_) {
    if (viewer.fd >= 0) close(viewer.fd);
  }
  for (const int fd : slow_) {
    if (fd >= 0) close(fd);
  }
  close(epoll_);
}

bool Load::Run() {
  RaiseFileLimit(options_.viewers + options_.slow_viewers + 64);
  idle_ = UsageOf(options_.pids);
  if (!OpenAll() || !OpenSlow()) return false;
  open_ = UsageOf(options_.pids);
  tcp_open_kb_ = TcpMemoryKb();
  open_kb_ = peak_kb_ = open_.rss_kb + tcp_open_kb_;
  own_cpu_ = OwnCpuSeconds();
  Start();
  last_heard_us_ = UnixMicros();
  while (done_ + closed_ < viewers_.size() && UnixMicros() - last_heard_us_ < kIdleLimitUs) {
    Poll(50);
    ReadSlowly();
    Sample();
  }
  own_cpu_ = OwnCpuSeconds() - own_cpu_;
  end_ = UsageOf(options_.pids);
  return true;
}

bool Load::OpenAll() {
  const int64_t deadline = UnixMicros() + kOpenLimitUs;
  while (ready_ < options_.viewers && UnixMicros() < deadline) {
    while (viewers_.size() < options_.viewers && viewers_.size() - ready_ < kInFlight) {
      Viewer& viewer = viewers_.emplace_back(options_.warm_up);
      viewer.path = (viewers_.size() - 1) % options_.paths.size();
      if (!Open(viewer, 0)) return false;
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &viewer}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, viewer.fd, &event);
    }
    Poll(100);
    if (closed_ > 0) break;
  }
  if (ready_ == options_.viewers) return true;
  std::fprintf(stderr, "bench_sse_load: %zu of %zu viewers were answered, %zu refused\n", ready_,
               options_.viewers, refused_);
  return false;
}

bool Load::OpenSlow() {
  for (size_t i = 0; i < options_.slow_viewers; ++i) {
    Viewer viewer(0);
    if (!Open(viewer, kSlowReceiveBuffer)) return false;
    slow_.push_back(viewer.fd);
  }
  return true;
}

// A receive buffer of 0 is the system's own.
bool Load::Open(Viewer& viewer, int receive_buffer) {
  viewer.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (viewer.fd < 0) {
    std::perror("bench_sse_load: socket");
    return false;
  }
  const int one = 1;
  setsockopt(viewer.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (receive_buffer > 0) {
    setsockopt(viewer.fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr);
  if (connect(viewer.fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    std::perror("bench_sse_load: connect");
    return false;
  }
  const std::string request = "GET " + options_.paths[viewer.path] +
                              " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n";
  if (send(viewer.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return false;
  }
  fcntl(viewer.fd, F_SETFL, fcntl(viewer.fd, F_GETFL) | O_NONBLOCK);
  return true;
}

void Load::Start() const {
  if (options_.start.empty()) return;
  const std::string command = "(" + options_.start + ") >/dev/null &";
  if (std::system(command.c_str()) != 0) {
    std::fprintf(stderr, "bench_sse_load: '%s' failed\n", options_.start.c_str());
  }
}

void Load::Poll(int timeout_ms) {
  std::array<epoll_event, 512> events;
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) Receive(*static_cast<Viewer*>(events[i].data.ptr));
}

void Load::Receive(Viewer& viewer) {
  const ssize_t count = recv(viewer.fd, buffer_.data(), buffer_.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    Close(viewer);
    return;
  }
  const int64_t now_us = UnixMicros();
  bytes_ += static_cast<uint64_t>(count);
  const uint64_t before = delivered_.deliveries;
  const bool good =
      viewer.reader.Feed({buffer_.data(), static_cast<size_t>(count)}, now_us, delivered_);
  if (!viewer.ready && viewer.reader.status() != 0) {
    viewer.ready = true;
    if (viewer.reader.status() == 200) {
      ++ready_;
    } else {
      ++refused_;
    }
  }
  if (delivered_.deliveries != before) {
    if (first_stamp_us_ == 0) first_stamp_us_ = now_us;
    last_delivery_us_ = last_heard_us_ = now_us;
  }
  if (!good || viewer.reader.status() != 200) {
    Close(viewer);
  } else if (!viewer.done && (viewer.reader.chunks() >= options_.chunks || viewer.reader.ended())) {
    viewer.done = true;
    ++done_;
  }
}

void Load::Close(Viewer& viewer) {
  close(viewer.fd);  // also takes it out of the epoll set
  viewer.fd = -1;
  if (!viewer.done) ++closed_;
}

void Load::ReadSlowly() {
  if (slow_.empty() || UnixMicros() < next_slow_us_) return;
  next_slow_us_ = UnixMicros() + kSecondUs / kSlowReads;
  const size_t bytes = options_.slow_rate / kSlowReads;
  for (int& fd : slow_) {
    if (fd < 0) continue;
    const ssize_t count = recv(fd, buffer_.data(), std::min(bytes, buffer_.size()), 0);
    if (count > 0) slow_bytes_ += static_cast<uint64_t>(count);
    if (count == 0 || (count < 0 && errno != EAGAIN)) {
      close(fd);
      fd = -1;
      ++slow_closed_;
    }
  }
}

void Load::Sample() {
  if (UnixMicros() < next_sample_us_) return;
  next_sample_us_ = UnixMicros() + kSecondUs;
  peak_kb_ = std::max(peak_kb_, UsageOf(options_.pids).rss_kb + TcpMemoryKb());
}

void Load::Report() const {
  // What the others of the same job were given, and this one was not.
  std::vector<int64_t> ends(options_.paths.size(), 0);
  for (const Viewer& viewer : viewers_) {
    ends[viewer.path] = std::max(ends[viewer.path], viewer.reader.position());
  }
  uint64_t missing = delivered_.missing_bytes;
  int64_t missing_chunks = 0;
  for (const Viewer& viewer : viewers_) {
    missing += static_cast<uint64_t>(ends[viewer.path] - viewer.reader.position());
    missing_chunks += std::max<int64_t>(0, options_.chunks - viewer.reader.chunks());
  }
  const double seconds =
      std::max(1e-6, static_cast<double>(last_delivery_us_ - first_stamp_us_) * 1e-6);
  const auto number = [](const char* name, double value) {
    std::printf("\"%s\": %.3f, ", name, value);
  };
  const auto count = [](const char* name, uint64_t value) {
    std::printf("\"%s\": %llu, ", name, static_cast<unsigned long long>(value));
  };
  const auto events = static_cast<double>(delivered_.events);
  std::printf("{");
  count("viewers", viewers_.size());
  count("deliveries", delivered_.deliveries);
  number("deliveries_per_s", static_cast<double>(delivered_.deliveries) / seconds);
  number("frames_per_s", events / seconds);
  number("text_frames_per_s", static_cast<double>(delivered_.text_events) / seconds);
  count("bytes", bytes_);
  count("missing_bytes", missing);
  count("missing_chunks", static_cast<uint64_t>(missing_chunks));
  count("repeated_bytes", delivered_.repeated_bytes);
  count("resets", delivered_.resets);
  count("closed", closed_);
  number("p50_ms", static_cast<double>(delivered_.latency.Quantile(0.50)) / 1000);
  number("p99_ms", static_cast<double>(delivered_.latency.Quantile(0.99)) / 1000);
  number("max_ms", static_cast<double>(delivered_.latency.max()) / 1000);
  number("kb_per_viewer", static_cast<double>(end_.rss_kb - idle_.rss_kb) /
                              static_cast<double>(viewers_.size() + options_.slow_viewers));
  // Of the servers and the kernel's TCP, above what it was when all had connected.
  number("growth_mb", static_cast<double>(peak_kb_ - open_kb_) / 1024);
  count("slow_bytes", slow_bytes_);
  count("slow_closed", slow_closed_);
  number("server_us_per_frame",
         (end_.cpu_seconds - open_.cpu_seconds) * 1e6 / std::max(1.0, events));
  std::printf("\"client_us_per_frame\": %.3f}\n", own_cpu_ * 1e6 / std::max(1.0, events));
}

}  // namespace genwatch::bench

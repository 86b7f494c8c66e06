#include "tests/chaos/harness/sse_watchers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <simdjson.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "tests/bench/sse_stream.h"

namespace genwatch::chaos {
namespace {

constexpr char kRoute[] = "/api/v1/ai/generation/";
// What browsers wait if the server asked for nothing.
constexpr int kDefaultRetryMs = 3000;
constexpr int kLookMs = 10;

// -1 when nothing listens there. Loopback: nothing to wait for.
int Connect(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  if (inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1) return -1;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
  }
  close(fd);
  return -1;
}

std::string_view TextOf(const simdjson::dom::element& json, const char* field) {
  std::string_view text;
  if (json[field].get(text) != simdjson::SUCCESS) return "";
  return text;
}

uint64_t NumberOf(const simdjson::dom::element& json, const char* field) {
  uint64_t number = 0;
  if (json[field].get(number) != simdjson::SUCCESS) return 0;
  return number;
}

}  // namespace

struct SseWatchers::Viewer {
  Id id = 0;
  bool mine = false;
  std::string job_id;        // unless mine
  std::string first_cursor;  // until the first event
  SseWatchers::Seen seen;

  int fd = -1;
  std::unique_ptr<bench::SseStream> stream;
  int retry_ms = kDefaultRetryMs;
  absl::Duration open_at;  // not before; while there is no stream
  absl::Duration opened_at;
  absl::Duration last_byte;
  absl::Duration broken_at = absl::InfiniteDuration();
  bool has_text = false;
  absl::Duration last_event;
  absl::Duration longest_silence;

  std::string Cursor() const {
    const auto shown = seen.jobs.find(job_id);
    return shown == seen.jobs.end() || shown->second.cursor.empty() ? first_cursor
                                                                    : shown->second.cursor;
  }
  std::string Request() const {
    std::string query = "?text=true";
    std::string header;
    if (mine) {
      absl::StrAppend(&query, "&mine=active");
      for (const auto& [id_of_job, shown] : seen.jobs) {
        if (shown.ended) continue;
        absl::StrAppend(&query, "&job_id=", id_of_job);
        if (!shown.cursor.empty()) absl::StrAppend(&query, "&cursor=", shown.cursor);
      }
    } else if (const std::string cursor = Cursor(); !cursor.empty()) {
      header = absl::StrCat("Last-Event-ID: ", cursor, "\r\n");
    }
    return absl::StrCat("GET ", kRoute, mine ? "" : job_id + "/", "progress", query,
                        " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n", header,
                        "\r\n");
  }
};

SseWatchers::SseWatchers(std::vector<std::string> addresses)
    : addresses_(std::move(addresses)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  thread_ = std::thread([this] { Run(); });
}

SseWatchers::~SseWatchers() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  thread_.join();
  {
    MutexLock lock(mutex_);
    for (const auto& [id, viewer] : viewers_) Close(*viewer);
  }
  close(epoll_);
}

SseWatchers::Id SseWatchers::Watch(const std::string& job_id, const std::string& cursor,
                                   const std::string& answer) {
  auto viewer = std::make_unique<Viewer>();
  viewer->job_id = job_id;
  viewer->first_cursor = cursor;
  if (!answer.empty()) {
    viewer->seen.jobs[job_id].TakePiece(false, 0, answer, viewer->seen.breaches);
  }
  return Add(std::move(viewer));
}

SseWatchers::Id SseWatchers::WatchMine() {
  auto viewer = std::make_unique<Viewer>();
  viewer->mine = true;
  return Add(std::move(viewer));
}

SseWatchers::Id SseWatchers::Add(std::unique_ptr<Viewer> viewer) {
  MutexLock lock(mutex_);
  viewer->id = ++last_id_;
  Viewer& added = *viewers_.emplace(viewer->id, std::move(viewer)).first->second;
  Open(added);
  return added.id;
}

SseWatchers::Seen SseWatchers::Of(Id id) const {
  MutexLock lock(mutex_);
  const Viewer& viewer = *viewers_.at(id);
  Seen seen = viewer.seen;
  if (viewer.fd >= 0 && seen.events == 0) {
    seen.longest_mute = std::max(seen.longest_mute, RealClock()->Monotonic() - viewer.last_byte);
  }
  return seen;
}

bool SseWatchers::Ended(Id id) const {
  MutexLock lock(mutex_);
  return viewers_.at(id)->seen.ended;
}

void SseWatchers::Forget(Id id) {
  MutexLock lock(mutex_);
  const auto found = viewers_.find(id);
  Close(*found->second);
  viewers_.erase(found);
}

std::vector<absl::Duration> SseWatchers::TakeSilences() {
  std::vector<absl::Duration> silences;
  const absl::Duration now = RealClock()->Monotonic();
  MutexLock lock(mutex_);
  for (const auto& [id, viewer] : viewers_) {
    const absl::Duration longest = std::exchange(viewer->longest_silence, absl::ZeroDuration());
    if (!viewer->has_text || viewer->mine) continue;
    const bool waits = !viewer->seen.ended;
    silences.push_back(std::max(longest, waits ? now - viewer->last_event : longest));
  }
  return silences;
}

void SseWatchers::Run() {
  std::array<epoll_event, 64> events;
  for (;;) {
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kLookMs);
    MutexLock lock(mutex_);
    if (stopping_) return;
    for (int i = 0; i < ready; ++i) {
      const auto found = viewers_.find(static_cast<Id>(events[static_cast<size_t>(i)].data.u64));
      if (found != viewers_.end() && found->second->fd >= 0) Read(*found->second);
    }
    const absl::Duration now = RealClock()->Monotonic();
    for (const auto& [id, viewer] : viewers_) {
      if (viewer->fd < 0 && !viewer->seen.ended && viewer->open_at <= now) Open(*viewer);
    }
  }
}

void SseWatchers::Open(Viewer& viewer) {
  for (size_t i = 0; i < addresses_.size() && viewer.fd < 0; ++i) {
    viewer.fd = Connect(addresses_[next_address_++ % addresses_.size()]);
  }
  viewer.opened_at = viewer.last_byte = RealClock()->Monotonic();
  if (viewer.fd < 0) return Broken(viewer);
  viewer.stream = std::make_unique<bench::SseStream>(
      [v = &viewer](std::string_view event, std::string_view data) { Take(*v, event, data); });
  const std::string request = viewer.Request();
  // It fits into an empty send buffer.
  if (send(viewer.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return Broken(viewer);
  }
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = static_cast<uint64_t>(viewer.id);
  epoll_ctl(epoll_, EPOLL_CTL_ADD, viewer.fd, &event);
}

void SseWatchers::Close(Viewer& viewer) {
  if (viewer.fd >= 0) close(std::exchange(viewer.fd, -1));
  viewer.stream.reset();
}

void SseWatchers::Read(Viewer& viewer) {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = recv(viewer.fd, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return Broken(viewer);
    const absl::Duration now = RealClock()->Monotonic();
    if (viewer.seen.events == 0) {
      viewer.seen.longest_mute = std::max(viewer.seen.longest_mute, now - viewer.last_byte);
    }
    viewer.last_byte = now;
    const bool good = viewer.stream->Feed({buffer.data(), static_cast<size_t>(count)});
    if (viewer.stream->retry_ms() > 0) viewer.retry_ms = viewer.stream->retry_ms();
    const int status = viewer.stream->status();
    if (viewer.seen.streams == 0) viewer.seen.status = status;
    if (status == 204) {
      viewer.seen.ended = true;
      viewer.seen.ended_at = now;
    }
    if (viewer.seen.ended) return Close(viewer);
    if (!good || (status != 0 && status != 200) || viewer.stream->ended()) return Broken(viewer);
  }
}

void SseWatchers::Broken(Viewer& viewer) {
  const absl::Duration now = RealClock()->Monotonic();
  if (viewer.stream != nullptr && viewer.stream->status() == 200) ++viewer.seen.streams;
  if (viewer.fd >= 0 && viewer.seen.events == 0) {
    viewer.seen.longest_mute = std::max(viewer.seen.longest_mute, now - viewer.last_byte);
  }
  if (viewer.broken_at == absl::InfiniteDuration()) viewer.broken_at = now;
  viewer.open_at = now + absl::Milliseconds(viewer.retry_ms);
  Close(viewer);
}

void SseWatchers::Take(Viewer& viewer, std::string_view event, std::string_view data) {
  const absl::Duration now = RealClock()->Monotonic();
  Seen& seen = viewer.seen;
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(data);
  simdjson::dom::element json;
  if (parser.parse(padded).get(json) != simdjson::SUCCESS) {
    return seen.breaches.Note(seen.breaches.others, absl::StrCat("data that is no JSON"));
  }
  if (++seen.events == 1) seen.first_event_at = now;
  if (viewer.broken_at != absl::InfiniteDuration()) {
    seen.resumed.push_back(now - std::exchange(viewer.broken_at, absl::InfiniteDuration()));
  }
  if (viewer.has_text) {
    viewer.longest_silence = std::max(viewer.longest_silence, now - viewer.last_event);
  }
  viewer.last_event = now;

  std::string job_id(TextOf(json, "job_id"));
  if (job_id.empty()) job_id = viewer.job_id;
  ShownJob& shown = seen.jobs[job_id];
  shown.job_id = job_id;
  if (shown.ended) seen.breaches.Note(seen.breaches.others, job_id + ": an event after the last");
  const bool thinking = TextOf(json, "channel") == "thinking";
  const bool last = event == "complete" || event == "error";
  if (event == "text") {
    viewer.has_text = true;
    shown.TakePiece(thinking, NumberOf(json, "text_offset"), TextOf(json, "text"), seen.breaches);
  } else if (event == "reset") {
    seen.resets.emplace_back(TextOf(json, "reason"));
    shown.TakeReset(thinking, NumberOf(json, "text_offset"), seen.breaches);
  } else if (event == "progress" || (last && NumberOf(json, "version") > 0)) {
    shown.TakeOrder(static_cast<uint32_t>(NumberOf(json, "version")),
                    static_cast<uint32_t>(NumberOf(json, "sequence")), seen.breaches);
  }
  const std::string cursor =
      viewer.mine ? std::string(TextOf(json, "cursor")) : viewer.stream->last_event_id();
  if (!cursor.empty()) shown.cursor = cursor;
  if (!last) return;
  shown.ended = true;
  if (NumberOf(json, "version") == 0) seen.refusal = std::string(TextOf(json, "error"));
  if (viewer.mine) return;
  seen.ended = true;
  seen.ended_at = now;
}

}  // namespace genwatch::chaos

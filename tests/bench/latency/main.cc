// bench_latency HOST PORT JOBS CHUNKS [QUERY]
//
// Submits JOBS jobs of the simulator's bench model (CHUNKS chunks each, 50 a second) whose answers
// are their own event streams, each when the stream of the one before has begun, and measures from
// the instant that the simulator wrote into each chunk to the instant that the chunk's last byte
// was read here. The second after the last submit is not counted: jobs are leased, and streams
// begin. Then it compares each text with the stored one. Both clocks are this machine's. QUERY
// defaults to text=true&max_rate=0.
//
// One JSON object a line on stdout. Exit status: 0; 1 when a job did not complete, or a text
// differs; 2 for bad usage or a server that can't be reached.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <simdjson.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/sse_stream.h"

namespace genwatch::bench {
namespace {

constexpr int kIdleLimitMs = 30'000;
constexpr int64_t kWarmUpMicros = 1'000'000;

int64_t UnixMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int Connect(const sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

struct Viewer {
  int fd = -1;
  std::string job_id;
  std::string text;
  // Up to here its stamps are counted.
  size_t counted = 0;
  int chunks = 0;
  int text_events = 0;
  bool completed = false;
  bool gap = false;
  std::unique_ptr<SseStream> stream;
};

class Bench {
 public:
  Bench(sockaddr_in address, int jobs, int chunks, std::string query)
      : address_(address), chunks_(chunks), query_(std::move(query)), viewers_(jobs) {}

  int Run() {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < viewers_.size(); ++i) {
      if (!Submit(viewers_[i], static_cast<int>(i))) {
        std::fprintf(stderr, "bench_latency: the server can't be reached\n");
        return 2;
      }
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      epoll_ctl(epoll, EPOLL_CTL_ADD, viewers_[i].fd, &event);
      ++open_;
      while (open_ > 0 && viewers_[i].stream->status() == 0 && ReadReady(epoll)) {
      }
    }
    measured_from_ = UnixMicros() + kWarmUpMicros;
    while (open_ > 0 && ReadReady(epoll)) {
    }
    close(epoll);
    return Report();
  }

 private:
  bool Submit(Viewer& viewer, int index) {
    viewer.fd = Connect(address_);
    if (viewer.fd < 0) return false;
    viewer.stream =
        std::make_unique<SseStream>([this, &viewer](std::string_view event, std::string_view data) {
          OnEvent(viewer, event, data);
        });
    const std::string body = R"({"model":"sim-bench:1b","prompt":"bench job )" +
                             std::to_string(index) + R"(","options":{"num_predict":)" +
                             std::to_string(chunks_) + "}}";
    return SendAll(viewer.fd, "POST /api/v1/ai/generate?" + query_ +
                                  " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
                                  "Content-Type: application/json\r\nContent-Length: " +
                                  std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  // Waits for what comes next, to whomever. False if nothing does.
  bool ReadReady(int epoll) {
    epoll_event events[64];
    const int ready = epoll_wait(epoll, events, 64, kIdleLimitMs);
    for (int i = 0; i < ready; ++i) {
      Viewer& viewer = viewers_[events[i].data.u64];
      if (Read(viewer)) continue;
      close(viewer.fd);
      --open_;
    }
    return ready > 0;
  }

  // False when the stream is over.
  bool Read(Viewer& viewer) {
    char buffer[65536];
    const ssize_t count = recv(viewer.fd, buffer, sizeof(buffer), 0);
    if (count <= 0) return false;
    now_ = UnixMicros();
    const bool good = viewer.stream->Feed({buffer, static_cast<size_t>(count)});
    if (viewer.stream->status() != 0 && viewer.stream->status() != 200) {
      std::fprintf(stderr, "bench_latency: HTTP status %d\n", viewer.stream->status());
      return false;
    }
    return good && !viewer.stream->ended() && !viewer.completed;
  }

  void OnEvent(Viewer& viewer, std::string_view event, std::string_view data) {
    simdjson::padded_string padded(data);
    simdjson::dom::element json;
    if (parser_.parse(padded).get(json) != simdjson::SUCCESS) {
      viewer.gap = true;
      return;
    }
    std::string_view id;
    if (json["job_id"].get(id) == simdjson::SUCCESS) viewer.job_id = id;
    if (event == "complete") viewer.completed = true;
    if (event == "reset") viewer.gap = true;
    if (event != "text") return;
    ++viewer.text_events;
    uint64_t offset = 0;
    std::string_view text;
    if (json["text_offset"].get(offset) != simdjson::SUCCESS ||
        json["text"].get(text) != simdjson::SUCCESS || offset != viewer.text.size()) {
      viewer.gap = true;
      return;
    }
    viewer.text.append(text);
    CountStamps(viewer);
  }

  void CountStamps(Viewer& viewer) {
    while (true) {
      const size_t end = viewer.text.find(';', viewer.counted);
      if (end == std::string::npos) return;
      int64_t stamp = 0;
      std::from_chars(viewer.text.data() + viewer.counted + 1, viewer.text.data() + end, stamp);
      if (stamp >= measured_from_) latencies_.push_back(now_ - stamp);
      ++viewer.chunks;
      viewer.counted = end + 1;
    }
  }

  std::string StoredText(const std::string& job_id) {
    const int fd = Connect(address_);
    std::string answer;
    if (fd < 0) return answer;
    SendAll(fd, "GET /api/v1/jobs/" + job_id +
                    "/output HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    char buffer[65536];
    for (ssize_t count; (count = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
      answer.append(buffer, static_cast<size_t>(count));
    }
    close(fd);
    // The body is one JSON object, whether or not it came in chunks: the stamps hold no braces.
    const size_t start = answer.find("\"text\":\"");
    if (start == std::string::npos) return "";
    const size_t from = start + std::strlen("\"text\":\"");
    std::string text = answer.substr(from, answer.find('"', from) - from);
    return text;
  }

  double Percentile(double share) const {
    if (latencies_.empty()) return 0;
    const size_t index = static_cast<size_t>(share * static_cast<double>(latencies_.size() - 1));
    return static_cast<double>(latencies_[index]) / 1000;
  }

  int Report() {
    int completed = 0, identical = 0, chunks = 0, text_events = 0;
    for (Viewer& viewer : viewers_) {
      completed += viewer.completed ? 1 : 0;
      chunks += viewer.chunks;
      text_events += viewer.text_events;
      if (!viewer.gap && viewer.chunks == chunks_ && StoredText(viewer.job_id) == viewer.text) {
        ++identical;
      }
    }
    std::sort(latencies_.begin(), latencies_.end());
    const auto line = [this](const char* name, double value, const char* unit) {
      std::printf(R"({"name": "%s", "value": %.3f, "unit": "%s", "jobs": %zu, "chunks": %d, )"
                  R"("query": "%s"})"
                  "\n",
                  name, value, unit, viewers_.size(), chunks_, query_.c_str());
    };
    const std::string name = query_.find("max_rate") == std::string::npos ? "latency_default_rate"
                                                                          : "latency_chunk_to_sse";
    line((name + "_p50_ms").c_str(), Percentile(0.50), "ms");
    line((name + "_p99_ms").c_str(), Percentile(0.99), "ms");
    line((name + "_max_ms").c_str(), Percentile(1), "ms");
    line("latency_chunks_delivered", chunks, "chunks");
    line("latency_text_events", text_events, "events");
    line("latency_jobs_completed", completed, "jobs");
    line("latency_texts_identical", identical, "texts");
    const int jobs = static_cast<int>(viewers_.size());
    return completed == jobs && identical == jobs ? 0 : 1;
  }

  const sockaddr_in address_;
  const int chunks_;
  const std::string query_;
  std::vector<Viewer> viewers_;
  simdjson::dom::parser parser_;
  size_t open_ = 0;
  int64_t now_ = 0;
  // Stamps of before are not counted.
  int64_t measured_from_ = std::numeric_limits<int64_t>::max();
  std::vector<int64_t> latencies_;
};

}  // namespace
}  // namespace genwatch::bench

int main(int argc, char** argv) {
  if (argc < 5 || argc > 6) {
    std::fprintf(stderr, "usage: bench_latency HOST PORT JOBS CHUNKS [QUERY]\n");
    return 2;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(argv[2])));
  if (inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) {
    std::fprintf(stderr, "bench_latency: '%s' is no IPv4 address\n", argv[1]);
    return 2;
  }
  return genwatch::bench::Bench(address, std::atoi(argv[3]), std::atoi(argv[4]),
                                argc == 6 ? argv[5] : "text=true&max_rate=0")
      .Run();
}

#ifndef GENWATCH_TESTS_BENCH_FANOUT_LOAD_H_
#define GENWATCH_TESTS_BENCH_FANOUT_LOAD_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "tests/bench/fanout/stamp_reader.h"
#include "tests/bench/fanout/usage.h"

namespace genwatch::bench {

struct LoadOptions {
  // Numbers only.
  std::string host;
  uint16_t port = 0;
  // Viewers take them in turn.
  std::vector<std::string> paths;
  size_t viewers = 0;
  // Of each path's job; a viewer that has them all is done.
  int64_t chunks = 0;
  // The first chunks, whose latency does not count.
  int64_t warm_up = 0;
  // Run by a shell, in the background, when all viewers are there.
  std::string start;
  // Viewers beside those that are measured, who read `slow_rate` bytes a second.
  size_t slow_viewers = 0;
  size_t slow_rate = 1024;
  // Of the servers.
  std::vector<int> pids;
};

// Opens all viewers, starts what they wait for, and reads until all are done, or nothing has come
// for ten seconds. Uses one thread.
class Load {
 public:
  explicit Load(LoadOptions options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // False if not all viewers were answered with 200.
  bool Run();
  // One JSON object, on stdout.
  void Report() const;

 private:
  struct Viewer {
    explicit Viewer(int64_t warm_up) : reader(warm_up) {}
    int fd = -1;
    size_t path = 0;
    bool ready = false;
    bool done = false;
    StampReader reader;
  };

  bool OpenAll();
  bool OpenSlow();
  bool Open(Viewer& viewer, int receive_buffer);
  // Handles what is there, waiting at most so long.
  void Poll(int timeout_ms);
  void Receive(Viewer& viewer);
  void Close(Viewer& viewer);
  void ReadSlowly();
  void Sample();
  void Start() const;

  const LoadOptions options_;
  std::deque<Viewer> viewers_;
  std::vector<int> slow_;
  Delivered delivered_;
  int epoll_ = -1;
  std::vector<char> buffer_;
  size_t ready_ = 0, done_ = 0, closed_ = 0, refused_ = 0;
  uint64_t bytes_ = 0, slow_bytes_ = 0;
  size_t slow_closed_ = 0;
  int64_t last_heard_us_ = 0, first_stamp_us_ = 0, last_delivery_us_ = 0;
  int64_t next_slow_us_ = 0, next_sample_us_ = 0;
  Usage idle_, open_, end_;
  long tcp_open_kb_ = 0, peak_kb_ = 0, open_kb_ = 0;
  double own_cpu_ = 0;
};

}  // namespace genwatch::bench

#endif  // GENWATCH_TESTS_BENCH_FANOUT_LOAD_H_

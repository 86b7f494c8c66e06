#ifndef GENWATCH_TESTS_BENCH_SSE_STREAM_H_
#define GENWATCH_TESTS_BENCH_SSE_STREAM_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace genwatch::bench {

// One HTTP/1.1 answer that is a chunked event stream, fed with bytes as they arrive: head, chunks
// and events may be cut anywhere. Not thread-safe.
class SseStream {
 public:
  // `event` without its name is "message".
  using OnEvent = std::function<void(std::string_view event, std::string_view data)>;

  explicit SseStream(OnEvent on_event) : on_event_(std::move(on_event)) {}

  // False when the bytes are no such stream.
  bool Feed(std::string_view bytes);

  // 0 until the head is complete.
  int status() const { return status_; }
  // The last chunk has come.
  bool ended() const { return ended_; }
  // The `id` of the last event that was whole and had one; while an event is told, its own.
  const std::string& last_event_id() const { return last_event_id_; }
  // What `retry` asked for, in ms; 0 if nothing did.
  int retry_ms() const { return retry_ms_; }

 private:
  bool ReadHead();
  bool ReadChunks();
  void ReadLine(std::string_view line);

  const OnEvent on_event_;
  std::string buffer_;
  int status_ = 0;
  bool ended_ = false;
  size_t chunk_left_ = 0;
  bool in_chunk_ = false;
  std::string line_;
  std::string id_;
  std::string last_event_id_;
  int retry_ms_ = 0;
  std::string event_;
  std::string data_;
};

}  // namespace genwatch::bench

#endif  // GENWATCH_TESTS_BENCH_SSE_STREAM_H_

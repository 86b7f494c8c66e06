#ifndef GENWATCH_TESTS_BENCH_FANOUT_STAMP_READER_H_
#define GENWATCH_TESTS_BENCH_FANOUT_STAMP_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/bench/fanout/histogram.h"

namespace genwatch::bench {

// What all viewers of a run were given. A delivery is one stamp, `@<Unix microseconds>;`, whose
// last byte has come.
struct Delivered {
  Histogram latency;
  uint64_t deliveries = 0;
  uint64_t events = 0;
  uint64_t text_events = 0;
  uint64_t missing_bytes = 0;
  uint64_t repeated_bytes = 0;
  uint64_t resets = 0;
};

// One viewer: an HTTP/1.1 answer, chunked or not, that is an event stream whose text is stamps. Fed
// with bytes as they come, cut anywhere. Much cheaper than the servers that it measures: it looks
// for what it needs, and parses no JSON. Not thread-safe.
class StampReader {
 public:
  // Chunks before number `warm_up` count, but not their latency.
  explicit StampReader(int64_t warm_up) : warm_up_(warm_up) {}

  // False when the bytes are no such stream.
  bool Feed(std::string_view bytes, int64_t now_us, Delivered& delivered);

  // 0 until the head is complete.
  int status() const { return status_; }
  // The stream, or its job, has ended.
  bool ended() const { return ended_; }
  int64_t chunks() const { return chunks_; }
  // Bytes of text, up to the last one that came.
  int64_t position() const { return position_; }

 private:
  bool ReadHead(std::string_view& bytes);
  bool ReadChunks(std::string_view bytes, int64_t now_us, Delivered& delivered);
  void ReadBody(std::string_view bytes, int64_t now_us, Delivered& delivered);
  void ReadLine(std::string_view line, int64_t now_us, Delivered& delivered);
  void ReadText(std::string_view data, int64_t now_us, Delivered& delivered);
  void CountStamps(std::string_view text, int64_t now_us, Delivered& delivered);

  const int64_t warm_up_;
  int status_ = 0;
  bool chunked_ = false;
  bool ended_ = false;
  // Of the head, of a chunk's size, or of a line: what came without its end.
  std::string carry_;
  std::string size_line_;
  // Bytes left of the present chunk, with its line end; 0: a size is next.
  size_t chunk_left_ = 0;
  bool last_chunk_ = false;

  enum class Kind { kText, kOther };
  Kind kind_ = Kind::kText;
  bool has_data_ = false;
  int64_t position_ = 0;
  int64_t chunks_ = 0;
  // The digits of a stamp whose end has not come.
  std::string stamp_;
  bool in_stamp_ = false;
};

}  // namespace genwatch::bench

#endif  // GENWATCH_TESTS_BENCH_FANOUT_STAMP_READER_H_

#ifndef GENWATCH_TESTS_OLLAMA_SIM_REQUEST_LOG_H_
#define GENWATCH_TESTS_OLLAMA_SIM_REQUEST_LOG_H_

#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace genwatch::ollama_sim {

// What became of one request for an answer. Times are microseconds since the start, -1: not yet.
struct RequestRecord {
  uint64_t id = 0;
  uint64_t connection = 0;
  std::string path;
  std::string model;
  std::string prompt;          // its first kPromptBytes
  int64_t prefill_bytes = -1;  // of the partial answer that the chat ended with; -1: none
  std::string state;           // loading, waiting, prompt, generating; completed, failed, cancelled
  int64_t received_us = 0;
  int64_t loaded_us = -1;
  int64_t slot_us = -1;
  int64_t first_byte_us = -1;
  int64_t last_byte_us = -1;  // when the socket took the last byte; known at the end
  int64_t ended_us = -1;
  int64_t bytes = 0;  // that the socket took, head included; known at the end
  int chunks = 0;     // written
  int tokens = 0;
  std::string text;  // written so far, valid UTF-8; without what was only half written
  std::string thinking;

  static constexpr size_t kPromptBytes = 256;
};

// Keeps the newest events and requests in memory, bounded, and writes the events to a file as JSON
// lines. Tests ask it what clients did, and what was said to them.
class RequestLog {
 public:
  // Empty: no file. Returns false if it can't be opened.
  bool OpenFile(const std::string& path);
  ~RequestLog();

  // Appends {"t_us":...,"event":<event>, <members>}; `members` is JSON, without braces, or empty.
  void Event(std::string_view event, std::string_view members);

  RequestRecord& NewRequest();
  // Null if it is unknown, or so old that it was dropped.
  RequestRecord* Find(uint64_t id);
  // The newest request whose prompt began so; null if none.
  const RequestRecord* FindByPrompt(std::string_view prompt) const;
  // Texts of more than the limit in total are dropped, oldest first. Call after each growth.
  void CountText(size_t grown_by);

  // Microseconds since this was made.
  int64_t NowUs() const { return ToUs(NowNs()); }
  // The same of a time of MonotonicNs.
  int64_t ToUs(int64_t monotonic_ns) const;
  const std::deque<std::string>& events() const { return events_; }
  const std::map<uint64_t, RequestRecord>& requests() const { return requests_; }

 private:
  int64_t start_ns_ = StartNs();
  static int64_t StartNs() { return NowNs(); }
  static int64_t NowNs();
  std::FILE* file_ = nullptr;
  std::deque<std::string> events_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, RequestRecord> requests_;
  size_t text_bytes_ = 0;
};

// `record` as a JSON object, with its texts or without.
std::string RecordJson(const RequestRecord& record, bool with_text);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_REQUEST_LOG_H_

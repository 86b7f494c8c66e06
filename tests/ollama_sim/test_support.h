#ifndef GENWATCH_TESTS_OLLAMA_SIM_TEST_SUPPORT_H_
#define GENWATCH_TESTS_OLLAMA_SIM_TEST_SUPPORT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/ollama_sim/event_loop.h"
#include "tests/ollama_sim/json_reader.h"
#include "tests/ollama_sim/options.h"
#include "tests/ollama_sim/server.h"

namespace genwatch::ollama_sim {

// A simulator in this process, on a free port, in a thread of its own. By default nothing takes
// time.
class TestServer {
 public:
  static Options Fast() { return {.port = 0, .speed = 1000, .load_speed = 1000}; }

  explicit TestServer(Options options = Fast());
  ~TestServer();

  int port() const { return server_.port(); }

 private:
  Server server_;
  std::thread thread_;
};

// A TCP connection that knows nothing of HTTP. All reads give up after a deadline.
class TestConnection {
 public:
  explicit TestConnection(int port);

  bool connected() const { return connected_; }
  void Send(std::string_view bytes);
  // What one recv() gives: a segment, if the reader is quicker than the writer. Empty at the end.
  std::string ReadSome();
  // All bytes up to the end of the connection, whether FIN or RST.
  std::string ReadToEnd();
  // All bytes until `end` was read.
  std::string ReadThrough(std::string_view end);
  // True if the peer reset the connection (rather than closed it) at the end.
  bool was_reset() const { return was_reset_; }
  // True if a deadline passed while reading: nothing came.
  bool timed_out() const { return timed_out_; }
  void SetReadTimeout(int64_t ms) { timeout_ms_ = ms; }
  void Close() { socket_.Close(); }

 private:
  UniqueFd socket_;
  bool connected_ = false;
  bool was_reset_ = false;
  bool timed_out_ = false;
  int64_t timeout_ms_ = 20'000;
};

// A response as its bytes say.
struct TestResponse {
  int status = 0;
  std::string head;  // with the empty line
  std::string body;  // decoded from chunks
  std::vector<std::string> chunks;
  bool complete = false;  // the body's end was marked, as the head announced it

  bool HasHeader(std::string_view line) const {
    return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
  }
  std::vector<std::string> Lines() const;
};

// Decodes raw bytes of one response, strictly.
TestResponse DecodeResponse(const std::string& bytes);

// "POST path" with a JSON body, on a connection of its own that is closed then.
std::string PostBytes(int port, std::string_view path, std::string_view body);
TestResponse Post(int port, std::string_view path, std::string_view body);
TestResponse Get(int port, std::string_view path);
std::string PostRequest(std::string_view path, std::string_view body, bool close = true);

// The body of a generate request with this prompt.
std::string GenerateBody(std::string_view model, std::string_view prompt,
                         std::string_view more_members = "");
TestResponse Generate(int port, std::string_view model, std::string_view prompt,
                      std::string_view more_members = "");

// What a client reads out of a body, by a reader that knows nothing of the simulator: whole lines,
// one object each.
struct BodyFacts {
  std::string text;
  std::string thinking;
  bool done = false;
  std::string done_reason;
  std::string error;
  bool malformed = false;
  double eval_count = -1;  // -1: absent or null
  double prompt_eval_count = -1;
  double load_duration = -1;
  int objects = 0;
};
BodyFacts ReadBody(const std::string& body);

// A member of a JSON object, as text: strings without quotes, others as they stand; "" if absent.
std::string Member(const std::string& json, std::string_view key);

// Waits until `condition` holds, for at most 10 s.
bool Await(const std::function<bool()>& condition);

std::string PercentEncoded(std::string_view text);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_TEST_SUPPORT_H_

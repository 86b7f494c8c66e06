#ifndef GENWATCH_TESTS_GENERATION_SERVICE_SCRIPTED_SERVER_H_
#define GENWATCH_TESTS_GENERATION_SERVICE_SCRIPTED_SERVER_H_

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/mutex.h"

namespace genwatch {

// One connection to the server, in the hands of a script. Of the script's thread.
class ScriptedConnection {
 public:
  ScriptedConnection(int fd, int number) : fd_(fd), number_(number) {}
  ~ScriptedConnection();
  ScriptedConnection(const ScriptedConnection&) = delete;
  ScriptedConnection& operator=(const ScriptedConnection&) = delete;

  // 0 for the first connection that the server accepted, and so on.
  int number() const { return number_; }

  // Head and body of the next request; empty when the client closed.
  std::string ReadRequest();

  // Each call is a segment of its own. False when the client is gone.
  bool Write(std::string_view bytes);
  // One chunk of a chunked body.
  bool WriteChunk(std::string_view bytes);

  // Blocks until the client closes its side; false after `deadline`.
  bool AwaitClose(absl::Duration deadline = absl::Seconds(20));

  void Close();  // FIN
  void Reset();  // RST

  // From any thread: what the script does next fails.
  void Abort();

 private:
  const int fd_;
  const int number_;
  Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

// An HTTP server that does on each connection what a script says, on raw sockets, so that bytes are
// cut where the script cuts them. The connection is closed when the script returns. Loopback, any
// free port.
class ScriptedServer {
 public:
  using Script = std::function<void(ScriptedConnection&)>;

  explicit ScriptedServer(Script script);
  // Cuts the connections that still are, and waits for their scripts.
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url() const;
  int port() const { return port_; }
  int connections();

 private:
  void Accept();

  const Script script_;
  int listen_fd_ = -1;
  int port_ = 0;
  std::thread accepter_;
  Mutex mutex_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  std::set<ScriptedConnection*> live_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int connections_ ABSL_GUARDED_BY(mutex_) = 0;
};

// "HTTP/1.1 200 OK" with a chunked NDJSON body to follow.
inline constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// A whole answer with Content-Length.
std::string WholeAnswer(std::string_view status, std::string_view body,
                        std::string_view more_headers = "");

// A port of the loopback on which nobody listens.
int UnusedPort();

}  // namespace genwatch

#endif  // GENWATCH_TESTS_GENERATION_SERVICE_SCRIPTED_SERVER_H_

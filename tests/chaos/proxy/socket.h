#ifndef GENWATCH_TESTS_CHAOS_PROXY_SOCKET_H_
#define GENWATCH_TESTS_CHAOS_PROXY_SOCKET_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace genwatch {

// A file descriptor that is closed with it.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { Close(); }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void Close();
  // Closes a TCP connection with RST instead of FIN; of a unix socket it is a plain end.
  void Reset();

 private:
  int fd_ = -1;
};

// A TCP socket bound to a free port of 127.0.0.1 that keeps its port while it does not listen:
// Listen, StopListening (connects are refused, those that wait to be accepted are reset), Listen.
absl::StatusOr<Fd> BindLoopback(int* port);
absl::Status Listen(const Fd& socket);
void StopListening(const Fd& socket);

// Begins to connect, without waiting, to "host:port" or "unix:/path".
absl::StatusOr<Fd> BeginConnect(const std::string& target);

}  // namespace genwatch

#endif  // GENWATCH_TESTS_CHAOS_PROXY_SOCKET_H_

#include "tests/chaos/proxy/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace genwatch {
namespace {

constexpr int kBacklog = 512;
constexpr int kFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

absl::Status SystemError(const char* call) {
  return absl::InternalError(absl::StrCat(call, ": ", std::strerror(errno)));
}

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

absl::StatusOr<Fd> Bind(int port) {
  Fd fd(socket(AF_INET, kFlags, 0));
  if (!fd.open()) return SystemError("socket");
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const sockaddr_in address = Loopback(port);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return SystemError("bind");
  }
  return fd;
}

absl::StatusOr<Fd> Connecting(int family, const sockaddr* address, socklen_t size) {
  Fd fd(socket(family, kFlags, 0));
  if (!fd.open()) return SystemError("socket");
  if (family == AF_INET) {
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  if (connect(fd.get(), address, size) != 0 && errno != EINPROGRESS) return SystemError("connect");
  return fd;
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void Fd::Reset() {
  if (fd_ < 0) return;
  const linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  Close();
}

absl::StatusOr<Fd> BindLoopback(int* port) {
  // The kernel takes back a port of its own choice when the socket stops listening; a port that was
  // asked for by number stays. So it chooses first, and then it is asked for.
  constexpr int kTries = 20;
  absl::Status status;
  for (int i = 0; i < kTries; ++i) {
    absl::StatusOr<Fd> chosen = Bind(0);
    if (!chosen.ok()) return chosen.status();
    sockaddr_in address = {};
    socklen_t size = sizeof(address);
    if (getsockname(chosen->get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      return SystemError("getsockname");
    }
    *port = ntohs(address.sin_port);
    chosen->Close();
    absl::StatusOr<Fd> fd = Bind(*port);
    if (fd.ok()) return fd;
    status = fd.status();
  }
  return status;
}

absl::Status Listen(const Fd& socket) {
  return listen(socket.get(), kBacklog) == 0 ? absl::OkStatus() : SystemError("listen");
}

void StopListening(const Fd& socket) { shutdown(socket.get(), SHUT_RDWR); }

absl::StatusOr<Fd> BeginConnect(const std::string& target) {
  constexpr char kUnix[] = "unix:";
  if (target.rfind(kUnix, 0) == 0) {
    const std::string path = target.substr(sizeof(kUnix) - 1);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
      return absl::InvalidArgumentError("the path of a unix socket is too long");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return Connecting(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  const size_t colon = target.rfind(':');
  int port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(target.substr(colon + 1), &port)) {
    return absl::InvalidArgumentError(absl::StrCat("'", target, "' is not host:port"));
  }
  sockaddr_in address = Loopback(port);
  if (inet_pton(AF_INET, target.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("'", target, "' is not an IPv4 address"));
  }
  return Connecting(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

}  // namespace genwatch

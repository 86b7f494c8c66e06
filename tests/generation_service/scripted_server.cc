#include "tests/generation_service/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/string_view.h"

namespace genwatch {
namespace {

void DieUnless(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::abort();
}

std::pair<int, int> ListenOnLoopback() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  DieUnless(fd >= 0, "socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  DieUnless(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  DieUnless(listen(fd, 128) == 0, "listen");
  DieUnless(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  return {fd, ntohs(address.sin_port)};
}

size_t ContentLength(const std::string& head) {
  const size_t place = head.find("Content-Length: ");
  if (place == std::string::npos) return 0;
  return static_cast<size_t>(std::atoi(head.c_str() + place + 16));
}

}  // namespace

ScriptedConnection::~ScriptedConnection() { Close(); }

std::string ScriptedConnection::ReadRequest() {
  std::string request;
  std::array<char, 4096> buffer;
  while (true) {
    const size_t head_end = request.find("\r\n\r\n");
    if (head_end != std::string::npos) {
      const size_t whole = head_end + 4 + ContentLength(request.substr(0, head_end));
      if (request.size() >= whole) return request;
    }
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return "";
    request.append(buffer.data(), static_cast<size_t>(got));
  }
}

bool ScriptedConnection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool ScriptedConnection::WriteChunk(std::string_view bytes) {
  return Write(absl::StrCat(absl::Hex(bytes.size()), "\r\n", ToAbsl(bytes), "\r\n"));
}

bool ScriptedConnection::AwaitClose(absl::Duration deadline) {
  const absl::Time end = absl::Now() + deadline;
  std::array<char, 4096> buffer;
  while (true) {
    const absl::Duration left = end - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    pollfd poll_fd = {fd_, POLLIN, 0};
    poll(&poll_fd, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    if (poll_fd.revents == 0) continue;
    if (recv(fd_, buffer.data(), buffer.size(), 0) <= 0) return true;
  }
}

void ScriptedConnection::Close() {
  MutexLock lock(mutex_);
  if (!std::exchange(closed_, true)) close(fd_);
}

void ScriptedConnection::Abort() {
  MutexLock lock(mutex_);
  if (!closed_) shutdown(fd_, SHUT_RDWR);
}

void ScriptedConnection::Reset() {
  const linger at_once = {1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  Close();
}

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
  std::tie(listen_fd_, port_) = ListenOnLoopback();
  accepter_ = std::thread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  shutdown(listen_fd_, SHUT_RDWR);
  accepter_.join();
  close(listen_fd_);
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (ScriptedConnection* connection : live_) connection->Abort();
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

std::string ScriptedServer::url() const { return absl::StrCat("http://127.0.0.1:", port_); }

int ScriptedServer::connections() {
  MutexLock lock(mutex_);
  return connections_;
}

void ScriptedServer::Accept() {
  while (true) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    MutexLock lock(mutex_);
    threads_.emplace_back([this, fd, number = connections_++] {
      ScriptedConnection connection(fd, number);
      {
        MutexLock inner(mutex_);
        live_.insert(&connection);
        if (stopping_) connection.Abort();
      }
      script_(connection);
      MutexLock inner(mutex_);
      live_.erase(&connection);
    });
  }
}

std::string WholeAnswer(std::string_view status, std::string_view body,
                        std::string_view more_headers) {
  return absl::StrCat("HTTP/1.1 ", ToAbsl(status), "\r\nContent-Length: ", body.size(), "\r\n",
                      ToAbsl(more_headers), "\r\n", ToAbsl(body));
}

int UnusedPort() {
  const auto [fd, port] = ListenOnLoopback();
  close(fd);
  return port;
}

}  // namespace genwatch

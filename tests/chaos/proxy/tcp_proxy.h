#ifndef GENWATCH_TESTS_CHAOS_PROXY_TCP_PROXY_H_
#define GENWATCH_TESTS_CHAOS_PROXY_TCP_PROXY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "tests/chaos/proxy/link_state.h"

namespace genwatch {

// A link that can fail: listens on a free loopback port and forwards each connection to a server
// (MariaDB, Redis, a model server, one of ours) until it is told otherwise. Knows nothing of what
// it carries. What it is told holds for the connections there are and for those to come, and has
// happened when the call returns. One thread for all connections; ends with all of them reset.
// Thread-safe.
class TcpProxy {
 public:
  // `target`: "host:port" (an IPv4 address) or "unix:/path". It need not listen yet: a client whose
  // connection can't be forwarded is reset.
  static absl::StatusOr<std::unique_ptr<TcpProxy>> Start(const std::string& target);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  int port() const { return port_; }
  std::string address() const;  // 127.0.0.1:port

  // Resets all connections, at both ends. New ones are forwarded.
  void Cut();
  // New connections are refused, as by a machine where nothing listens; those there are go on.
  void Refuse(bool on);
  // Half-open: everything stays open and connections are accepted, and nothing comes through in
  // `direction`, not even an end. What was held back comes when it is off.
  void Stall(Direction direction, bool on);
  void StallBoth(bool on);
  // At most so many bytes a second through each connection's `direction`; 0: no limit.
  void Slow(Direction direction, uint64_t bytes_per_second);
  // Lets `bytes` more through in `direction`, counted over all connections, and then resets all.
  // Once; withdrawn by Heal.
  void CutAfter(Direction direction, uint64_t bytes);
  // Forwards as in the beginning; connections that are open go on.
  void Heal();

  LinkCounts counts() const;

 private:
  class Loop;
  TcpProxy(std::unique_ptr<Loop> loop, int port);

  const std::unique_ptr<Loop> loop_;
  const int port_;
  std::thread thread_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_CHAOS_PROXY_TCP_PROXY_H_

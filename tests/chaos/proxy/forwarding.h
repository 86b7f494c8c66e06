#ifndef GENWATCH_TESTS_CHAOS_PROXY_FORWARDING_H_
#define GENWATCH_TESTS_CHAOS_PROXY_FORWARDING_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "tests/chaos/proxy/link_state.h"
#include "tests/chaos/proxy/socket.h"

namespace genwatch {

// One connection through a TcpProxy: two sockets, and what was read from one and not yet written to
// the other, at most 16 KiB each way. Never waits. Of the loop's thread.
class Forwarding {
 public:
  enum class Result {
    kGoesOn,
    kOver,  // both ends are closed, or reset as they were by one of them
    kCut,   // the byte at which all connections are to be reset has come
  };

  // `server` has begun to connect.
  Forwarding(Fd client, Fd server);

  // Moves what can be moved now; limits of `link` are counted down.
  Result Pump(LinkState& link, absl::Duration now, LinkCounts& counts);
  // What epoll is to tell about a socket (EPOLLIN, EPOLLOUT), after Pump; 0: nothing at all.
  uint32_t Interest(Direction from_whom, const LinkState& link) const;
  // Waits for nothing but time: the limit of bytes a second is used up.
  bool throttled() const { return way_of(0).throttled || way_of(1).throttled; }
  void Reset();

  const Fd& client() const { return sockets_[0]; }
  const Fd& server() const { return sockets_[1]; }

 private:
  struct Way {
    std::string held;
    bool ended = false;  // by its source
    bool end_forwarded = false;
    bool blocked = false;  // its drain takes no more now
    bool throttled = false;
    double allowance = 0;
    absl::Duration refilled;
  };

  const Way& way_of(size_t i) const { return ways_[i]; }
  Result PumpOne(Direction direction, LinkState::OneWay& limits, absl::Duration now,
                 LinkCounts& counts);
  // How much of `held` may go now.
  static size_t Allowed(Way& way, const LinkState::OneWay& limits, absl::Duration now);

  std::array<Fd, 2> sockets_;  // client, server
  std::array<Way, 2> ways_;    // by direction: from the socket with the same index
  bool connected_ = false;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_CHAOS_PROXY_FORWARDING_H_

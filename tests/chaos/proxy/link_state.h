#ifndef GENWATCH_TESTS_CHAOS_PROXY_LINK_STATE_H_
#define GENWATCH_TESTS_CHAOS_PROXY_LINK_STATE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace genwatch {

enum class Direction { kToServer = 0, kToClient = 1 };

struct LinkCounts {
  uint64_t accepted = 0;               // connections
  uint64_t open = 0;                   // now
  uint64_t cut = 0;                    // connections that were reset by order
  uint64_t unreached = 0;              // connections that the target did not take
  std::array<uint64_t, 2> bytes = {};  // forwarded, by direction
};

// What a TcpProxy does with bytes in each direction. A plain value; the loop's thread owns it.
struct LinkState {
  struct OneWay {
    bool stalled = false;
    uint64_t bytes_per_second = 0;
    std::optional<uint64_t> until_cut;
  };

  OneWay& of(Direction direction) { return ways[static_cast<size_t>(direction)]; }
  const OneWay& of(Direction direction) const { return ways[static_cast<size_t>(direction)]; }

  std::array<OneWay, 2> ways;
  bool refusing = false;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_CHAOS_PROXY_LINK_STATE_H_

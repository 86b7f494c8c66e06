#include "tests/chaos/proxy/forwarding.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace genwatch {
namespace {

constexpr size_t kMostHeld = 16 << 10;
// Of one connection, before the others have their turn.
constexpr int kMostMoves = 8;
// How long an idle connection may save up its rate.
constexpr double kBurstSeconds = 0.05;

size_t Index(Direction direction) { return static_cast<size_t>(direction); }

}  // namespace

Forwarding::Forwarding(Fd client, Fd server) : sockets_{std::move(client), std::move(server)} {}

void Forwarding::Reset() {
  for (Fd& socket : sockets_) socket.Reset();
}

Forwarding::Result Forwarding::Pump(LinkState& link, absl::Duration now, LinkCounts& counts) {
  if (!connected_) {
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(server().get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      ++counts.unreached;
      Reset();
      return Result::kOver;
    }
    sockaddr_storage peer;
    size = sizeof(peer);
    if (getpeername(server().get(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
      return Result::kGoesOn;
    }
    connected_ = true;
  }
  for (const Direction direction : {Direction::kToServer, Direction::kToClient}) {
    const Result result = PumpOne(direction, link.of(direction), now, counts);
    if (result == Result::kOver) Reset();
    if (result != Result::kGoesOn) return result;
  }
  if (!ways_[0].end_forwarded || !ways_[1].end_forwarded) return Result::kGoesOn;
  for (Fd& socket : sockets_) socket.Close();
  return Result::kOver;
}

size_t Forwarding::Allowed(Way& way, const LinkState::OneWay& limits, absl::Duration now) {
  way.throttled = false;
  size_t allowed = way.held.size();
  if (limits.until_cut.has_value()) allowed = std::min<uint64_t>(allowed, *limits.until_cut);
  if (limits.bytes_per_second == 0) return allowed;
  const auto rate = static_cast<double>(limits.bytes_per_second);
  way.allowance = std::min(way.allowance + rate * absl::ToDoubleSeconds(now - way.refilled),
                           std::max(1.0, rate * kBurstSeconds));
  way.refilled = now;
  way.throttled = way.allowance < 1;
  return std::min(allowed, static_cast<size_t>(way.allowance));
}

Forwarding::Result Forwarding::PumpOne(Direction direction, LinkState::OneWay& limits,
                                       absl::Duration now, LinkCounts& counts) {
  Way& way = ways_[Index(direction)];
  const int source = sockets_[Index(direction)].get();
  const int drain = sockets_[1 - Index(direction)].get();
  way.blocked = false;
  way.throttled = false;
  for (int move = 0; move < kMostMoves && !limits.stalled; ++move) {
    if (way.held.empty() && !way.ended) {
      char bytes[kMostHeld];
      const ssize_t got = recv(source, bytes, sizeof(bytes), 0);
      if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? Result::kGoesOn : Result::kOver;
      }
      way.held.assign(bytes, static_cast<size_t>(got));
      way.ended = got == 0;
    }
    if (way.held.empty()) {
      if (!way.end_forwarded) shutdown(drain, SHUT_WR);
      way.end_forwarded = true;
      return Result::kGoesOn;
    }
    if (limits.until_cut == uint64_t{0}) return Result::kCut;
    const size_t allowed = Allowed(way, limits, now);
    if (allowed == 0) return Result::kGoesOn;
    const ssize_t put = send(drain, way.held.data(), allowed, MSG_NOSIGNAL);
    if (put < 0) {
      way.blocked = errno == EAGAIN || errno == EINTR;
      return way.blocked ? Result::kGoesOn : Result::kOver;
    }
    way.held.erase(0, static_cast<size_t>(put));
    way.allowance -= static_cast<double>(put);
    counts.bytes[Index(direction)] += static_cast<uint64_t>(put);
    if (limits.until_cut.has_value()) *limits.until_cut -= static_cast<uint64_t>(put);
  }
  return Result::kGoesOn;
}

uint32_t Forwarding::Interest(Direction from_whom, const LinkState& link) const {
  const size_t index = Index(from_whom);
  if (!connected_) return from_whom == Direction::kToClient ? uint32_t{EPOLLOUT} : 0;
  uint32_t interest = 0;
  const Way& out = ways_[index];
  if (!link.ways[index].stalled && !out.throttled && !out.blocked && !out.end_forwarded) {
    interest |= EPOLLIN;
  }
  if (!link.ways[1 - index].stalled && ways_[1 - index].blocked) interest |= EPOLLOUT;
  return interest;
}

}  // namespace genwatch

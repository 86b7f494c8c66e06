#include "tests/chaos/harness/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>

namespace genwatch::chaos {
namespace {

constexpr int kLowest = 15'000;
constexpr int kHighest = 31'999;
constexpr int kTries = 1'000;

bool IsFree(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
                    listen(fd, 1) == 0;
  close(fd);
  return free;
}

}  // namespace

int FreePort() {
  // Not of the seed: several harnesses with the same one may run side by side.
  static std::random_device random;
  static std::set<int> given;
  std::uniform_int_distribution<int> ports(kLowest, kHighest);
  for (int i = 0; i < kTries; ++i) {
    const int port = ports(random);
    if (IsFree(port) && given.insert(port).second) return port;
  }
  std::fprintf(stderr, "FATAL: no free port on 127.0.0.1\n");
  std::abort();
}

}  // namespace genwatch::chaos

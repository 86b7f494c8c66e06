#include "progress_service/worker_addresses.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status.h"

namespace genwatch {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

absl::Status Resolve(const std::string& host, const std::string& port,
                     std::vector<std::string>& addresses) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return Error(absl::StatusCode::kUnavailable, "NAME_NOT_RESOLVED",
                 absl::StrCat(host, ": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> number = {};
    if (getnameinfo(one->ai_addr, one->ai_addrlen, number.data(), number.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
      continue;
    }
    addresses.push_back(one->ai_family == AF_INET6 ? absl::StrCat("[", number.data(), "]:", port)
                                                   : absl::StrCat(number.data(), ":", port));
  }
  return absl::OkStatus();
}

absl::Status AddressesOf(absl::string_view target, std::vector<std::string>& addresses) {
  if (absl::StartsWith(target, "unix:")) {
    addresses.emplace_back(target);
    return absl::OkStatus();
  }
  absl::ConsumePrefix(&target, "dns:");
  absl::ConsumePrefix(&target, "///");
  const size_t colon = target.rfind(':');
  absl::string_view host = target.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  if (colon == absl::string_view::npos || host.empty() || colon + 1 == target.size()) {
    return Error(absl::StatusCode::kInvalidArgument, "BAD_TARGET",
                 absl::StrCat("\"", target, "\" is not host:port"));
  }
  return Resolve(std::string(host), std::string(target.substr(colon + 1)), addresses);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> WorkerAddresses(const std::string& target) {
  std::vector<std::string> addresses;
  absl::Status first_error;
  for (const absl::string_view one : absl::StrSplit(target, ',', absl::SkipWhitespace())) {
    const absl::Status status = AddressesOf(absl::StripAsciiWhitespace(one), addresses);
    if (!status.ok() && first_error.ok()) first_error = status;
  }
  if (addresses.empty() && !first_error.ok()) return first_error;
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace genwatch

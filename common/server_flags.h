#ifndef GENWATCH_COMMON_SERVER_FLAGS_H_
#define GENWATCH_COMMON_SERVER_FLAGS_H_

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/log.h"
#include "common/problems.h"

namespace genwatch {

// The flags that all servers share: --host, --port, --metrics_port, --reflection, --log_level,
// --log_format, --drain_seconds, --dev_identity. Plain data; call the functions from main only.
struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;          // 0: any free one, which the server reports
  int metrics_port = 0;  // 0: no metrics listener
  bool reflection = false;
  std::string log_level = "info";
  std::string log_format = "auto";
  absl::Duration drain = absl::Seconds(10);  // how long calls may still run after SIGTERM
  bool dev_identity = false;                 // calls without identity are "dev"; loopback only
};

// Before ParseCommandLine: the defaults of --port and --metrics_port, which differ by server.
void SetServerFlagDefaults(int port, int metrics_port);

// After ParseCommandLine. Adds what is wrong to `problems`: ports out of range, unknown log level
// or format, a negative drain, --dev_identity on a host that is not loopback.
ServerOptions ServerOptionsFromFlags(Problems& problems);

LogOptions LogOptionsOf(const ServerOptions& options, std::string_view service);

// "localhost", 127.0.0.0/8 or ::1, with or without brackets.
bool IsLoopbackHost(std::string_view host);

}  // namespace genwatch

#endif  // GENWATCH_COMMON_SERVER_FLAGS_H_

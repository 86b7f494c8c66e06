#include "common/server_flags.h"

#include <arpa/inet.h>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"

ABSL_FLAG(std::string, host, "127.0.0.1", "address to listen on");
ABSL_FLAG(int, port, 0, "gRPC port; 0 takes any free one and reports it");
ABSL_FLAG(int, metrics_port, 0, "port of Prometheus's GET /metrics; 0 for none");
ABSL_FLAG(bool, reflection, false, "offer gRPC server reflection");
ABSL_FLAG(std::string, log_level, "info", "debug, info, warning or error");
ABSL_FLAG(std::string, log_format, "auto",
          "json, text, or auto: text if stderr is a terminal, else json");
ABSL_FLAG(double, drain_seconds, 10, "how long calls may still run after SIGTERM");
ABSL_FLAG(bool, dev_identity, false,
          "take calls without x-genwatch-user for the user 'dev'; on a loopback host only");

namespace genwatch {
namespace {

// Kubernetes kills after 30 s by default; anything past an hour is a mistake.
constexpr double kMaxDrainSeconds = 3600;

void CheckPort(std::string_view flag, int port, Problems& problems) {
  if (port < 0 || port > 65535) {
    problems.Add(flag, absl::StrCat(port, " is not a port (0 to 65535)"));
  }
}

}  // namespace

void SetServerFlagDefaults(int port, int metrics_port) {
  absl::SetFlag(&FLAGS_port, port);
  absl::SetFlag(&FLAGS_metrics_port, metrics_port);
}

ServerOptions ServerOptionsFromFlags(Problems& problems) {
  ServerOptions options;
  options.host = absl::GetFlag(FLAGS_host);
  options.port = absl::GetFlag(FLAGS_port);
  options.metrics_port = absl::GetFlag(FLAGS_metrics_port);
  options.reflection = absl::GetFlag(FLAGS_reflection);
  options.log_level = absl::GetFlag(FLAGS_log_level);
  options.log_format = absl::GetFlag(FLAGS_log_format);
  options.dev_identity = absl::GetFlag(FLAGS_dev_identity);
  const double drain_seconds = absl::GetFlag(FLAGS_drain_seconds);
  options.drain = absl::Seconds(drain_seconds);

  if (options.host.empty()) problems.Add("--host", "is empty");
  CheckPort("--port", options.port, problems);
  CheckPort("--metrics_port", options.metrics_port, problems);
  if (options.port != 0 && options.port == options.metrics_port) {
    problems.Add("--metrics_port", absl::StrCat(options.port, " is --port already"));
  }
  CheckLogOptions(LogOptionsOf(options, ""), problems);
  if (!(drain_seconds >= 0 && drain_seconds <= kMaxDrainSeconds)) {
    problems.Add("--drain_seconds",
                 absl::StrCat(drain_seconds, " is not between 0 and ", kMaxDrainSeconds));
  }
  if (options.dev_identity && !IsLoopbackHost(options.host)) {
    problems.Add("--dev_identity", absl::StrCat("needs a loopback --host, not '", options.host,
                                                "': it lets everybody in as 'dev'"));
  }
  return options;
}

LogOptions LogOptionsOf(const ServerOptions& options, std::string_view service) {
  return {
      .service = std::string(service), .level = options.log_level, .format = options.log_format};
}

bool IsLoopbackHost(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") return true;
  in_addr v4;
  in6_addr v6;
  const std::string text(host);
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
  return false;
}

}  // namespace genwatch

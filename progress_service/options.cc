#include "progress_service/options.h"

#include <cstdint>
#include <string_view>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "common/grpc_channel.h"
#include "common/problems.h"
#include "common/string_view.h"

ABSL_FLAG(std::string, job_service, "127.0.0.1:50051",
          "job_service: host:port, several IPv4 ones with commas between, or dns:///host:port");
ABSL_FLAG(
    std::string, generation, "127.0.0.1:50052",
    "the workers: host:port, dns:///host:port (all addresses of the name are listened to), or "
    "several with commas between; workers named by the ledger are listened to as well");
ABSL_FLAG(int64_t, max_text_bytes, int64_t{512} << 20,
          "most bytes of texts to hold; above it new watches with text are refused");
ABSL_FLAG(int64_t, max_watchers, 20'000, "most WatchProgress streams at once");
ABSL_FLAG(bool, console, true, "print a line for each running job twice a second on stdout");

namespace genwatch {
namespace {

constexpr int kDefaultPort = 50053;

size_t InRange(int64_t value, std::string_view name, int64_t least, int64_t most,
               Problems& problems) {
  if (value < least || value > most) {
    problems.Add(name, absl::StrCat("must be ", least, " to ", most, ", not ", value));
  }
  return static_cast<size_t>(value);
}

}  // namespace

void SetProgressServiceFlagDefaults() { SetServerFlagDefaults(kDefaultPort, 0); }

absl::StatusOr<ProgressServiceConfig> ProgressServiceConfigFromFlags() {
  Problems problems;
  ProgressServiceConfig config;
  config.server = ServerOptionsFromFlags(problems);
  config.job_service = absl::GetFlag(FLAGS_job_service);
  if (absl::Status target = CheckTarget(config.job_service); !target.ok()) {
    problems.Add("--job_service", ToStd(target.message()));
  }
  config.generation = absl::GetFlag(FLAGS_generation);
  if (config.generation.empty()) problems.Add("--generation", "must be given");
  config.max_text_bytes = InRange(absl::GetFlag(FLAGS_max_text_bytes), "--max_text_bytes", 1 << 20,
                                  int64_t{1} << 40, problems);
  config.max_watchers =
      InRange(absl::GetFlag(FLAGS_max_watchers), "--max_watchers", 1, 1'000'000, problems);
  config.console = absl::GetFlag(FLAGS_console);
  if (absl::Status status = problems.ToStatus(); !status.ok()) return status;
  return config;
}

}  // namespace genwatch

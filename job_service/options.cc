#include "job_service/options.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "common/problems.h"
#include "common/string_view.h"

ABSL_FLAG(std::string, mariadb_socket, "",
          "unix socket of MariaDB; empty: --mariadb_host and --mariadb_port");
ABSL_FLAG(std::string, mariadb_host, "127.0.0.1", "host of MariaDB");
ABSL_FLAG(int, mariadb_port, 3306, "port of MariaDB");
ABSL_FLAG(std::string, mariadb_user, "genwatch",
          "user of MariaDB; the password is in GENWATCH_MARIADB_PASSWORD");
ABSL_FLAG(std::string, mariadb_database, "genwatch", "database of the ledger");
ABSL_FLAG(
    int, mariadb_connections, 8,
    "threads that use MariaDB, each with its connection; orders and heartbeats have eight more");
ABSL_FLAG(std::string, redis, "127.0.0.1:6379",
          "Redis, unix:/path or host:port; the password is in GENWATCH_REDIS_PASSWORD");
ABSL_FLAG(std::string, default_model, "",
          "model of jobs that name none; empty: the first that a worker reports");
ABSL_FLAG(int, max_failures, 3, "attempts that may fail before a job does");
ABSL_FLAG(std::vector<std::string>, operators, {},
          "names of the users, with commas between, who may hold models and cancel or move jobs of "
          "others");
ABSL_FLAG(int, max_prompt_bytes, 64 << 10, "most bytes of a job's prompt, system and messages");
ABSL_FLAG(int, max_output_bytes, 1 << 20, "most bytes of text that a job may make");

namespace genwatch {
namespace {

constexpr int kDefaultPort = 50051;
constexpr int kDefaultMetricsPort = 9091;
constexpr int kMostConnections = 64;

int InRange(const absl::Flag<int>& flag, std::string_view name, int least, int most,
            Problems& problems) {
  const int value = absl::GetFlag(flag);
  if (value < least || value > most) {
    problems.Add(name, "must be " + std::to_string(least) + " to " + std::to_string(most) +
                           ", not " + std::to_string(value));
  }
  return value;
}

// Secrets come by the environment only: a command line can be read by everybody on the machine.
std::string Secret(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

}  // namespace

void SetJobServiceFlagDefaults() { SetServerFlagDefaults(kDefaultPort, kDefaultMetricsPort); }

absl::StatusOr<JobServiceConfig> JobServiceConfigFromFlags() {
  Problems problems;
  JobServiceConfig config;
  config.server = ServerOptionsFromFlags(problems);
  config.mariadb.unix_socket = absl::GetFlag(FLAGS_mariadb_socket);
  config.mariadb.host = absl::GetFlag(FLAGS_mariadb_host);
  config.mariadb.port =
      static_cast<uint16_t>(InRange(FLAGS_mariadb_port, "--mariadb_port", 1, 65535, problems));
  config.mariadb.user = absl::GetFlag(FLAGS_mariadb_user);
  config.mariadb.password = Secret("GENWATCH_MARIADB_PASSWORD");
  config.mariadb.database = absl::GetFlag(FLAGS_mariadb_database);
  config.mariadb_connections =
      InRange(FLAGS_mariadb_connections, "--mariadb_connections", 1, kMostConnections, problems);
  if (absl::StatusOr<RedisAddress> redis = RedisAddress::Parse(absl::GetFlag(FLAGS_redis));
      redis.ok()) {
    config.redis = *std::move(redis);
    config.redis.password = Secret("GENWATCH_REDIS_PASSWORD");
  } else {
    problems.Add("--redis", ToStd(redis.status().message()));
  }
  config.default_model = absl::GetFlag(FLAGS_default_model);
  for (const std::string& name : absl::GetFlag(FLAGS_operators)) {
    if (name.empty() || name.front() == ' ' || name.back() == ' ') {
      problems.Add("--operators", "has an empty name, or one with spaces around it");
      break;
    }
    config.operators.insert(name);
  }
  config.max_failures = InRange(FLAGS_max_failures, "--max_failures", 1, 100, problems);
  config.max_prompt_bytes =
      InRange(FLAGS_max_prompt_bytes, "--max_prompt_bytes", 1, 1 << 20, problems);
  config.max_output_bytes =
      InRange(FLAGS_max_output_bytes, "--max_output_bytes", 1 << 10, 8 << 20, problems);
  if (absl::Status status = problems.ToStatus(); !status.ok()) return status;
  return config;
}

}  // namespace genwatch

#ifndef GENWATCH_JOB_SERVICE_OPTIONS_H_
#define GENWATCH_JOB_SERVICE_OPTIONS_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "common/server_flags.h"
#include "job_service/mariadb/connection.h"
#include "job_service/redis/connection.h"

namespace genwatch {

struct JobServiceConfig {
  ServerOptions server;
  // Also GENWATCH_MARIADB_PASSWORD.
  mariadb::ConnectionOptions mariadb;
  size_t mariadb_connections = 8;
  // Also GENWATCH_REDIS_PASSWORD.
  RedisAddress redis;
  std::string default_model;
  uint32_t max_failures = 3;
  std::set<std::string> operators;
  size_t max_prompt_bytes = 64 << 10;
  uint32_t max_output_bytes = 1 << 20;
};

// Before ParseCommandLine.
void SetJobServiceFlagDefaults();

// After it. INVALID_ARGUMENT with everything that is wrong.
absl::StatusOr<JobServiceConfig> JobServiceConfigFromFlags();

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_OPTIONS_H_

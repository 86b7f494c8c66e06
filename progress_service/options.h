#ifndef GENWATCH_PROGRESS_SERVICE_OPTIONS_H_
#define GENWATCH_PROGRESS_SERVICE_OPTIONS_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "common/server_flags.h"

namespace genwatch {

struct ProgressServiceConfig {
  ServerOptions server;
  std::string job_service;
  // May stand for many workers; each of them is listened to.
  std::string generation;
  size_t max_text_bytes = 0;
  size_t max_watchers = 0;
  // Print the lines about running jobs on stdout.
  bool console = true;
};

// Before ParseCommandLine.
void SetProgressServiceFlagDefaults();

// After it. INVALID_ARGUMENT with everything that is wrong.
absl::StatusOr<ProgressServiceConfig> ProgressServiceConfigFromFlags();

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_OPTIONS_H_

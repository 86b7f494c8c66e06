#ifndef GENWATCH_GENERATION_SERVICE_OPTIONS_H_
#define GENWATCH_GENERATION_SERVICE_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/server_flags.h"
#include "generation_service/ollama_client.h"
#include "generation_service/worker_options.h"

namespace genwatch {

struct Options {
  ServerOptions server;
  std::string job_service = "127.0.0.1:50051";
  OllamaOptions ollama;
  // No model server: every job is completed at once. For benchmarks only.
  bool noop = false;
  // Empty: --host and the bound port.
  std::string advertise;
  // `address` is filled in when the port is bound.
  WorkerOptions worker;
};

// Before ParseCommandLine: the defaults of the flags that all servers share.
void SetFlagDefaults();

// After ParseCommandLine. INVALID_ARGUMENT with all that is wrong.
absl::StatusOr<Options> OptionsFromFlags();

// The address that others are told: `advertise`, or `host` and the bound port.
std::string AdvertisedAddress(const Options& options, int port);

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_OPTIONS_H_

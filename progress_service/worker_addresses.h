#ifndef GENWATCH_PROGRESS_SERVICE_WORKER_ADDRESSES_H_
#define GENWATCH_PROGRESS_SERVICE_WORKER_ADDRESSES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace genwatch {

// All single addresses behind `target`: "host:port" (a name may stand for many, as that of a
// headless service does), "dns:///host:port", "unix:path", or several of these with commas between.
// Sorted, each once. Blocks while names are looked up. INVALID_ARGUMENT for what is no target,
// UNAVAILABLE when no name could be resolved. Thread-safe.
absl::StatusOr<std::vector<std::string>> WorkerAddresses(const std::string& target);

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_WORKER_ADDRESSES_H_

#ifndef GENWATCH_TESTS_CHAOS_HARNESS_SIMULATOR_LOG_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_SIMULATOR_LOG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace genwatch::chaos {

// One request for an answer, as the simulator saw it.
struct SimulatedRequest {
  std::string prompt;
  // "completed", "cancelled" (the client closed the connection), "failed", or what it is doing.
  std::string state;
  absl::Duration ended;  // on RealClock()->Monotonic()
};

// Reads what a simulator says about its clients. Not thread-safe.
class SimulatorLog {
 public:
  // Compares its clock with ours; when it is still quiet, so that its log is short.
  static absl::StatusOr<SimulatorLog> Open(const std::string& simulator_url);

  absl::StatusOr<std::vector<SimulatedRequest>> Requests() const;

 private:
  SimulatorLog(std::string url, absl::Duration start) : url_(std::move(url)), start_(start) {}

  std::string url_;
  // Of its clock, on ours; late by what a request takes, so that times are never too early.
  absl::Duration start_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_SIMULATOR_LOG_H_

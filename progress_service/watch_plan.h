#ifndef GENWATCH_PROGRESS_SERVICE_WATCH_PLAN_H_
#define GENWATCH_PROGRESS_SERVICE_WATCH_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "genwatch/v1/progress_service.pb.h"

namespace genwatch {

inline constexpr absl::Duration kRarestHeartbeat = absl::Seconds(15);
inline constexpr absl::Duration kMostFrequentHeartbeat = absl::Seconds(1);

// A WatchProgress call that makes sense.
struct WatchPlan {
  std::string owner;
  std::vector<v1::WatchTarget> targets;
  bool mine_active = false;
  bool text = false;
  // Between two updates about a job; zero: no limit.
  absl::Duration min_interval = absl::ZeroDuration();
  // Something is said after so long without a message.
  absl::Duration heartbeat = kRarestHeartbeat;
};

// INVALID_ARGUMENT with reason BAD_JOB_ID, NO_TARGETS, TOO_MANY_TARGETS, DUPLICATE_TARGET or
// BAD_MAX_RATE, and the field. Pure; thread-safe.
absl::StatusOr<WatchPlan> PlanWatch(const v1::WatchProgressRequest& request, std::string owner);

// INVALID_ARGUMENT (BAD_JOB_ID) naming `field` unless it is a well-formed job id.
absl::Status CheckJobId(const std::string& job_id, const std::string& field);

// What a job of somebody else gets as well.
absl::Status JobNotFound(const std::string& job_id);

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_WATCH_PLAN_H_

#include "progress_service/watch_plan.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "common/string_view.h"
#include "progress_service/job_id.h"

namespace genwatch {
namespace {

constexpr int kMaxTargets = 50;
// What somebody who watches all of theirs may hold of them.
constexpr int kMaxTargetsOfMine = 200;

absl::Status Invalid(std::string_view reason, std::string_view field, std::string_view text) {
  return WithFieldViolation(Error(absl::StatusCode::kInvalidArgument, reason,
                                  absl::StrCat(ToAbsl(field), ": ", ToAbsl(text))),
                            field, text);
}

}  // namespace

absl::StatusOr<WatchPlan> PlanWatch(const v1::WatchProgressRequest& request, std::string owner) {
  if (!request.mine_active() && request.targets_size() == 0) {
    return Invalid("NO_TARGETS", "targets", "name a job, or set mine_active");
  }
  const int most = request.mine_active() ? kMaxTargetsOfMine : kMaxTargets;
  if (request.targets_size() > most) {
    return Invalid("TOO_MANY_TARGETS", "targets", absl::StrCat("at most ", most));
  }
  if (!std::isfinite(request.max_rate()) || request.max_rate() < 0) {
    return Invalid("BAD_MAX_RATE", "max_rate", "must be 0 (no limit) or positive");
  }
  WatchPlan plan;
  std::unordered_set<std::string_view> seen;
  for (int i = 0; i < request.targets_size(); ++i) {
    const std::string field = absl::StrCat("targets[", i, "].job_id");
    const std::string& job_id = request.targets(i).job_id();
    if (absl::Status status = CheckJobId(job_id, field); !status.ok()) return status;
    if (!seen.insert(job_id).second) return Invalid("DUPLICATE_TARGET", field, "named before");
    plan.targets.push_back(request.targets(i));
  }
  plan.owner = std::move(owner);
  plan.mine_active = request.mine_active();
  plan.text = request.text();
  // Rarer than once an hour is never, for a stream.
  if (request.max_rate() > 0) {
    plan.min_interval = std::min(absl::Seconds(1 / request.max_rate()), absl::Hours(1));
  }
  if (request.heartbeat_ms() > 0) {
    plan.heartbeat = std::clamp(absl::Milliseconds(request.heartbeat_ms()), kMostFrequentHeartbeat,
                                kRarestHeartbeat);
  }
  return plan;
}

absl::Status CheckJobId(const std::string& job_id, const std::string& field) {
  if (IsJobId(job_id)) return absl::OkStatus();
  return Invalid("BAD_JOB_ID", field, "must be job_ and 32 lower-case hexadecimal digits");
}

absl::Status JobNotFound(const std::string& job_id) {
  return WithMetadata(
      Error(absl::StatusCode::kNotFound, "JOB_NOT_FOUND", absl::StrCat("no job ", job_id)),
      "job_id", job_id);
}

}  // namespace genwatch

#include "job_service/job_leaser.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/failpoint.h"
#include "common/log.h"
#include "job_service/job_proto.h"

namespace genwatch {
namespace {

uint32_t LimitOf(const v1::LeaseJobsRequest& request, const std::string& model) {
  for (const v1::ModelSlots& slots : request.models()) {
    if (slots.model() == model) return std::max<uint32_t>(slots.limit(), 1);
  }
  return 1;
}

}  // namespace

absl::StatusOr<v1::LeaseJobsResponse> JobLeaser::Lease(const v1::LeaseJobsRequest& request) {
  v1::LeaseJobsResponse response;
  if (!health_->healthy()) return response;
  absl::StatusOr<std::vector<ModelHold>> holds = holds_->List();
  if (!holds.ok()) return holds.status();
  std::vector<ModelDemand> demands;
  for (const v1::ModelSlots& slots : request.models()) {
    if (slots.free() == 0) continue;
    if (IsHeld(*holds, slots.model())) continue;
    demands.push_back({.model = slots.model(), .free = slots.free(), .loaded = slots.loaded()});
  }
  if (demands.empty()) return response;

  absl::StatusOr<std::vector<PoppedJob>> popped =
      queue_->Pop(demands, std::max<uint32_t>(request.max_jobs(), 1));
  if (!popped.ok()) return popped.status();
  GENWATCH_FAILPOINT("jobs_popped");
  std::map<std::string, std::vector<PoppedJob>> by_model;
  for (PoppedJob& job : *popped) by_model[job.model].push_back(std::move(job));
  absl::Status result;
  for (const auto& [model, jobs] : by_model) {
    result.Update(LeaseModel(request, model, jobs, response));
  }
  // What was leased is the worker's, whatever failed beside it.
  if (response.jobs_size() == 0 && !result.ok()) return result;
  return response;
}

absl::Status JobLeaser::LeaseModel(const v1::LeaseJobsRequest& request, const std::string& model,
                                   const std::vector<PoppedJob>& popped,
                                   v1::LeaseJobsResponse& response) {
  LeaseGrant grant{.worker = request.worker(),
                   .heartbeat_number = request.heartbeat_number(),
                   .model = model,
                   .limit = LimitOf(request, model),
                   .alone = request.idle(),
                   .continues = request.continues()};
  for (const PoppedJob& job : popped) {
    grant.candidates.push_back({.job_id = job.job_id, .score = job.score});
  }
  absl::StatusOr<LeaseResult> result = store_->Lease(grant);
  if (!result.ok()) {
    // Perhaps it was committed all the same: then the lease is released as never received, and a
    // second lease of the same job is refused meanwhile.
    queue_->PutBack(popped).IgnoreError();
    return result.status();
  }
  GENWATCH_FAILPOINT("lease_committed");
  std::set<std::string> stay;
  for (const LeaseCandidate& candidate : result->put_back) stay.insert(candidate.job_id);
  std::vector<std::string> gone;
  std::vector<PoppedJob> back;
  for (const PoppedJob& job : popped) {
    if (stay.count(job.job_id) > 0) {
      back.push_back(job);
    } else {
      gone.push_back(job.job_id);
    }
  }
  // Both are hints: what is lost here is put right after 5 s.
  queue_->Confirm(gone).IgnoreError();
  queue_->PutBack(back).IgnoreError();
  for (const JobRecord& job : result->leased) {
    *response.add_jobs() = ToLeasedJob(job);
    LogInfo("job leased", {{"job_id", job.job_id},
                           {"version", job.version},
                           {"attempt", job.attempt},
                           {"model", model},
                           {"instance", request.worker().instance()}});
  }
  return absl::OkStatus();
}

v1::LeasedJob JobLeaser::ToLeasedJob(const JobRecord& job) {
  v1::LeasedJob leased;
  leased.set_job_id(job.job_id);
  leased.set_version(job.version);
  leased.set_attempt(job.attempt);
  leased.set_failures(job.failures);
  *leased.mutable_spec() = job.spec;
  leased.mutable_bases()->Assign(job.bases.begin(), job.bases.end());
  leased.set_max_output_bytes(max_output_bytes_);
  leased.set_elapsed_before_ms(job.numbers.elapsed_ms());
  leased.set_alone(job.alone);
  // Without it the estimate starts cold; the job is worth more than its estimate.
  if (absl::StatusOr<v1::LengthHistory> history = store_->History(job.spec); history.ok()) {
    *leased.mutable_history() = *std::move(history);
  }
  return leased;
}

}  // namespace genwatch

#include "job_service/job_leaser.h"

#include <algorithm>
#include <iterator>
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

// Looks past so many batches of suspects; more of them wait for the next look.
constexpr int kMostRounds = 4;
// Of one answer, unless its only job is larger; a channel takes 16 MiB.
constexpr size_t kMostAnswerBytes = 12 << 20;

// What the worker could still start.
std::vector<ModelDemand> DemandsOf(const v1::LeaseJobsRequest& request,
                                   const std::vector<ModelHold>& holds,
                                   const std::vector<JobRecord>& leased) {
  std::vector<ModelDemand> demands;
  for (const v1::ModelSlots& slots : request.models()) {
    if (IsHeld(holds, slots.model())) continue;
    const auto taken = static_cast<uint32_t>(std::count_if(
        leased.begin(), leased.end(),
        [&slots](const JobRecord& job) { return job.spec.model() == slots.model(); }));
    if (slots.free() <= taken) continue;
    demands.push_back(
        {.model = slots.model(), .free = slots.free() - taken, .loaded = slots.loaded()});
  }
  return demands;
}

std::set<std::string> IdsOf(const std::vector<LeaseCandidate>& candidates) {
  std::set<std::string> ids;
  for (const LeaseCandidate& candidate : candidates) ids.insert(candidate.job_id);
  return ids;
}

v1::HeldJob LeaseOf(const JobRecord& job) {
  v1::HeldJob lease;
  lease.set_job_id(job.job_id);
  lease.set_version(job.version);
  return lease;
}

}  // namespace

absl::StatusOr<v1::LeaseJobsResponse> JobLeaser::Lease(const v1::LeaseJobsRequest& request) {
  if (!health_->healthy()) return v1::LeaseJobsResponse();
  absl::StatusOr<std::vector<ModelHold>> holds = holds_->List();
  if (!holds.ok()) return holds.status();
  absl::Status result;
  std::vector<JobRecord> leased;
  std::vector<PoppedJob> suspects;
  for (int round = 0; round < kMostRounds; ++round) {
    const std::vector<ModelDemand> demands = DemandsOf(request, *holds, leased);
    const auto count = static_cast<uint32_t>(leased.size());
    const uint32_t most = std::max<uint32_t>(request.max_jobs(), 1);
    if (demands.empty() || count >= most) break;
    absl::StatusOr<std::vector<PoppedJob>> popped = queue_->Pop(demands, most - count);
    if (!popped.ok()) {
      result.Update(popped.status());
      break;
    }
    GENWATCH_FAILPOINT("jobs_popped");
    std::map<std::string, std::vector<PoppedJob>> by_model;
    for (PoppedJob& job : *popped) by_model[job.model].push_back(std::move(job));
    const size_t suspects_before = suspects.size();
    for (const auto& [model, jobs] : by_model) {
      result.Update(LeaseModel(request, model, jobs, suspects, leased));
    }
    // Only suspects are passed by: whatever else stays waiting, so does what is behind it.
    if (suspects.size() == suspects_before) break;
  }
  if (!suspects.empty()) queue_->PutBack(suspects).IgnoreError();
  // What was leased is the worker's, whatever failed beside it.
  if (leased.empty() && !result.ok()) return result;
  return AnswerOf(request, leased);
}

void JobLeaser::GiveBack(const v1::LeaseJobsRequest& request, const v1::LeaseJobsResponse& found) {
  std::vector<v1::HeldJob> leases;
  for (const v1::LeasedJob& job : found.jobs()) {
    v1::HeldJob& lease = leases.emplace_back();
    lease.set_job_id(job.job_id());
    lease.set_version(job.version());
  }
  GiveBack(request, leases);
}

void JobLeaser::GiveBack(const v1::LeaseJobsRequest& request,
                         absl::Span<const v1::HeldJob> leases) {
  const auto released = store_->ReleaseLeases(request.worker().instance(), leases);
  if (!released.ok()) {
    LogWarning("leases that did not reach their worker stay until its heartbeats tell",
               {{"instance", request.worker().instance()}, ErrorField(released.status())});
    return;
  }
  LogInfo("leases that did not reach their worker are released",
          {{"instance", request.worker().instance()}, {"jobs", released->size()}});
  feeder_->Enqueue(*released);
}

absl::Status JobLeaser::LeaseModel(const v1::LeaseJobsRequest& request, const std::string& model,
                                   const std::vector<PoppedJob>& popped,
                                   std::vector<PoppedJob>& suspects,
                                   std::vector<JobRecord>& leased) {
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
  const std::set<std::string> stay = IdsOf(result->put_back);
  const std::set<std::string> passed_by = IdsOf(result->suspects);
  std::vector<std::string> gone;
  std::vector<PoppedJob> back;
  for (const PoppedJob& job : popped) {
    if (stay.count(job.job_id) > 0) {
      back.push_back(job);
    } else if (passed_by.count(job.job_id) > 0) {
      suspects.push_back(job);
    } else {
      gone.push_back(job.job_id);
    }
  }
  // Both are hints: what is lost here is put right after 5 s.
  if (!gone.empty()) queue_->Confirm(gone).IgnoreError();
  if (!back.empty()) queue_->PutBack(back).IgnoreError();
  std::move(result->leased.begin(), result->leased.end(), std::back_inserter(leased));
  return absl::OkStatus();
}

v1::LeaseJobsResponse JobLeaser::AnswerOf(const v1::LeaseJobsRequest& request,
                                          const std::vector<JobRecord>& leased) {
  v1::LeaseJobsResponse answer;
  std::vector<v1::HeldJob> too_much;
  size_t bytes = 0;
  for (const JobRecord& job : leased) {
    if (!too_much.empty()) {
      too_much.push_back(LeaseOf(job));
      continue;
    }
    v1::LeasedJob lease = ToLeasedJob(job);
    if (absl::Status status = FillKeptText(job, lease); !status.ok()) {
      // Not given to the worker, which would have to drop the text: it is released as never
      // received. Not at once, because it would be leased again at once.
      LogWarning("kept text can't be read now", {{"job_id", job.job_id}, ErrorField(status)});
      continue;
    }
    bytes += lease.ByteSizeLong();
    if (answer.jobs_size() > 0 && bytes > kMostAnswerBytes) {
      too_much.push_back(LeaseOf(job));
      continue;
    }
    *answer.add_jobs() = std::move(lease);
    LogDebug("job leased", {{"job_id", job.job_id},
                            {"version", job.version},
                            {"attempt", job.attempt},
                            {"model", job.spec.model()},
                            {"instance", request.worker().instance()}});
  }
  if (!too_much.empty()) GiveBack(request, too_much);
  return answer;
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
  if (absl::StatusOr<v1::LengthHistory> history = histories_.Of(job.spec); history.ok()) {
    *leased.mutable_history() = *std::move(history);
  }
  return leased;
}

absl::Status JobLeaser::FillKeptText(const JobRecord& job, v1::LeasedJob& leased) {
  const v1::LeaseBase& base = job.bases.back();
  const auto read = [&](v1::Channel channel, uint32_t length) -> absl::StatusOr<std::string> {
    if (length == 0) return "";
    absl::StatusOr<TextRead> text = store_->ReadText(job.job_id, channel, 0, length);
    if (!text.ok()) return text.status();
    if (text->version != job.version || text->text.size() != length) {
      return absl::AbortedError("the job has changed meanwhile");
    }
    return std::move(text->text);
  };
  absl::StatusOr<std::string> answer = read(v1::CHANNEL_ANSWER, base.answer());
  if (!answer.ok()) return answer.status();
  absl::StatusOr<std::string> thinking = read(v1::CHANNEL_THINKING, base.thinking());
  if (!thinking.ok()) return thinking.status();
  leased.set_answer(*std::move(answer));
  leased.set_thinking(*std::move(thinking));
  return absl::OkStatus();
}

}  // namespace genwatch

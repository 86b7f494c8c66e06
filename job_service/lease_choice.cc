#include "job_service/lease_choice.h"

namespace genwatch {

LeaseChoice ChooseLeases(const LeaseGrant& grant, const LeaseSituation& situation,
                         const std::map<std::string, JobRecord>& jobs) {
  LeaseChoice choice;
  const uint32_t room = grant.limit > situation.running ? grant.limit - situation.running : 0;
  bool full = situation.held || situation.worker_alone;
  for (const LeaseCandidate& candidate : grant.candidates) {
    const auto found = jobs.find(candidate.job_id);
    if (found == jobs.end()) continue;
    const JobRecord& job = found->second;
    if (job.state != v1::Job::STATE_QUEUED || job.spec.model() != grant.model) continue;
    if (job.not_before.has_value() && *job.not_before > situation.now) continue;
    const bool suspect = job.losses >= kSuspectLosses;
    const bool would_be_alone = grant.alone && situation.worker_jobs == 0 && choice.chosen.empty();
    if (full || choice.chosen.size() >= room || (suspect && !would_be_alone)) {
      choice.put_back.push_back(candidate);
      continue;
    }
    choice.chosen.push_back(
        {.job_id = candidate.job_id, .score = candidate.score, .alone = suspect});
    full = suspect;
  }
  return choice;
}

}  // namespace genwatch

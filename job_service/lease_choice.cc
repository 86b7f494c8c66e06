#include "job_service/lease_choice.h"

namespace genwatch {

namespace {

bool CouldBeLeased(const LeaseGrant& grant, const LeaseSituation& situation, const JobRecord& job) {
  if (job.state != v1::Job::STATE_QUEUED || job.spec.model() != grant.model) return false;
  return !job.not_before.has_value() || *job.not_before <= situation.now;
}

}  // namespace

LeaseChoice ChooseLeases(const LeaseGrant& grant, const LeaseSituation& situation,
                         const std::map<std::string, JobRecord>& jobs) {
  LeaseChoice choice;
  std::vector<LeaseCandidate> ordinary;
  for (const LeaseCandidate& candidate : grant.candidates) {
    const auto found = jobs.find(candidate.job_id);
    if (found == jobs.end() || !CouldBeLeased(grant, situation, found->second)) continue;
    (IsWaitingSuspect(found->second) ? choice.suspects : ordinary).push_back(candidate);
  }
  size_t room = grant.limit > situation.running ? grant.limit - situation.running : 0;
  if (situation.held || situation.worker_alone) room = 0;
  if (room > 0 && grant.alone && situation.worker_jobs == 0 && !choice.suspects.empty()) {
    const LeaseCandidate first = choice.suspects.front();
    choice.suspects.erase(choice.suspects.begin());
    choice.chosen.push_back({.job_id = first.job_id, .score = first.score, .alone = true});
    room = 0;
  }
  for (const LeaseCandidate& candidate : ordinary) {
    if (room == 0) {
      choice.put_back.push_back(candidate);
      continue;
    }
    --room;
    choice.chosen.push_back({.job_id = candidate.job_id, .score = candidate.score});
  }
  return choice;
}

}  // namespace genwatch

#ifndef GENWATCH_JOB_SERVICE_LEASE_CHOICE_H_
#define GENWATCH_JOB_SERVICE_LEASE_CHOICE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "job_service/job.h"
#include "job_service/job_store.h"

namespace genwatch {

// What the ledger holds at the moment of a lease, all of it locked.
struct LeaseSituation {
  // Jobs of the model that run on the model server.
  uint32_t running = 0;
  bool held = false;
  // Jobs that the worker has, and whether one of them must be alone.
  uint32_t worker_jobs = 0;
  bool worker_alone = false;
  absl::Time now;
};

struct LeaseChoice {
  struct Chosen {
    std::string job_id;
    double score = 0;
    // Nothing else runs on the worker meanwhile.
    bool alone = false;
  };
  std::vector<Chosen> chosen;
  std::vector<LeaseCandidate> put_back;
  // Suspected of killing workers: they stay waiting for a worker that runs nothing.
  std::vector<LeaseCandidate> suspects;
};

// Which candidates to lease, in the order given; which stay waiting, because there is no room now.
// A worker that runs nothing takes the first suspect, if there is one, and nothing else.
// The others (ended, paused, leased, waiting for a retry, of another model, unknown) are neither.
// Pure. `jobs` holds the candidates that exist, by id.
LeaseChoice ChooseLeases(const LeaseGrant& grant, const LeaseSituation& situation,
                         const std::map<std::string, JobRecord>& jobs);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_LEASE_CHOICE_H_

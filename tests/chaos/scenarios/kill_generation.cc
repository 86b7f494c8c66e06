// Workers are killed at random while they run jobs.

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr int kWorkers = 4;

// When so many jobs have ended, and a moment later, the worker is killed.
struct PlannedKill {
  int after_jobs;
  absl::Duration moment;
  int worker;
};

// Spread over all of the run but its last part, where there is nothing left to disturb.
std::vector<PlannedKill> PlanKills(Random random, int kills, int jobs) {
  std::vector<PlannedKill> plan(kills);
  for (PlannedKill& kill : plan) {
    kill.after_jobs = random.Between(0, jobs * 9 / 10);
    kill.moment = random.Between(absl::ZeroDuration(), absl::Milliseconds(500));
    kill.worker = random.Between(0, kWorkers - 1);
  }
  std::sort(plan.begin(), plan.end(),
            [](const PlannedKill& a, const PlannedKill& b) { return a.after_jobs < b.after_jobs; });
  return plan;
}

absl::Status KillGeneration(Run& run) {
  const int jobs = run.Size(1000, 12);
  const int kills = run.Size(100, 2);
  const std::vector<PlannedKill> plan = PlanKills(run.random.Fork("kills"), kills, jobs);
  const std::vector<JobPlan> plans =
      PlanJobs(run.random.Fork("jobs"), jobs, {.least_tokens = 20, .most_tokens = 200});

  auto cluster = Cluster::Start({.logs = run.logs, .workers = kWorkers, .slots = 16});
  if (!cluster.ok()) return cluster.status();
  JobClient client((*cluster)->job_address());
  const auto submitted = client.SubmitAll(plans);
  if (!submitted.ok()) return submitted.status();

  LedgerReader ledger(**cluster);
  int killed = 0;
  for (const PlannedKill& kill : plan) {
    const bool due = Await([&] { return ledger.Ended().value_or(0) >= kill.after_jobs; },
                           absl::Minutes(2), absl::Milliseconds(20));
    if (!due) return absl::DeadlineExceededError("no job has ended for 2 minutes");
    // The moment is the fault's own; there is nothing to wait for.
    Await([] { return false; }, kill.moment);
    ServiceProcess& worker = (*cluster)->worker(kill.worker);
    if (worker.Kill()) ++killed;
    if (absl::Status status = worker.Start(); !status.ok()) return status;
  }
  if (absl::Status status = AwaitAllEnded(ledger, jobs, absl::Minutes(5)); !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  run.report.Injected(killed, kills, "kills");
  return JudgeAndReport(**cluster, *submitted, run.report, "kill_generation").status();
}

const RegisterScenario registered({
    .name = "kill_generation",
    .shows = "kill -9 of workers at random loses no job, runs none twice to its end, and changes "
             "no byte of a text",
    .brief = true,
    .run = KillGeneration,
});

}  // namespace
}  // namespace genwatch::chaos

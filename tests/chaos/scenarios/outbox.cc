// job_service dies between the commit of a submit and the line that puts the job into the queue.

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/failpoint_lives.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr char kRules[] = "submit_committed=crash";

absl::Status Outbox(Run& run) {
  const int kills = run.Size(100, 4);
  const std::vector<JobPlan> plans =
      PlanJobs(run.random.Fork("jobs"), kills, {.least_tokens = 5, .most_tokens = 60});
  // Every second caller dies with job_service: nobody asks again for these jobs until the end.
  Random callers = run.random.Fork("callers");
  std::vector<bool> asks_again;
  for (int i = 0; i < kills; ++i) asks_again.push_back(callers.Unit() < 0.5);

  auto cluster = Cluster::Start({.logs = run.logs, .failpoints = true});
  if (!cluster.ok()) return cluster.status();
  FailpointLives lives(&(*cluster)->job_service(), absl::StrCat(run.logs, "/failpoints"),
                       run.random.Fork("failpoints"));
  JobClient client((*cluster)->job_address());
  for (int i = 0; i < kills; ++i) {
    if (absl::Status status = lives.Begin(kRules); !status.ok()) return status;
    // Refused until the new life listens and knows the models; then it dies of the submit.
    const bool died = Await(
        [&] {
          client.Submit(plans[i]).IgnoreError();
          return !(*cluster)->job_service().Running();
        },
        absl::Seconds(30), absl::Milliseconds(20));
    if (!died) return absl::DeadlineExceededError("a submit was not answered by a crash");
    if (!asks_again[i]) continue;
    // Of a life that does not die: the job is there already, so nothing is committed again.
    if (absl::Status status = lives.Begin(""); !status.ok()) return status;
    if (auto again = client.SubmitAll({plans[i]}); !again.ok()) return again.status();
  }
  if (absl::Status status = lives.Begin(""); !status.ok()) return status;

  LedgerReader ledger(**cluster);
  const auto rows = ledger.Number("SELECT CAST(COUNT(*) AS UNSIGNED) FROM ai_generation_jobs");
  if (!rows.ok()) return rows.status();
  // Nobody has asked for half of them again, and all run.
  if (absl::Status status = AwaitAllEnded(ledger, kills, absl::Minutes(2)); !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  const auto submitted = client.SubmitAll(plans);
  if (!submitted.ok()) return submitted.status();
  std::set<std::string> job_ids;
  for (const SubmittedJob& job : *submitted) job_ids.insert(job.job_id);
  if (job_ids.size() != plans.size() || *rows != plans.size()) {
    run.report.Complain(absl::StrCat(plans.size(), " submits made ", *rows, " jobs"));
  }
  run.report.Injected(lives.InjectedInAll(), kills, "kills");
  const auto verdict = JudgeAndReport(**cluster, *submitted, run.report, "outbox");
  if (!verdict.ok()) return verdict.status();
  run.report.AtMost("outbox_failures_charged", verdict->failures_charged, 0, "failures");
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "outbox",
    .shows =
        "job_service killed between a submit's commit and its enqueueing: every job runs, once",
    .brief = true,
    .run = Outbox,
});

}  // namespace
}  // namespace genwatch::chaos

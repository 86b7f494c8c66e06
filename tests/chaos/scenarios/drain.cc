// Workers are replaced one after the other, as a rolling update does, while jobs run.

#include <algorithm>
#include <string>
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

constexpr int kWorkers = 3;

absl::Status Drain(Run& run) {
  const int drains = run.Size(30, 2);
  const int count = run.Size(500, 16);
  Random draws = run.random.Fork("moments");
  const std::vector<JobPlan> plans =
      PlanJobs(run.random.Fork("jobs"), count, {.least_tokens = 20, .most_tokens = 200});

  // Some jobs end within the drain, others are handed over.
  auto started = Cluster::Start(
      {.logs = run.logs, .workers = kWorkers, .slots = 8, .worker_flags = {"--drain_seconds=1"}});
  if (!started.ok()) return started.status();
  Cluster& cluster = **started;
  JobClient client(cluster.job_address());
  const auto jobs = client.SubmitAll(plans);
  if (!jobs.ok()) return jobs.status();

  LedgerReader ledger(cluster);
  int drained = 0;
  for (int i = 0; i < drains; ++i) {
    const int after = count * 9 / 10 * i / drains;
    const bool due = Await([&] { return ledger.Ended().value_or(0) >= after; }, absl::Minutes(2),
                           absl::Milliseconds(20));
    if (!due) return absl::DeadlineExceededError("the jobs do not end");
    Await([] { return false; }, draws.Between(absl::ZeroDuration(), absl::Seconds(1)));
    ServiceProcess& worker = cluster.worker(i % kWorkers);
    if (!worker.Terminate()) continue;
    const auto status = worker.AwaitEnd(absl::Seconds(30));
    if (!status.ok()) return status.status();
    if (*status != 0) {
      run.report.Complain(absl::StrCat(worker.name(), " ended with status ", *status));
    }
    ++drained;
    if (absl::Status start = worker.Start(); !start.ok()) return start;
  }
  if (absl::Status status = AwaitAllEnded(ledger, count, absl::Minutes(4)); !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  run.report.Injected(drained, drains, "drains");
  const auto handed_over = ledger.Number(
      "SELECT CAST(COUNT(*) AS UNSIGNED) FROM ai_generation_attempts "
      "WHERE outcome IN ('handed_over', 'released')");
  if (!handed_over.ok()) return handed_over.status();
  run.report.Figure("drain_handed_over", static_cast<double>(*handed_over), "attempts");
  const auto others = ledger.Number(
      "SELECT CAST(COUNT(*) AS UNSIGNED) FROM ai_generation_attempts "
      "WHERE outcome NOT IN ('completed', 'handed_over', 'released')");
  if (!others.ok()) return others.status();
  run.report.AtMost("drain_attempts_lost", static_cast<double>(*others), 0, "attempts");
  const auto verdict = JudgeAndReport(cluster, *jobs, run.report, "drain");
  if (!verdict.ok()) return verdict.status();
  run.report.AtMost("drain_failures_charged", verdict->failures_charged, 0, "failures");
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "drain",
    .shows = "workers that are asked to end hand their jobs over, at no cost to the jobs",
    .brief = true,
    .run = Drain,
});

}  // namespace
}  // namespace genwatch::chaos

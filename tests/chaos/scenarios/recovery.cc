// From the kill of a worker to the first text of the next attempt, as a watcher sees it.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/clock.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/job_watcher.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr double kMostMedianSeconds = 5;
constexpr double kMostSeconds = 8;
// Long enough to be running when the kill comes, and to end soon afterwards.
constexpr JobKind kKind = {.least_tokens = 90, .most_tokens = 120, .tokens_per_second = 60};

// The worker that holds the job; -1 if none does.
int HolderOf(Cluster& cluster, LedgerReader& ledger, const std::string& job_id) {
  for (int i = 0; i < cluster.workers(); ++i) {
    const auto held = ledger.HeldBy(cluster.worker_instance(i));
    if (held.ok() && held->contains(job_id)) return i;
  }
  return -1;
}

// Kills the worker that runs the job, `moment` after its first text. How long it takes until the
// text of the next attempt arrives.
absl::StatusOr<absl::Duration> Trial(Cluster& cluster, LedgerReader& ledger,
                                     const SubmittedJob& job, absl::Duration moment) {
  JobWatcher watcher(cluster.progress_address(), {job});
  if (!Await([&] { return !watcher.Of(job.job_id).first_text.empty(); }, absl::Seconds(60))) {
    return absl::DeadlineExceededError("no text of " + job.job_id);
  }
  Await([] { return false; }, moment);
  const int holder = HolderOf(cluster, ledger, job.job_id);
  if (holder < 0) return absl::NotFoundError(job.job_id + " ended before the kill");
  const uint32_t version = watcher.Of(job.job_id).version;
  ServiceProcess& worker = cluster.worker(holder);
  const absl::Duration killed = RealClock()->Monotonic();
  if (!worker.Kill()) return absl::InternalError(worker.name() + " did not run");
  absl::Duration text = absl::InfiniteDuration();
  const bool went_on = Await(
      [&] {
        const Seen seen = watcher.Of(job.job_id);
        const auto next = seen.first_text.upper_bound(version);
        if (next != seen.first_text.end()) text = next->second;
        return next != seen.first_text.end();
      },
      absl::Seconds(60));
  if (absl::Status status = worker.Start(); !status.ok()) return status;
  if (!went_on) return absl::DeadlineExceededError("no text after the kill: " + job.job_id);
  // A job that is lost twice is suspected of killing workers and has one to itself: the next trial
  // finds neither this job nor a worker that is busy with it.
  if (!Await([&] { return watcher.Done(); }, absl::Seconds(60))) {
    return absl::DeadlineExceededError("no end of " + job.job_id);
  }
  if (!watcher.problems().empty()) return absl::DataLossError(watcher.problems()[0]);
  // And it finds a second worker with free slots.
  if (absl::Status status = cluster.AwaitReady(); !status.ok()) return status;
  return text - killed;
}

absl::Status Recovery(Run& run) {
  const int kills = run.Size(50, 1);
  const std::vector<JobPlan> plans = PlanJobs(run.random.Fork("jobs"), kills, kKind);
  Random moments = run.random.Fork("moments");

  auto cluster = Cluster::Start({.logs = run.logs, .workers = 2, .slots = 8});
  if (!cluster.ok()) return cluster.status();
  JobClient client((*cluster)->job_address());
  LedgerReader ledger(**cluster);
  std::vector<SubmittedJob> jobs;
  std::vector<double> seconds;
  for (const JobPlan& plan : plans) {
    const absl::Duration moment = moments.Between(absl::ZeroDuration(), absl::Milliseconds(800));
    const auto submitted = client.SubmitAll({plan});
    if (!submitted.ok()) return submitted.status();
    jobs.push_back((*submitted)[0]);
    const auto took = Trial(**cluster, ledger, jobs.back(), moment);
    if (!took.ok()) {
      run.report.Complain(absl::StrCat(took.status().ToString()));
      continue;
    }
    seconds.push_back(absl::ToDoubleSeconds(*took));
    run.report.Note(absl::StrFormat("%d: %.2f s", jobs.size(), seconds.back()));
  }
  run.report.Injected(static_cast<int>(seconds.size()), kills, "kills");
  if (!seconds.empty()) {
    std::sort(seconds.begin(), seconds.end());
    run.report.AtMost("recovery_p50_s", seconds[seconds.size() / 2], kMostMedianSeconds, "s");
    run.report.AtMost("recovery_max_s", seconds.back(), kMostSeconds, "s");
    run.report.Figure("recovery_min_s", seconds.front(), "s");
  }
  if (absl::Status status = AwaitAllEnded(ledger, kills, absl::Minutes(1)); !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  return JudgeAndReport(**cluster, jobs, run.report, "recovery").status();
}

const RegisterScenario registered({
    .name = "recovery",
    .shows = "after kill -9 of its worker a job goes on at another within seconds",
    .brief = true,
    .run = Recovery,
});

}  // namespace
}  // namespace genwatch::chaos

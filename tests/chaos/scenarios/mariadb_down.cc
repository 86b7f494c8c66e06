// MariaDB dies while jobs run, and comes back later.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/job_watcher.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/log_watch.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr int kTokensPerSecond = 10;
constexpr absl::Duration kBetweenSubmits = absl::Milliseconds(500);
// "At once" on a busy machine; a gap that the outage made would be as long as the outage.
constexpr double kMostSilenceSeconds = 5;
constexpr double kMostRefusalSeconds = 1;

// What callers met during the outage.
struct Refusals {
  int submits = 0;
  int wrong = 0;
  absl::Duration slowest;
};

// Submits for as long as the outage is to last: each is refused.
Refusals SubmitFor(absl::Duration length, JobClient& client, const std::vector<JobPlan>& plans,
                   Report& report) {
  Refusals refusals;
  const absl::Duration end = RealClock()->Monotonic() + length;
  while (RealClock()->Monotonic() < end) {
    const absl::Duration start = RealClock()->Monotonic();
    const absl::Status status =
        client.Submit(plans[static_cast<size_t>(refusals.submits) % plans.size()]).status();
    refusals.slowest = std::max(refusals.slowest, RealClock()->Monotonic() - start);
    ++refusals.submits;
    if (!absl::IsUnavailable(status)) {
      ++refusals.wrong;
      report.Note(absl::StrCat("a submit was answered ", status.ToString()));
    }
    Await([] { return false; }, std::min(kBetweenSubmits, end - RealClock()->Monotonic()));
  }
  return refusals;
}

// Each watcher saw all of the text, once and in order, without a pause, and the end.
void LookAtWatchers(const std::vector<std::unique_ptr<JobWatcher>>& watchers,
                    const std::vector<SubmittedJob>& jobs, const Verdict& verdict, Report& report) {
  int wrong = 0;
  absl::Duration longest;
  for (const auto& watcher : watchers) {
    for (const std::string& problem : watcher->problems()) {
      ++wrong;
      report.Note(problem);
    }
  }
  for (size_t i = 0; i < jobs.size(); ++i) {
    const Seen seen = watchers[i / kWatchedByOne]->Of(jobs[i].job_id);
    longest = std::max(longest, seen.longest_silence);
    const auto row = verdict.rows.find(jobs[i].job_id);
    if (!seen.terminal || row == verdict.rows.end() || seen.answer != row->second.answer) ++wrong;
  }
  report.AtMost("mariadb_down_shown_wrong", wrong, 0, "watched jobs and updates");
  report.AtMost("mariadb_down_longest_silence_s", absl::ToDoubleSeconds(longest),
                kMostSilenceSeconds, "s");
}

absl::Status MariaDbDown(Run& run) {
  const int jobs = run.Size(200, 8);
  const absl::Duration outage = run.Size(absl::Seconds(30), absl::Seconds(4));
  // Some end before the outage, many during it, some after.
  const std::vector<JobPlan> plans = PlanJobs(run.random.Fork("jobs"), jobs,
                                              {.least_tokens = run.Size(80, 20),
                                               .most_tokens = run.Size(700, 120),
                                               .tokens_per_second = kTokensPerSecond});
  const std::vector<JobPlan> late = PlanJobs(run.random.Fork("late"), jobs, {.owner = "late"});

  auto cluster = Cluster::Start({.logs = run.logs, .workers = 2, .slots = jobs});
  if (!cluster.ok()) return cluster.status();
  JobClient client((*cluster)->job_address());
  auto submitted = client.SubmitAll(plans);
  if (!submitted.ok()) return submitted.status();
  const auto watchers = WatchAll((*cluster)->progress_address(), *submitted);
  LedgerReader ledger(**cluster);
  LogWatch log(**cluster);
  const bool running = Await(
      [&] {
        auto states = ledger.States();
        return states.ok() && (*states)["queued"] == 0;
      },
      absl::Minutes(1), absl::Milliseconds(50));
  if (!running) return absl::DeadlineExceededError("the jobs do not all run");
  const auto ended_before = ledger.Ended();

  PrivateMariaDb& mariadb = (*cluster)->mariadb();
  mariadb.Kill();
  const Refusals refusals = SubmitFor(outage, client, late, run.report);
  // What watchers have seen to its end of jobs that the ledger does not know to have ended would be
  // a lie: COMPLETED is shown when it is stored.
  int shown_early = 0;
  for (const SubmittedJob& job : *submitted) {
    const size_t index = static_cast<size_t>(&job - submitted->data());
    shown_early += watchers[index / kWatchedByOne]->Of(job.job_id).terminal ? 1 : 0;
  }
  const size_t complaints = log.NewComplaints().size();
  if (absl::Status status = mariadb.Start(); !status.ok()) return status;
  run.report.Note(absl::StrCat(ended_before.value_or(-1), " jobs had ended before, ", shown_early,
                               " were shown as ended when the outage was over"));

  if (absl::Status status = AwaitAllEnded(ledger, jobs, absl::Minutes(3)); !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  Await(
      [&] {
        return std::all_of(watchers.begin(), watchers.end(),
                           [](const auto& watcher) { return watcher->Done(); });
      },
      absl::Seconds(20), absl::Milliseconds(50));
  run.report.Injected(1, 1, "outages");
  const auto verdict = JudgeAndReport(**cluster, *submitted, run.report, "mariadb_down");
  if (!verdict.ok()) return verdict.status();
  run.report.AtMost("mariadb_down_failures_charged", verdict->failures_charged, 0, "failures");
  run.report.AtMost("mariadb_down_attempts", verdict->attempts, jobs, "attempts");
  run.report.AtMost("mariadb_down_shown_early", shown_early,
                    static_cast<double>(ended_before.value_or(0)), "jobs");
  run.report.AtLeast("mariadb_down_submits", refusals.submits, run.Size(20, 3), "submits");
  run.report.AtMost("mariadb_down_submits_wrong", refusals.wrong, 0, "submits");
  run.report.AtMost("mariadb_down_refused_s", absl::ToDoubleSeconds(refusals.slowest),
                    kMostRefusalSeconds, "s");
  run.report.AtMost("mariadb_down_complaints", static_cast<double>(complaints), 60, "log records");
  LookAtWatchers(watchers, *submitted, *verdict, run.report);
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "mariadb_down",
    .shows = "MariaDB down while jobs run: submits are refused at once, watchers see every text go "
             "on, every result is stored afterwards",
    .brief = true,
    .run = MariaDbDown,
});

}  // namespace
}  // namespace genwatch::chaos

// job_service dies in each narrow window that has a failpoint, while jobs run.

#include <array>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock.h"
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

// What is done as a life begins, so that it comes to its window.
enum class Prepare { kNothing, kKillAWorker, kEmptyRedis };

struct Window {
  const char* rules;
  Prepare prepare = Prepare::kNothing;
};

// A life each, in turn. What a lease_committed loses is released in the next life.
constexpr std::array<Window, 8> kWindows = {{
    {"submit_committed=crash"},
    {"jobs_popped=crash@1in3"},
    {"lease_committed=crash@1in2"},
    {"release_committed=crash"},
    {"append_committed=crash@1in4"},
    {"finish_committed=crash@1in4"},
    {"reap_committed=crash", Prepare::kKillAWorker},
    {"rebuild_page_added=crash", Prepare::kEmptyRedis},
}};
constexpr int kWorkers = 3;
// A life that does not come to its window makes room for the next.
constexpr absl::Duration kLongestLife = absl::Seconds(12);

absl::Status DoPrepare(Prepare prepare, Random& random, Cluster& cluster) {
  if (prepare == Prepare::kEmptyRedis) return cluster.redis().Wipe();
  if (prepare == Prepare::kNothing) return absl::OkStatus();
  ServiceProcess& worker = cluster.worker(random.Between(0, kWorkers - 1));
  worker.Kill();
  return worker.Start();
}

absl::Status Windows(Run& run) {
  const int wanted = run.Size(100, 8);
  const std::vector<JobPlan> plans =
      PlanJobs(run.random.Fork("jobs"), 5000, {.least_tokens = 20, .most_tokens = 120});
  Random random = run.random.Fork("workers");

  auto cluster = Cluster::Start({.logs = run.logs, .workers = kWorkers, .failpoints = true});
  if (!cluster.ok()) return cluster.status();
  FailpointLives lives(&(*cluster)->job_service(), absl::StrCat(run.logs, "/failpoints"),
                       run.random.Fork("failpoints"));
  JobClient client((*cluster)->job_address());
  LedgerReader ledger(**cluster);
  std::vector<SubmittedJob> submitted;
  // The plan of a submit that was not acknowledged is the next one's as well.
  const auto keep_busy = [&] {
    if (submitted.size() == plans.size() ||
        submitted.size() - static_cast<size_t>(ledger.Ended().value_or(0)) > 30) {
      return;
    }
    const JobPlan& plan = plans[submitted.size()];
    if (const auto job_id = client.Submit(plan, absl::Seconds(1)); job_id.ok()) {
      submitted.push_back({.job_id = *job_id, .plan = plan});
    }
  };
  const absl::Duration end = RealClock()->Monotonic() + absl::Minutes(6);
  for (size_t life = 0; lives.InjectedInAll() < wanted && RealClock()->Monotonic() < end; ++life) {
    const Window& window = kWindows[life % kWindows.size()];
    if (absl::Status status = lives.Begin(window.rules); !status.ok()) return status;
    if (absl::Status status = DoPrepare(window.prepare, random, **cluster); !status.ok()) {
      return status;
    }
    Await(
        [&] {
          keep_busy();
          return !(*cluster)->job_service().Running();
        },
        kLongestLife, absl::Milliseconds(10));
  }
  if (absl::Status status = lives.Begin(""); !status.ok()) return status;
  // Perhaps the last one was not acknowledged, and is there.
  if (submitted.size() < plans.size()) {
    const auto last = client.SubmitAll({plans[submitted.size()]});
    if (!last.ok()) return last.status();
    submitted.insert(submitted.end(), last->begin(), last->end());
  }
  if (absl::Status status =
          AwaitAllEnded(ledger, static_cast<int>(submitted.size()), absl::Minutes(2));
      !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  const std::map<std::string, int> injected = lives.Injected();
  run.report.Note(
      absl::StrCat("crashes: ", absl::StrJoin(injected, ", ", absl::PairFormatter(" "))));
  run.report.AtLeast("windows_hit", static_cast<double>(injected.size()), kWindows.size(),
                     "windows");
  run.report.Injected(lives.InjectedInAll(), wanted, "crashes");
  const auto verdict = JudgeAndReport(**cluster, submitted, run.report, "windows");
  if (!verdict.ok()) return verdict.status();
  run.report.AtMost("windows_failures_charged", verdict->failures_charged, 0, "failures");
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "windows",
    .shows = "job_service killed in each window between a commit and what follows it, again and "
             "again: no job is lost, doubled or charged",
    .brief = false,
    .run = Windows,
});

}  // namespace
}  // namespace genwatch::chaos

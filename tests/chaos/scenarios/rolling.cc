// Every part is replaced, one replica after the other, under those who watch.

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "tests/chaos/harness/audience.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/percentile.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/sse_watchers.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr int kReplicas = 2;
constexpr double kMostSeconds = 2;
// The short form is run beside other tests.
constexpr double kMostSecondsInBrief = 10;

class Rolling {
 public:
  Rolling(Run& run, Cluster& cluster, Audience& audience)
      : run_(run), cluster_(cluster), audience_(audience) {}

  // Ends it as an update does, and starts it again when it has ended.
  absl::Status Replace(ServiceProcess& part) {
    if (!part.Terminate()) return absl::InternalError(part.name() + " did not run");
    for (const absl::Duration end = RealClock()->Monotonic() + absl::Seconds(30);
         part.Running() && RealClock()->Monotonic() < end;) {
      if (absl::Status status = audience_.TendFor(absl::Milliseconds(20)); !status.ok()) {
        return status;
      }
    }
    const auto exit = part.AwaitEnd(absl::Seconds(1));
    if (!exit.ok()) return exit.status();
    if (*exit != 0) run_.report.Complain(absl::StrCat(part.name(), " ended with status ", *exit));
    if (absl::Status status = part.Start(); !status.ok()) return status;
    if (absl::Status status = cluster_.AwaitReady(); !status.ok()) return status;
    ++replaced_;
    return audience_.TendFor(absl::Seconds(1));
  }

  absl::Status Round() {
    for (int i = 0; i < kReplicas; ++i) {
      for (ServiceProcess* const part : {&cluster_.job_service(i), &cluster_.worker(i),
                                         &cluster_.progress_service(i), &cluster_.bridge(i)}) {
        if (absl::Status status = Replace(*part); !status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  int replaced() const { return replaced_; }

 private:
  Run& run_;
  Cluster& cluster_;
  Audience& audience_;
  int replaced_ = 0;
};

absl::Status RollingRestart(Run& run) {
  const int rounds = run.Size(5, 1);
  const double most_seconds = run.Size(kMostSeconds, kMostSecondsInBrief);
  const Audience::Options viewers = {.jobs = run.Size(20, 4), .grpc_each = 3, .sse_each = 6};
  // Some end within the drain of a worker, others are handed over.
  const std::vector<JobPlan> plans =
      PlanJobs(run.random.Fork("jobs"), run.Size(2000, 40),
               {.least_tokens = 40, .most_tokens = 160, .tokens_per_second = 10});
  auto started = Cluster::Start({.logs = run.logs,
                                 .job_services = kReplicas,
                                 .workers = kReplicas,
                                 .progress_services = kReplicas,
                                 .bridges = kReplicas,
                                 .slots = 2 * viewers.jobs,
                                 .worker_flags = {"--drain_seconds=1"}});
  if (!started.ok()) return started.status();
  Cluster& cluster = **started;
  SseWatchers browsers(cluster.bridge_addresses());
  const SseWatchers::Id mine = browsers.WatchMine();
  Audience audience(cluster, viewers, plans, run.report);
  if (absl::Status status = audience.TendFor(absl::Seconds(2)); !status.ok()) return status;
  Rolling rolling(run, cluster, audience);
  for (int i = 0; i < rounds; ++i) {
    if (absl::Status status = rolling.Round(); !status.ok()) return status;
  }
  audience.Finish(absl::Minutes(1));

  run.report.Injected(rolling.replaced(), rounds * kReplicas * 4, "replaced parts");
  run.report.Figure("rolling_viewers", audience.viewers(), "viewers");
  run.report.AtMost("rolling_gaps", audience.breaches().gaps, 0, "gaps");
  run.report.AtMost("rolling_repeats", audience.breaches().repeats, 0, "repeats");
  run.report.AtMost("rolling_other_breaches", audience.breaches().others, 0, "updates");
  run.report.AtMost("rolling_wrong_texts", audience.wrong_texts(), 0, "texts");
  run.report.AtMost("rolling_ends_missed", audience.ends_missed(), 0, "viewers");
  std::vector<double> resumed = audience.resumed_grpc();
  resumed.insert(resumed.end(), audience.resumed_sse().begin(), audience.resumed_sse().end());
  run.report.AtMost("rolling_resume_p99_s", Percentile(resumed, 0.99), most_seconds, "s");

  // One connection for all jobs, each of which joined and left.
  const auto missed = [&] {
    const SseWatchers::Seen seen = browsers.Of(mine);
    return std::count_if(audience.jobs().begin(), audience.jobs().end(), [&](const auto& job) {
      const auto shown = seen.jobs.find(job.job_id);
      return shown == seen.jobs.end() || !shown->second.ended;
    });
  };
  Await([&] { return missed() == 0; }, absl::Seconds(10), absl::Milliseconds(50));
  run.report.AtMost("rolling_mine_missed", static_cast<double>(missed()), 0, "jobs");
  SseWatchers::Seen seen = browsers.Of(mine);
  for (const std::string& word : seen.breaches.words) run.report.Note("all mine: " + word);
  run.report.AtMost("rolling_mine_breaches", seen.breaches.all(), 0, "updates");
  const auto verdict = JudgeAndReport(cluster, audience.jobs(), run.report, "rolling");
  if (!verdict.ok()) return verdict.status();
  int wrong = 0;
  for (const auto& [job_id, row] : verdict->rows) {
    wrong += seen.jobs[job_id].answer() == row.answer ? 0 : 1;
  }
  run.report.AtMost("rolling_mine_wrong_texts", wrong, 0, "texts");
  run.report.AtMost("rolling_failures_charged", verdict->failures_charged, 0, "failures");
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "rolling",
    .shows = "every part replaced under those who watch: no gap, no repeat, every end is seen, by "
             "viewers of one job and of all of theirs",
    .brief = true,
    .run = RollingRestart,
});

}  // namespace
}  // namespace genwatch::chaos

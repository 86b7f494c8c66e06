// Redis dies under load, and comes back with what its append-only file has, or with nothing.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/log_watch.h"
#include "tests/chaos/harness/redis_reader.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/steady_caller.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr absl::Duration kRefillLimit = absl::Seconds(10);
// Each place that complains does so at the first failure, and then each 10 s or more.
constexpr double kMostComplaints = 25;

struct Outage {
  bool emptied = false;
  absl::Duration before;  // since the last one was over
  absl::Duration length;
};

std::vector<Outage> PlanOutages(Random random, int kills, int emptied) {
  std::vector<Outage> outages(static_cast<size_t>(kills + emptied));
  for (size_t i = 0; i < outages.size(); ++i) {
    // Evenly among the others.
    outages[i].emptied = (i + 1) * static_cast<size_t>(emptied) / outages.size() >
                         i * static_cast<size_t>(emptied) / outages.size();
    outages[i].before = random.Between(absl::Milliseconds(200), absl::Seconds(2));
    outages[i].length = random.Between(absl::ZeroDuration(), absl::Seconds(2));
  }
  return outages;
}

absl::StatusOr<std::set<std::string>> WaitingJobIds(LedgerReader& ledger) {
  const auto rows = ledger.Query(
      "SELECT job_id FROM ai_generation_jobs WHERE status = 'queued' AND not_before IS NULL");
  if (!rows.ok()) return rows.status();
  std::set<std::string> job_ids;
  for (const mariadb::Row& row : *rows) job_ids.insert(mariadb::RowReader(row).Text());
  return job_ids;
}

// All that has waited in the ledger all the time is in the queue.
bool IsFull(LedgerReader& ledger, PrivateRedis& redis) {
  const auto before = WaitingJobIds(ledger);
  const auto queued = QueuedJobIds(redis);
  const auto after = WaitingJobIds(ledger);
  if (!before.ok() || !queued.ok() || !after.ok()) return false;
  return std::all_of(before->begin(), before->end(), [&](const std::string& job_id) {
    return queued->contains(job_id) || !after->contains(job_id);
  });
}

absl::Status RedisKill(Run& run) {
  const std::vector<Outage> outages =
      PlanOutages(run.random.Fork("outages"), run.Size(20, 2), run.Size(10, 1));
  const int backlog = run.Size(1000, 40);
  Random random = run.random.Fork("jobs");
  const JobKind kind = {.least_tokens = 5, .most_tokens = 20, .tokens_per_second = 400};
  const auto waiting = PlanJobs(random.Fork("waiting"), backlog, kind);
  auto steady = PlanJobs(random.Fork("steady"), run.Size(4000, 400), kind);
  for (JobPlan& plan : steady) plan.request_id += "-steady";

  // Slow enough that jobs wait all the time.
  auto cluster = Cluster::Start({.logs = run.logs, .workers = 2, .slots = 2});
  if (!cluster.ok()) return cluster.status();
  JobClient client((*cluster)->job_address());
  auto submitted = client.SubmitAll(waiting);
  if (!submitted.ok()) return submitted.status();
  LedgerReader ledger(**cluster);
  LogWatch log(**cluster);
  SteadyCaller caller((*cluster)->job_address(), steady,
                      run.Size(absl::Milliseconds(30), absl::Milliseconds(60)));

  PrivateRedis& redis = (*cluster)->redis();
  double slowest_refill = 0;
  double slowest_after_kill = 0;
  size_t most_complaints = 0;
  int killed = 0;
  int emptied = 0;
  for (const Outage& outage : outages) {
    // Time is what the schedule is made of; there is nothing to wait for.
    Await([] { return false; }, outage.before);
    redis.Kill();
    Await([] { return false; }, outage.length);
    if (absl::Status status = outage.emptied ? redis.Wipe() : absl::OkStatus(); !status.ok()) {
      return status;
    }
    if (absl::Status status = redis.Start(); !status.ok()) return status;
    ++(outage.emptied ? emptied : killed);
    const absl::Duration back = RealClock()->Monotonic();
    const bool full =
        Await([&] { return IsFull(ledger, redis); }, absl::Seconds(60), absl::Milliseconds(20));
    if (!full) run.report.Complain("jobs that wait are not in the queue again after 60 s");
    double& slowest = outage.emptied ? slowest_refill : slowest_after_kill;
    slowest = std::max(slowest, absl::ToDoubleSeconds(RealClock()->Monotonic() - back));
    const std::vector<std::string> complaints = log.NewComplaints();
    if (complaints.size() > most_complaints) {
      most_complaints = complaints.size();
      run.report.Note(absl::StrCat("an outage of ", absl::FormatDuration(outage.length), ": ",
                                   complaints.size(),
                                   " complaints, the last: ", complaints.back()));
    }
  }
  const std::vector<SubmittedJob> more = caller.Stop();
  submitted->insert(submitted->end(), more.begin(), more.end());
  // Redis is no business of a submit.
  for (const std::string& refusal : caller.refusals()) {
    run.report.Complain(absl::StrCat("a submit was refused: ", refusal));
  }
  if (absl::Status status =
          AwaitAllEnded(ledger, static_cast<int>(submitted->size()), absl::Minutes(5));
      !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  run.report.Injected(killed + emptied, static_cast<int>(outages.size()), "kills");
  run.report.AtLeast("redis_kill_emptied", emptied, run.Size(10, 1), "kills");
  const auto verdict = JudgeAndReport(**cluster, *submitted, run.report, "redis_kill");
  if (!verdict.ok()) return verdict.status();
  run.report.AtMost("redis_kill_failures_charged", verdict->failures_charged, 0, "failures");
  run.report.AtMost("redis_empty_refill_s", slowest_refill, absl::ToDoubleSeconds(kRefillLimit),
                    "s");
  run.report.AtMost("redis_kill_refill_s", slowest_after_kill, absl::ToDoubleSeconds(kRefillLimit),
                    "s");
  run.report.AtMost("redis_kill_complaints", static_cast<double>(most_complaints), kMostComplaints,
                    "log records in an outage");
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "redis_kill",
    .shows = "kill -9 of Redis under load, at times with the loss of all its data: submits go on, "
             "and all that waits is in the queue again within 10 s",
    .brief = true,
    .run = RedisKill,
});

}  // namespace
}  // namespace genwatch::chaos

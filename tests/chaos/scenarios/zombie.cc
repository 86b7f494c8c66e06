// Workers that hang for longer than a lease, and then go on as if nothing had happened.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "job_service/mariadb/value.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/job_watcher.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/metrics_page.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

// A lease is taken for lost after 4 s without a heartbeat.
constexpr absl::Duration kThreeLeases = absl::Seconds(12);

// An attempt that was taken from its worker, as the ledger had it before the worker woke up.
struct LostAttempt {
  std::string outcome;
  absl::Time ended_at;
  uint64_t pieces;
  uint64_t bytes;
};
using LostAttempts = std::map<std::pair<uint64_t, uint32_t>, LostAttempt>;  // by job and attempt

// All attempts of the ledger that are marked as lost.
absl::StatusOr<LostAttempts> ReadAttempts(LedgerReader& ledger) {
  auto rows = ledger.Query(
      "SELECT CAST(a.job AS UNSIGNED), CAST(a.attempt AS UNSIGNED), CAST(a.outcome AS CHAR), "
      "a.ended_at, CAST(COUNT(t.start) AS UNSIGNED), "
      "CAST(COALESCE(SUM(LENGTH(t.body)), 0) AS UNSIGNED) FROM ai_generation_attempts a "
      "LEFT JOIN ai_generation_texts t ON t.job = a.job AND t.attempt = a.attempt "
      "WHERE a.outcome IS NOT NULL GROUP BY a.job, a.attempt, a.outcome, a.ended_at");
  if (!rows.ok()) return rows.status();
  LostAttempts attempts;
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader cells(row);
    const uint64_t job = cells.Uint64();
    LostAttempt& attempt = attempts[{job, cells.Uint32()}];
    attempt.outcome = cells.Text();
    attempt.ended_at = cells.Time();
    attempt.pieces = cells.Uint64();
    attempt.bytes = cells.Uint64();
  }
  return attempts;
}

// Which workers are stopped together: different ones, by the seed.
std::vector<int> DrawVictims(Random& random, int workers, int count) {
  std::vector<int> all(workers);
  for (int i = 0; i < workers; ++i) all[i] = i;
  for (int i = 0; i < count; ++i) std::swap(all[i], all[random.Between(i, workers - 1)]);
  all.resize(count);
  return all;
}

class Zombies {
 public:
  Zombies(Run& run, Cluster& cluster) : run_(run), cluster_(cluster), ledger_(cluster) {}

  // Stops these workers while they run jobs, until others have got their jobs and longer, and lets
  // them go on.
  absl::Status Round(const std::vector<int>& victims, absl::Duration stopped) {
    for (const int victim : victims) {
      const bool busy = Await(
          // With text, so that there is something that it will want to write when it wakes up.
          [&] {
            const auto busy = ledger_.Number(
                absl::StrCat("SELECT CAST(COUNT(*) AS UNSIGNED) FROM ai_generation_jobs WHERE "
                             "instance = '",
                             cluster_.worker_instance(victim), "' AND answer_bytes > 0"));
            return busy.ok() && *busy > 0;
          },
          absl::Seconds(60), absl::Milliseconds(50));
      if (!busy) return absl::DeadlineExceededError(cluster_.worker(victim).name() + " is idle");
    }
    for (const int victim : victims) {
      if (cluster_.worker(victim).Pause()) ++stops_;
    }
    const absl::Duration end = RealClock()->Monotonic() + stopped;
    for (const int victim : victims) {
      const bool taken = Await(
          [&] {
            const auto held = ledger_.HeldBy(cluster_.worker_instance(victim));
            return held.ok() && held->empty();
          },
          absl::Seconds(30), absl::Milliseconds(50));
      if (!taken) run_.report.Complain("a worker that hangs keeps its jobs");
    }
    // The rest of the time that it is to hang.
    Await([] { return false; }, end - RealClock()->Monotonic());
    auto before = ReadAttempts(ledger_);
    if (!before.ok()) return before.status();
    for (auto& [key, attempt] : *before) {
      if (attempt.outcome == "lost") lost_.try_emplace(key, std::move(attempt));
    }
    for (const int victim : victims) cluster_.worker(victim).Resume();
    return absl::OkStatus();
  }

  // Attempts that changed after they had been taken from their worker. (That their text is dropped
  // by an attempt that starts over is no change of theirs.)
  absl::StatusOr<int> Accepted() {
    auto after = ReadAttempts(ledger_);
    if (!after.ok()) return after.status();
    int accepted = 0;
    for (const auto& [key, before] : lost_) {
      const LostAttempt& now = (*after)[key];
      const bool same = now.outcome == before.outcome && now.ended_at == before.ended_at &&
                        now.pieces <= before.pieces && now.bytes <= before.bytes;
      if (same) continue;
      ++accepted;
      run_.report.Note(absl::StrCat("attempt ", key.second, " of row ", key.first,
                                    " changed after it was lost: ", now.outcome, ", ", now.bytes,
                                    " bytes, before ", before.bytes));
    }
    return accepted;
  }

  int stops() const { return stops_; }
  int lost() const { return static_cast<int>(lost_.size()); }
  LedgerReader& ledger() { return ledger_; }

 private:
  Run& run_;
  Cluster& cluster_;
  LedgerReader ledger_;
  LostAttempts lost_;
  int stops_ = 0;
};

// What watchers were shown against the promise, and texts of theirs that are not the kept ones.
int CountShown(Run& run, const std::vector<std::unique_ptr<JobWatcher>>& watchers,
               const std::vector<SubmittedJob>& jobs, const Verdict& verdict) {
  int shown = 0;
  for (const auto& watcher : watchers) {
    for (const std::string& problem : watcher->problems()) {
      ++shown;
      run.report.Note("shown: " + problem);
    }
  }
  for (size_t i = 0; i < jobs.size(); ++i) {
    const Seen seen = watchers[i / kWatchedByOne]->Of(jobs[i].job_id);
    const auto row = verdict.rows.find(jobs[i].job_id);
    if (row == verdict.rows.end()) continue;
    if (seen.answer == row->second.answer && seen.thinking == row->second.thinking) continue;
    ++shown;
    run.report.Note(absl::StrCat("shown: ", jobs[i].job_id, ": a text of ", seen.answer.size(),
                                 " bytes, kept are ", row->second.answer.size()));
  }
  return shown;
}

absl::Status Zombie(Run& run) {
  const int workers = run.Size(8, 3);
  const int at_once = run.Size(5, 2);
  const int rounds = run.Size(10, 1);
  const int count = run.Size(220, 10);
  Random draws = run.random.Fork("victims");
  std::vector<std::vector<int>> victims;
  for (int i = 0; i < rounds; ++i) victims.push_back(DrawVictims(draws, workers, at_once));
  const std::vector<JobPlan> plans = PlanJobs(run.random.Fork("jobs"), count,
                                              {.least_tokens = run.Size(200, 100),
                                               .most_tokens = run.Size(320, 160),
                                               .tokens_per_second = 40});

  // A simulator for each worker, so that no worker takes all the jobs. Text is stored so often that
  // one who wakes up tries to before a heartbeat tells it to stop.
  auto started = Cluster::Start({.logs = run.logs,
                                 .workers = workers,
                                 .simulators = workers,
                                 .slots = 2,
                                 .worker_flags = {"--append_interval=100ms"}});
  if (!started.ok()) return started.status();
  Cluster& cluster = **started;
  JobClient client(cluster.job_address());
  const auto jobs = client.SubmitAll(plans);
  if (!jobs.ok()) return jobs.status();
  const auto watchers = WatchAll(cluster.progress_address(), *jobs);

  Zombies zombies(run, cluster);
  for (const std::vector<int>& round : victims) {
    const absl::Duration stopped = run.Size(kThreeLeases, kThreeLeases / 2);
    if (absl::Status status = zombies.Round(round, stopped); !status.ok()) return status;
  }
  if (absl::Status status = AwaitAllEnded(zombies.ledger(), count, absl::Minutes(4));
      !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  const bool shown_to_the_end = Await(
      [&] {
        return std::all_of(watchers.begin(), watchers.end(),
                           [](const auto& watcher) { return watcher->Done(); });
      },
      absl::Seconds(20));
  if (!shown_to_the_end) run.report.Complain("watchers were not shown all ends");

  run.report.Injected(zombies.stops(), rounds * at_once, "stops");
  run.report.Figure("zombie_leases_lost", zombies.lost(), "leases");
  const auto accepted = zombies.Accepted();
  if (!accepted.ok()) return accepted.status();
  run.report.AtMost("zombie_writes_accepted", *accepted, 0, "writes");
  const auto refused = ReadMetric(cluster.job_metrics_url(), "genwatch_job_writes_refused_total");
  if (!refused.ok()) return refused.status();
  run.report.AtLeast("zombie_writes_refused", *refused, 1, "writes");
  const auto verdict = JudgeAndReport(cluster, *jobs, run.report, "zombie");
  if (!verdict.ok()) return verdict.status();
  run.report.AtMost("zombie_shown", CountShown(run, watchers, *jobs, *verdict), 0, "updates");
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "zombie",
    .shows = "a worker that hangs for three leases and goes on changes nothing, and nobody is "
             "shown what it says",
    .brief = true,
    .run = Zombie,
});

}  // namespace
}  // namespace genwatch::chaos

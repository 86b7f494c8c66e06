// An owner with one job, behind one with a thousand.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "job_service/mariadb/value.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr double kMostRank = 2;

// MariaDB's own clock, which leases are dated by.
absl::StatusOr<absl::Time> LedgerNow(LedgerReader& ledger) {
  const auto rows = ledger.Query("SELECT UTC_TIMESTAMP(6)");
  if (!rows.ok()) return rows.status();
  return mariadb::RowReader((*rows)[0]).Time();
}

// Among the leases made after the submit was answered, which one was the job's? From 1, which is
// also that of a job that was leased before its caller heard of it.
absl::StatusOr<int> RankOf(LedgerReader& ledger, const std::string& job_id, absl::Time answered) {
  const std::vector<mariadb::Param> params = {job_id, answered};
  const auto before = ledger.Number(
      "SELECT CAST(COUNT(*) AS UNSIGNED) FROM ai_generation_attempts others "
      "JOIN ai_generation_jobs mine ON mine.job_id = ? "
      "JOIN ai_generation_attempts my ON my.job = mine.id AND my.attempt = 1 "
      "WHERE others.leased_at > ? AND others.leased_at < my.leased_at",
      params);
  if (!before.ok()) return before.status();
  return static_cast<int>(*before) + 1;
}

absl::Status FairSecondOwner(Run& run) {
  const int many = run.Size(1000, 16);
  const int others = run.Size(10, 2);
  Random draws = run.random.Fork("moments");
  const std::vector<JobPlan> crowd =
      PlanJobs(run.random.Fork("many"), many,
               {.least_tokens = 10, .most_tokens = 20, .tokens_per_second = 60, .owner = "many"});
  std::vector<JobPlan> singles;
  std::vector<int> after;
  for (int i = 0; i < others; ++i) {
    const std::string owner = absl::StrCat("single-", i);
    singles.push_back(PlanJobs(run.random.Fork(owner), 1,
                               {.least_tokens = 4, .most_tokens = 12, .owner = owner})[0]);
    after.push_back(draws.Between(0, many / 2));
  }
  std::sort(after.begin(), after.end());

  auto started = Cluster::Start({.logs = run.logs, .workers = 1, .slots = 1});
  if (!started.ok()) return started.status();
  Cluster& cluster = **started;
  JobClient client(cluster.job_address());
  LedgerReader ledger(cluster);
  auto jobs = client.SubmitAll(crowd);
  if (!jobs.ok()) return jobs.status();
  std::vector<SubmittedJob> second;
  std::vector<absl::Time> answered;
  for (int i = 0; i < others; ++i) {
    const bool due = Await([&] { return ledger.Ended().value_or(0) >= after[i]; }, absl::Minutes(2),
                           absl::Milliseconds(20));
    if (!due) return absl::DeadlineExceededError("the jobs do not end");
    const auto single = client.SubmitAll({singles[i]});
    if (!single.ok()) return single.status();
    second.push_back((*single)[0]);
    const auto now = LedgerNow(ledger);
    if (!now.ok()) return now.status();
    answered.push_back(*now);
  }
  if (absl::Status status = AwaitAllEnded(ledger, many + others, absl::Minutes(6)); !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  int worst = 0;
  for (size_t i = 0; i < second.size(); ++i) {
    const auto rank = RankOf(ledger, second[i].job_id, answered[i]);
    if (!rank.ok()) return rank.status();
    run.report.Note(absl::StrCat("after ", after[i], " jobs: rank ", *rank));
    worst = std::max(worst, *rank);
  }
  run.report.Injected(static_cast<int>(second.size()), others, "second owners");
  run.report.AtMost("fair_second_owner_rank", worst, kMostRank, "leases");
  jobs->insert(jobs->end(), second.begin(), second.end());
  return JudgeAndReport(cluster, *jobs, run.report, "fair_second_owner").status();
}

const RegisterScenario registered({
    .name = "fair_second_owner",
    .shows = "who submits one job behind another's thousand is among the next two",
    .brief = true,
    .run = FairSecondOwner,
});

}  // namespace
}  // namespace genwatch::chaos

// MariaDB's clock is set an hour forth and back while jobs run.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
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

constexpr char kFaketime[] = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
constexpr char kFaketimeArm[] = "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1";
constexpr int kRunning = 50;
// Some are always between two jobs.
constexpr int kSlots = 60;

// A wall clock that can be set; the monotonic one goes on, as it does on a machine whose clock is
// set.
class FakeClock {
 public:
  explicit FakeClock(const std::string& folder) : file_(folder + "/clock") { Set("+0"); }

  // "+3600": an hour ahead. Read anew at each look at the clock, so it is replaced whole.
  void Set(const std::string& offset) {
    const std::string next = file_ + ".next";
    std::ofstream(next) << offset << "\n";
    std::filesystem::rename(next, file_);
  }

  absl::StatusOr<std::vector<std::string>> Environment() const {
    for (const char* const library : {kFaketime, kFaketimeArm}) {
      if (!std::filesystem::exists(library)) continue;
      return std::vector<std::string>{absl::StrCat("LD_PRELOAD=", library),
                                      "FAKETIME_TIMESTAMP_FILE=" + file_, "FAKETIME_NO_CACHE=1",
                                      "FAKETIME_DONT_FAKE_MONOTONIC=1"};
    }
    return absl::FailedPreconditionError(
        "libfaketime is needed for this: apt-get install faketime");
  }

 private:
  const std::string file_;
};

// Seconds that MariaDB's clock is ahead of this machine's.
absl::StatusOr<double> Ahead(LedgerReader& ledger, absl::Time now) {
  auto rows = ledger.Query("SELECT UTC_TIMESTAMP(6)");
  if (!rows.ok()) return rows.status();
  return absl::ToDoubleSeconds(mariadb::RowReader((*rows)[0]).Time() - now);
}

absl::Status ClockJump(Run& run) {
  const int jumps = run.Size(20, 2);
  // They last longer than all jumps.
  const int count = run.Size(1000, kSlots);
  Random draws = run.random.Fork("jumps");
  const std::vector<JobPlan> plans = PlanJobs(run.random.Fork("jobs"), count,
                                              {.least_tokens = run.Size(120, 60),
                                               .most_tokens = run.Size(200, 90),
                                               .tokens_per_second = 20});
  FakeClock clock(run.logs);
  auto environment = clock.Environment();
  if (!environment.ok()) return environment.status();
  auto started = Cluster::Start({.logs = run.logs,
                                 .workers = 2,
                                 .slots = kSlots,
                                 // Room for all slots of all models, so that polls for jobs are
                                 // not withdrawn all the time.
                                 .worker_flags = {"--max_jobs=1000"},
                                 .mariadb_environment = *std::move(environment)});
  if (!started.ok()) return started.status();
  Cluster& cluster = **started;
  JobClient client(cluster.job_address());
  const auto jobs = client.SubmitAll(plans);
  if (!jobs.ok()) return jobs.status();

  LedgerReader ledger(cluster);
  int injected = 0;
  int hours = 0;
  for (int i = 0; i < jumps; ++i) {
    const bool busy = Await(
        [&] {
          const auto states = ledger.States();
          return states.ok() && states->contains("processing") &&
                 (states->at("processing") >= kRunning || !states->contains("queued"));
        },
        absl::Minutes(1), absl::Milliseconds(50));
    if (!busy) return absl::DeadlineExceededError("the workers are not busy");
    // Forth, back, back, forth: each of the two clocks is jumped from and to.
    hours += draws.Unit() < 0.5 ? 1 : -1;
    hours = hours > 1 ? 0 : hours < -1 ? 0 : hours;
    clock.Set(absl::StrCat(hours >= 0 ? "+" : "", hours * 3600));
    const auto ahead = Ahead(ledger, absl::Now());
    if (!ahead.ok()) return ahead.status();
    if (*ahead > hours * 3600 - 60 && *ahead < hours * 3600 + 60) ++injected;
    Await([] { return false; },
          draws.Between(absl::Seconds(1), run.Size(absl::Seconds(6), absl::Seconds(2))));
  }
  if (absl::Status status = AwaitAllEnded(ledger, count, absl::Minutes(4)); !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  run.report.Injected(injected, jumps, "jumps");
  const auto lost = ledger.Number(
      "SELECT CAST(COUNT(*) AS UNSIGNED) FROM ai_generation_attempts "
      "WHERE outcome NOT IN ('completed', 'released')");
  if (!lost.ok()) return lost.status();
  // Released are leases whose grant never reached the worker; heartbeats are counted for that, no
  // clock is asked.
  const auto released = ledger.Number(
      "SELECT CAST(COUNT(*) AS UNSIGNED) FROM ai_generation_attempts WHERE outcome = 'released'");
  if (!released.ok()) return released.status();
  run.report.Figure("clock_jump_released", static_cast<double>(*released), "leases");
  run.report.AtMost("clock_jump_lost", static_cast<double>(*lost), 0, "leases");
  return JudgeAndReport(cluster, *jobs, run.report, "clock_jump_jobs").status();
}

const RegisterScenario registered({
    .name = "clock_jump",
    .shows = "MariaDB's clock set an hour forth and back takes no lease from any worker",
    .brief = true,
    .run = ClockJump,
});

}  // namespace
}  // namespace genwatch::chaos

// The links to MariaDB, Redis and the model server fail in all the ways in which links do.

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/log_watch.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/steady_caller.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/chaos/proxy/tcp_proxy.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

enum class Fault { kCut, kHalfOpen, kAnswersStall, kSlow, kRefuse };
constexpr std::array<const char*, 5> kFaultWords = {"cut", "half-open", "answers stall", "slow",
                                                    "refused"};
constexpr int kWorkers = 2;
// A half-open link to the model server lasts longer at times.
constexpr uint32_t kSilenceMs = 4000;
// A refused connection and a broken stream are charged to the job that meets them. With so many
// faults of links some jobs meet more than three.
constexpr char kMaxFailures[] = "--max_failures=100";

struct LinkFault {
  Fault fault;
  size_t link;  // MariaDB, Redis, one to the model server for each worker
  absl::Duration before;
  absl::Duration length;
};

std::vector<LinkFault> PlanFaults(Random random, int count, absl::Duration longest) {
  std::vector<LinkFault> faults;
  for (int i = 0; i < count; ++i) {
    // Each fault of each link in turn, so that all are met; the moments are drawn.
    LinkFault& fault = faults.emplace_back();
    fault.link = static_cast<size_t>(i) % (2 + kWorkers);
    fault.fault = static_cast<Fault>((i / (2 + kWorkers) + i) % 5);
    fault.before = random.Between(absl::Milliseconds(300), absl::Milliseconds(1500));
    fault.length = random.Between(absl::Seconds(1), longest);
  }
  return faults;
}

// MariaDB's, Redis's, the model server's.
uint64_t SlowRate(size_t link) { return link == 0 ? 20'000 : link == 1 ? 5'000 : 1'000; }

void Begin(const LinkFault& fault, TcpProxy& proxy) {
  switch (fault.fault) {
    case Fault::kCut:
      proxy.Cut();
      break;
    case Fault::kHalfOpen:
      proxy.StallBoth(true);
      break;
    case Fault::kAnswersStall:
      proxy.Stall(Direction::kToClient, true);
      break;
    case Fault::kSlow:
      proxy.Slow(Direction::kToServer, SlowRate(fault.link));
      proxy.Slow(Direction::kToClient, SlowRate(fault.link));
      break;
    case Fault::kRefuse:
      proxy.Refuse(true);
      proxy.Cut();
      break;
  }
}

absl::Status Links(Run& run) {
  const std::vector<LinkFault> faults = PlanFaults(run.random.Fork("faults"), run.Size(60, 4),
                                                   run.Size(absl::Seconds(7), absl::Seconds(2)));
  const std::vector<JobPlan> plans =
      PlanJobs(run.random.Fork("jobs"), 4000,
               {.least_tokens = 20, .most_tokens = run.Size(160, 60), .silence_ms = kSilenceMs});
  std::vector<std::unique_ptr<TcpProxy>> proxies(2 + kWorkers);
  const auto route = [&](Link link, int user, const std::string& address) {
    size_t index = 0;
    if (link == Link::kRedis) index = 1;
    if (link == Link::kOllama) index = 2 + static_cast<size_t>(user);
    if (index == 0 && link != Link::kMariaDb) return address;
    proxies[index] =
        TcpProxy::Start(absl::StartsWith(address, "/") ? "unix:" + address : address).value();
    return proxies[index]->address();
  };
  auto cluster = Cluster::Start({.logs = run.logs,
                                 .workers = kWorkers,
                                 .slots = 8,
                                 .job_service_flags = {kMaxFailures},
                                 .route = route});
  if (!cluster.ok()) return cluster.status();
  LogWatch log(**cluster);
  SteadyCaller caller((*cluster)->job_address(), plans, absl::Milliseconds(250));
  std::map<std::string, int> injected;
  size_t most_complaints = 0;
  int hit = 0;
  for (const LinkFault& fault : faults) {
    // Time is what the schedule is made of; there is nothing to wait for.
    Await([] { return false; }, fault.before);
    TcpProxy& proxy = *proxies[fault.link];
    const bool used = proxy.counts().open > 0;
    Begin(fault, proxy);
    if (fault.fault != Fault::kCut) Await([] { return false; }, fault.length);
    proxy.Heal();
    // An idle link has nobody whom its fault could disturb, unless it came meanwhile.
    if (used || proxy.counts().open > 0) ++hit;
    ++injected[kFaultWords[static_cast<size_t>(fault.fault)]];
    most_complaints = std::max(most_complaints, log.NewComplaints().size());
  }
  const std::vector<SubmittedJob> submitted = caller.Stop();
  LedgerReader ledger(**cluster);
  if (absl::Status status =
          AwaitAllEnded(ledger, static_cast<int>(submitted.size()), absl::Minutes(2));
      !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  run.report.Note(absl::StrCat("links: ", absl::StrJoin(injected, ", ", absl::PairFormatter(" ")),
                               "; ", caller.refusals().size(), " submits were refused"));
  run.report.Injected(hit, static_cast<int>(faults.size()) * 9 / 10, "faults of links in use");
  const auto verdict = JudgeAndReport(**cluster, submitted, run.report, "links");
  if (!verdict.ok()) return verdict.status();
  int taken = 0;
  for (const auto& [job_id, row] : verdict->rows) {
    for (const AttemptRow& attempt : row.attempts) taken += attempt.outcome == "lost" ? 1 : 0;
  }
  // No worker has died: none may be taken for dead.
  run.report.AtMost("links_leases_taken", taken, 0, "attempts");
  run.report.Figure("links_failures_charged", verdict->failures_charged, "failures");
  // The ledger's time-outs: to connect, and to answer.
  run.report.AtMost("links_slowest_submit_s", absl::ToDoubleSeconds(caller.slowest()), 10, "s");
  run.report.AtMost("links_complaints", static_cast<double>(most_complaints), 60,
                    "log records in a fault");
  cluster->reset();
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "links",
    .shows = "links to MariaDB, Redis and the model server cut, half-open, slow and refused under "
             "load: every job ends as it should, and no living worker is taken for dead",
    .brief = true,
    .run = Links,
});

}  // namespace
}  // namespace genwatch::chaos

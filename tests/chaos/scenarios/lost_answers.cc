// The ledger's answers to workers are lost on their way: what was asked for was done, and nobody
// hears of it.

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/chaos/proxy/grpc_relay.h"
#include "tests/chaos/proxy/tcp_proxy.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr int kWorkers = 4;
constexpr size_t kWave = 40;
constexpr std::array<std::string_view, 4> kMethods = {"FinishAttempt", "LeaseJobs", "AppendText",
                                                      "Heartbeat"};

// Chooses the answers that are lost, of each method so many. Thread-safe.
class Loser {
 public:
  Loser(Random random, int wanted) : random_(random), wanted_(wanted) {
    for (const std::string_view method : kMethods) lost_[std::string(method)] = 0;
  }

  // Half of the losses break the connection with all that is on its way on it, a quarter is told
  // as broken, a quarter is silence until the deadline.
  GrpcRelay::Fate Decide(const std::string& path, size_t bytes, TcpProxy* link) {
    const std::string method = path.substr(path.rfind('/') + 1);
    double kind = 0;
    {
      MutexLock lock(mutex_);
      const auto lost = lost_.find(method);
      // A lease answer without jobs is worth nothing.
      if (lost == lost_.end() || lost->second >= wanted_ || (method == "LeaseJobs" && bytes == 0) ||
          random_.Unit() < 0.6) {
        return GrpcRelay::Fate::kArrives;
      }
      ++lost->second;
      kind = random_.Unit();
    }
    if (kind < 0.25) return GrpcRelay::Fate::kBroken;
    if (kind < 0.75) link->Cut();
    return GrpcRelay::Fate::kSilent;
  }

  std::map<std::string, int> lost() const {
    MutexLock lock(mutex_);
    return lost_;
  }
  bool Done() const {
    for (const auto& [method, count] : lost()) {
      if (count < wanted_) return false;
    }
    return true;
  }

 private:
  mutable Mutex mutex_;
  Random random_ ABSL_GUARDED_BY(mutex_);
  const int wanted_;
  std::map<std::string, int> lost_ ABSL_GUARDED_BY(mutex_);
};

// worker -> TcpProxy -> GrpcRelay -> job_service.
struct LossyLink {
  std::unique_ptr<TcpProxy> proxy;
  std::unique_ptr<GrpcRelay> relay;
};

absl::Status LostAnswers(Run& run) {
  const int wanted = run.Size(100, 3);
  Loser loser(run.random.Fork("loser"), wanted);
  std::vector<std::unique_ptr<LossyLink>> links;
  const auto route = [&](Link link, int, const std::string& address) {
    if (link != Link::kJobServiceOfWorker) return address;
    links.push_back(std::make_unique<LossyLink>());
    LossyLink* const lossy = links.back().get();
    lossy->relay =
        std::make_unique<GrpcRelay>(address, [&loser, lossy](const GrpcRelay::Answer& answer) {
          return loser.Decide(answer.method, answer.bytes, lossy->proxy.get());
        });
    // No worker speaks to it before it has this address.
    lossy->proxy = TcpProxy::Start(lossy->relay->address()).value();
    return lossy->proxy->address();
  };
  auto cluster = Cluster::Start(
      {.logs = run.logs, .workers = run.Size(kWorkers, 2), .slots = 16, .route = route});
  if (!cluster.ok()) return cluster.status();

  // As many jobs as it takes.
  JobClient client((*cluster)->job_address());
  LedgerReader ledger(**cluster);
  std::vector<SubmittedJob> submitted;
  const absl::Duration end =
      RealClock()->Monotonic() + run.Size(absl::Minutes(5), absl::Minutes(1));
  for (int wave = 0; !loser.Done() && RealClock()->Monotonic() < end; ++wave) {
    const auto more = client.SubmitAll(PlanJobs(run.random.Fork(absl::StrCat("jobs ", wave)),
                                                run.Size<int>(kWave, 8),
                                                {.least_tokens = 10, .most_tokens = 60}));
    if (!more.ok()) return more.status();
    submitted.insert(submitted.end(), more->begin(), more->end());
    Await(
        [&] {
          return loser.Done() || RealClock()->Monotonic() > end ||
                 submitted.size() - ledger.Ended().value_or(0) < kWave / 2;
        },
        absl::Minutes(2), absl::Milliseconds(50));
  }
  if (absl::Status status =
          AwaitAllEnded(ledger, static_cast<int>(submitted.size()), absl::Minutes(2));
      !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  const std::map<std::string, int> lost = loser.lost();
  run.report.Note(absl::StrCat("lost: ", absl::StrJoin(lost, ", ", absl::PairFormatter(" "))));
  int least = wanted;
  for (const auto& [method, count] : lost) least = std::min(least, count);
  run.report.Injected(least, wanted, "lost answers of each of four methods");
  const auto verdict = JudgeAndReport(**cluster, submitted, run.report, "lost_answers");
  if (!verdict.ok()) return verdict.status();
  run.report.AtMost("lost_answers_wrong",
                    verdict->lost + verdict->doubled + verdict->failed + verdict->wrong_text +
                        verdict->failures_charged,
                    0, "jobs and failures charged");
  // The workers and their calls end before the links they use.
  cluster->reset();
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "lost_answers",
    .shows = "answers of FinishAttempt, LeaseJobs, AppendText and Heartbeat lost on their way: no "
             "job is lost, ends twice, or is charged a failure",
    .brief = true,
    .run = LostAnswers,
});

}  // namespace
}  // namespace genwatch::chaos

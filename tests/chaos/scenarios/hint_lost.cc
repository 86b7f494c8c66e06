// What tells of a job's end is lost: the worker dies after the ledger has stored it and before
// anybody heard, or its feed carries nothing from that moment on.

#include <atomic>
#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "genwatch/v1/job_lease_service.pb.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/job_watcher.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/percentile.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/sse_watchers.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/chaos/proxy/grpc_relay.h"
#include "tests/chaos/proxy/tcp_proxy.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr double kMostSeconds = 2;
// The short form is run beside other tests.
constexpr double kMostSecondsInBrief = 10;

// A worker, what others reach it through, and what it reaches job_service through.
struct Place {
  std::unique_ptr<TcpProxy> feed;
  std::unique_ptr<GrpcRelay> relay;
  std::atomic<pid_t> pid = 0;
};

// Loses the hint of each job's end, in either way. Thread-safe.
class HintLoser {
 public:
  // In the moment in which the ledger has stored a result, and the worker does not know it yet.
  GrpcRelay::Fate OnAnswer(const GrpcRelay::Answer& answer, Place& place) {
    if (!absl::EndsWith(answer.method, "/FinishAttempt")) return GrpcRelay::Fate::kArrives;
    v1::FinishAttemptRequest request;
    if (!request.ParseFromString(answer.request)) return GrpcRelay::Fate::kArrives;
    MutexLock lock(mutex_);
    const auto [at, first] = stored_.try_emplace(request.job_id());
    // Sent once more by a worker that did not hear the first.
    if (!first) return GrpcRelay::Fate::kArrives;
    if (kill_.contains(request.job_id())) {
      kill(place.pid, SIGKILL);
      at->second = RealClock()->Monotonic();
      return GrpcRelay::Fate::kSilent;
    }
    place.feed->StallBoth(true);
    at->second = RealClock()->Monotonic();
    return GrpcRelay::Fate::kArrives;
  }

  // Before the job can end.
  void Plan(const std::string& job_id, bool kill) {
    MutexLock lock(mutex_);
    if (kill) kill_[job_id] = true;
  }
  // When the job's end was stored; none yet: InfiniteDuration.
  absl::Duration StoredAt(const std::string& job_id) const {
    MutexLock lock(mutex_);
    const auto found = stored_.find(job_id);
    return found == stored_.end() ? absl::InfiniteDuration() : found->second;
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, bool> kill_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Duration> stored_ ABSL_GUARDED_BY(mutex_);
};

struct Lane {
  SubmittedJob job;
  std::vector<std::unique_ptr<JobWatcher>> grpc;
  std::vector<SseWatchers::Id> sse;
};

absl::Status HintLost(Run& run) {
  const int workers = run.Size(4, 2);
  const int count = run.Size(200, 8);
  constexpr int kViewersEach = 2;
  // All jobs are submitted before any of a round can end, so that the loser knows of them.
  const std::vector<JobPlan> plans =
      PlanJobs(run.random.Fork("jobs"), count,
               {.least_tokens = 30, .most_tokens = 50, .tokens_per_second = 30});

  HintLoser loser;
  std::vector<std::unique_ptr<Place>> places(workers);
  for (auto& place : places) place = std::make_unique<Place>();
  const auto route = [&](Link link, int user, const std::string& address) {
    if (link == Link::kWorker) {
      places[user]->feed = TcpProxy::Start(address).value();
      return places[user]->feed->address();
    }
    if (link == Link::kJobServiceOfWorker) {
      places[user]->relay = std::make_unique<GrpcRelay>(
          address, [&loser, place = places[user].get()](const GrpcRelay::Answer& answer) {
            return loser.OnAnswer(answer, *place);
          });
      return places[user]->relay->address();
    }
    return address;
  };
  // One slot each: what is lost is lost of one job.
  auto started = Cluster::Start({.logs = run.logs,
                                 .workers = workers,
                                 .progress_services = 2,
                                 .bridges = 2,
                                 .simulators = workers,
                                 .slots = 1,
                                 .route = route});
  if (!started.ok()) return started.status();
  Cluster& cluster = **started;
  const auto note_pids = [&] {
    for (int i = 0; i < workers; ++i) places[i]->pid = cluster.worker(i).pid();
  };
  note_pids();

  JobClient client(cluster.job_address());
  SseWatchers sse(cluster.bridge_addresses());
  std::vector<SubmittedJob> submitted;
  std::vector<double> took;
  int killed = 0;
  int missed = 0;
  while (submitted.size() < plans.size()) {
    std::vector<Lane> lanes;
    for (int i = 0; i < workers && submitted.size() < plans.size(); ++i) {
      auto job = client.SubmitAll({plans[submitted.size()]});
      if (!job.ok()) return job.status();
      Lane& lane = lanes.emplace_back();
      lane.job = (*job)[0];
      loser.Plan(lane.job.job_id, submitted.size() % 2 == 0);
      submitted.push_back(lane.job);
      for (int k = 0; k < kViewersEach; ++k) {
        lane.grpc.push_back(std::make_unique<JobWatcher>(cluster.progress_address(),
                                                         std::vector<SubmittedJob>{lane.job}));
        lane.sse.push_back(sse.Watch(lane.job.job_id));
      }
    }
    const auto all_saw = [&] {
      for (const Lane& lane : lanes) {
        for (const auto& watcher : lane.grpc) {
          if (!watcher->Done()) return false;
        }
        for (const SseWatchers::Id id : lane.sse) {
          if (!sse.Ended(id)) return false;
        }
      }
      return true;
    };
    Await(all_saw, kPatience, absl::Milliseconds(5));
    for (Lane& lane : lanes) {
      const std::string& job_id = lane.job.job_id;
      const absl::Duration stored_at = loser.StoredAt(job_id);
      const auto count_one = [&](bool ended, absl::Duration ended_at, const char* over) {
        if (ended && stored_at != absl::InfiniteDuration()) {
          took.push_back(absl::ToDoubleSeconds(ended_at - stored_at));
          return;
        }
        ++missed;
        run.report.Note(absl::StrCat(job_id, ": its end was not shown over ", over));
      };
      for (const auto& watcher : lane.grpc) {
        const Seen seen = watcher->Of(job_id);
        count_one(seen.terminal, seen.ended_at, "gRPC");
      }
      for (const SseWatchers::Id id : lane.sse) {
        const SseWatchers::Seen seen = sse.Of(id);
        count_one(seen.ended, seen.ended_at, "SSE");
        sse.Forget(id);
      }
    }
    for (int i = 0; i < workers; ++i) {
      places[i]->feed->Heal();
      if (cluster.worker(i).Running()) continue;
      ++killed;
      if (absl::Status status = cluster.worker(i).Start(); !status.ok()) return status;
    }
    note_pids();
  }
  run.report.Injected(static_cast<int>(submitted.size()), count, "lost hints");
  run.report.AtLeast("hint_lost_workers_killed", killed, count / 2, "workers");
  run.report.AtMost("hint_lost_missed", missed, 0, "viewers");
  run.report.Figure("hint_lost_p50_s", Percentile(took, 0.5), "s");
  run.report.AtMost("hint_lost_p99_s", Percentile(took, 0.99),
                    run.Size(kMostSeconds, kMostSecondsInBrief), "s");
  const auto verdict = JudgeAndReport(cluster, submitted, run.report, "hint_lost");
  // The workers and their calls end before the links they use.
  started->reset();
  return verdict.status();
}

const RegisterScenario registered({
    .name = "hint_lost",
    .shows = "workers that die between storing and telling, and feeds that carry nothing from "
             "then on: every viewer is shown the end within two seconds",
    .brief = true,
    .run = HintLost,
});

}  // namespace
}  // namespace genwatch::chaos

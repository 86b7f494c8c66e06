// Minutes of load, with parts that are killed, hang and are replaced, callers that cancel, and
// watchers that come and go.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/job_watcher.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/process_samples.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/verdict.h"

namespace genwatch::chaos {
namespace {

// The last worker, and the first job_service and progress_service, are never hit: they are
// measured.
constexpr int kWorkers = 4;
// What grows more is leaking; what is measured in a few minutes is not exact.
constexpr double kMostSlope = 1;
constexpr int kMostDescriptors = 16;
// Caches and pools fill up.
constexpr double kWarmUp = 0.4;

enum class Kind { kKillWorker, kDrainWorker, kHangWorker, kGoOn, kKillProgress, kKillLedger };

struct Event {
  absl::Duration at;
  Kind kind;
  int worker;
};

std::vector<Event> PlanEvents(Random random, absl::Duration length, absl::Duration mean_gap) {
  std::vector<Event> events;
  for (absl::Duration at = mean_gap; at < length;
       at += random.Between(mean_gap * 0.5, mean_gap * 1.5)) {
    constexpr Kind kKinds[] = {Kind::kKillWorker, Kind::kKillWorker,   Kind::kDrainWorker,
                               Kind::kHangWorker, Kind::kKillProgress, Kind::kKillLedger};
    const Kind kind = kKinds[random.Between(0, 5)];
    const int worker = random.Between(0, kWorkers - 2);
    events.push_back({at, kind, worker});
    if (kind == Kind::kHangWorker) {
      events.push_back(
          {at + random.Between(absl::Seconds(1), absl::Seconds(8)), Kind::kGoOn, worker});
    }
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.at < b.at; });
  return events;
}

// Submits at a steady pace, and cancels a few, on a thread of its own.
class Callers {
 public:
  Callers(const std::string& address, const std::vector<JobPlan>& plans, Random random,
          absl::Duration length)
      : client_(address),
        plans_(plans),
        random_(random),
        pause_(length / static_cast<double>(plans.size())),
        thread_([this] { Run(); }) {}
  ~Callers() { Join(); }

  void Join() {
    if (thread_.joinable()) thread_.join();
  }
  // The newest.
  std::vector<SubmittedJob> Newest(size_t count) const {
    MutexLock lock(mutex_);
    return {jobs_.end() - static_cast<std::ptrdiff_t>(std::min(count, jobs_.size())), jobs_.end()};
  }
  // After Join.
  std::vector<SubmittedJob> jobs() const { return Newest(plans_.size()); }
  std::vector<std::string> cancelled() const {
    MutexLock lock(mutex_);
    return cancelled_;
  }
  absl::Status status() const {
    MutexLock lock(mutex_);
    return status_;
  }

 private:
  static constexpr int kCancelOneOf = 50;

  void Run() {
    const absl::Duration start = RealClock()->Monotonic();
    for (size_t i = 0; i < plans_.size(); ++i) {
      const auto job = client_.SubmitAll({plans_[i]}, absl::Minutes(1));
      const bool cancel = random_.Between(1, kCancelOneOf) == 1;
      if (job.ok() && cancel) {
        // It may have ended, or its answer be lost with a job_service: either is an end.
        client_.Cancel((*job)[0].job_id, plans_[i].owner).IgnoreError();
      }
      {
        MutexLock lock(mutex_);
        if (!job.ok()) {
          status_ = job.status();
          return;
        }
        jobs_.push_back((*job)[0]);
        if (cancel) cancelled_.push_back((*job)[0].job_id);
      }
      absl::SleepFor(start + pause_ * static_cast<double>(i + 1) - RealClock()->Monotonic());
    }
  }

  JobClient client_;
  const std::vector<JobPlan>& plans_;
  Random random_;
  const absl::Duration pause_;
  mutable Mutex mutex_;
  std::vector<SubmittedJob> jobs_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> cancelled_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

class Soaking {
 public:
  Soaking(chaos::Run& run, Cluster& cluster) : run_(run), cluster_(cluster) {}

  absl::Status Go(const Callers& callers, const std::vector<Event>& events, absl::Duration length) {
    constexpr absl::Duration kLook = absl::Milliseconds(50);
    constexpr absl::Duration kSample = absl::Seconds(2);
    constexpr absl::Duration kWatch = absl::Seconds(3);
    const absl::Duration start = RealClock()->Monotonic();
    auto event = events.begin();
    absl::Duration sample_due;
    absl::Duration watch_due;
    for (absl::Duration now; (now = RealClock()->Monotonic() - start) < length;) {
      for (; event != events.end() && event->at <= now; ++event) Inject(*event);
      if (absl::Status status = StartEnded(); !status.ok()) return status;
      if (now >= sample_due) {
        sample_due = now + kSample;
        Sample(now);
      }
      if (now >= watch_due) {
        watch_due = now + kWatch;
        Watch(callers);
      }
      absl::SleepFor(kLook);
    }
    for (int i = 0; i < cluster_.workers(); ++i) cluster_.worker(i).Resume();
    StopWatching();
    return StartEnded();
  }

  void Tell(absl::Duration length) {
    double slope = 0;
    int growth = 0;
    for (const auto& [name, samples] : samples_) {
      const double own = samples.RssSlope(length * kWarmUp);
      run_.report.Note(absl::StrFormat("%s: %.1f MiB at the end, %+.3f MiB/min, %+d descriptors",
                                       name, samples.LastRss(), own,
                                       samples.DescriptorGrowth(length * kWarmUp)));
      slope = std::max(slope, own);
      growth = std::max(growth, samples.DescriptorGrowth(length * kWarmUp));
    }
    run_.report.Injected(injected_, planned_, "faults");
    run_.report.Figure("soak_watches", watches_, "streams");
    // Seconds are all warm-up.
    if (run_.brief) return;
    run_.report.AtMost("soak_rss_slope_mb_min", slope, kMostSlope, "MiB/min");
    run_.report.AtMost("soak_descriptor_growth", growth, kMostDescriptors, "descriptors");
  }

 private:
  void Inject(const Event& event) {
    if (event.kind == Kind::kGoOn) {
      cluster_.worker(event.worker).Resume();
      return;
    }
    ++planned_;
    ServiceProcess& hit = event.kind == Kind::kKillProgress ? cluster_.progress_service(1)
                          : event.kind == Kind::kKillLedger ? cluster_.job_service(1)
                                                            : cluster_.worker(event.worker);
    bool done = false;
    switch (event.kind) {
      case Kind::kDrainWorker:
        done = hit.Terminate();
        break;
      case Kind::kHangWorker:
        done = hit.Pause();
        break;
      default:
        done = hit.Kill();
    }
    if (done) ++injected_;
  }

  // Whatever has ended is started again, as a supervisor does.
  absl::Status StartEnded() {
    std::vector<ServiceProcess*> all = {&cluster_.job_service(1), &cluster_.progress_service(1)};
    for (int i = 0; i < cluster_.workers(); ++i) all.push_back(&cluster_.worker(i));
    for (ServiceProcess* const process : all) {
      if (absl::Status status = process->Start(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  void Sample(absl::Duration now) {
    for (ServiceProcess* const process : {&cluster_.job_service(0), &cluster_.progress_service(0),
                                          &cluster_.worker(cluster_.workers() - 1)}) {
      samples_[process->name()].Take(process->pid(), now);
    }
  }

  void Watch(const Callers& callers) {
    StopWatching();
    const std::vector<SubmittedJob> jobs = callers.Newest(kWatchedByOne);
    if (jobs.empty()) return;
    watcher_ = std::make_unique<JobWatcher>(cluster_.progress_address(), jobs);
  }

  void StopWatching() {
    if (watcher_ == nullptr) return;
    watches_ += watcher_->streams();
    for (const std::string& problem : watcher_->problems()) {
      run_.report.Complain("shown to a watcher: " + problem);
    }
    watcher_.reset();
  }

  chaos::Run& run_;
  Cluster& cluster_;
  std::map<std::string, ProcessSamples> samples_;
  std::unique_ptr<JobWatcher> watcher_;
  int planned_ = 0;
  int injected_ = 0;
  int watches_ = 0;
};

absl::Status Soak(Run& run) {
  const absl::Duration length = run.Size(absl::Seconds(450), absl::Seconds(8));
  const int count = run.Size(5000, 40);
  const std::vector<JobPlan> plans =
      PlanJobs(run.random.Fork("jobs"), count,
               {.least_tokens = 10, .most_tokens = 80, .tokens_per_second = 100});
  const std::vector<Event> events =
      PlanEvents(run.random.Fork("events"), length, run.Size(absl::Seconds(5), absl::Seconds(2)));

  auto started = Cluster::Start({.logs = run.logs,
                                 .job_services = 2,
                                 .workers = kWorkers,
                                 .progress_services = 2,
                                 .slots = 16,
                                 .worker_flags = {"--drain_seconds=1"}});
  if (!started.ok()) return started.status();
  Cluster& cluster = **started;
  Soaking soaking(run, cluster);
  Callers callers(cluster.job_address(), plans, run.random.Fork("cancels"), length);
  const absl::Status went = soaking.Go(callers, events, length);
  callers.Join();
  if (!went.ok()) return went;
  if (!callers.status().ok()) return callers.status();

  LedgerReader ledger(cluster);
  if (absl::Status status = AwaitAllEnded(ledger, count, absl::Seconds(60)); !status.ok()) {
    run.report.Complain(absl::StrCat(status.message()));
  }
  soaking.Tell(length);
  const auto verdict =
      JudgeAndReport(cluster, callers.jobs(), run.report, "soak", callers.cancelled());
  return verdict.status();
}

const RegisterScenario registered({
    .name = "soak",
    .shows = "minutes of load and churn leak neither memory nor descriptors nor jobs",
    .brief = true,
    .run = Soak,
});

}  // namespace
}  // namespace genwatch::chaos

// Viewers come in the moment in which a job ends, a millisecond apart.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/expected_text.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/job_watcher.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/percentile.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/sse_watchers.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(1);
constexpr absl::Duration kPatience = absl::Seconds(20);

class Race {
 public:
  Race(Run& run, Cluster& cluster)
      : run_(run),
        cluster_(cluster),
        client_(cluster.job_address()),
        sse_(cluster.bridge_addresses()) {}

  // Submits, and waits for the first text. From there to the end takes as long for each job.
  absl::StatusOr<SubmittedJob> Begin(const JobPlan& plan, absl::Duration* first_text) {
    auto jobs = client_.SubmitAll({plan});
    if (!jobs.ok()) return jobs.status();
    scout_ = std::make_unique<JobWatcher>(cluster_.progress_address(), *jobs);
    const std::string& job_id = (*jobs)[0].job_id;
    if (!Await([&] { return !scout_->Of(job_id).first_text.empty(); }, kPatience)) {
      return absl::DeadlineExceededError(job_id + " does not begin");
    }
    *first_text = scout_->Of(job_id).first_text.begin()->second;
    submitted_.push_back((*jobs)[0]);
    return (*jobs)[0];
  }

  // How long it is from the first text to the end.
  absl::Status Measure(const JobPlan& plan) {
    absl::Duration first_text;
    const auto job = Begin(plan, &first_text);
    if (!job.ok()) return job.status();
    if (!Await([&] { return scout_->Done(); }, kPatience)) {
      return absl::DeadlineExceededError(job->job_id + " does not end");
    }
    lengths_.push_back(absl::ToDoubleSeconds(scout_->Of(job->job_id).ended_at - first_text));
    return absl::OkStatus();
  }

  // `count` viewers, half of each kind, come one by one; the middle one when the job should end.
  absl::Status Around(const JobPlan& plan, int count) {
    absl::Duration first_text;
    const auto job = Begin(plan, &first_text);
    if (!job.ok()) return job.status();
    const absl::Duration length = absl::Seconds(Percentile(lengths_, 0.5));
    const absl::Duration start = first_text + length - kStep * (count / 2);
    std::vector<std::unique_ptr<JobWatcher>> grpc;
    std::vector<SseWatchers::Id> sse;
    std::vector<absl::Duration> came;
    for (int i = 0; i < count; ++i) {
      absl::SleepFor(start + kStep * i - RealClock()->Monotonic());
      came.push_back(RealClock()->Monotonic());
      if (i % 2 == 0) {
        grpc.push_back(std::make_unique<JobWatcher>(cluster_.progress_address(),
                                                    std::vector<SubmittedJob>{*job}));
      } else {
        sse.push_back(sse_.Watch(job->job_id));
      }
    }
    Await(
        [&] {
          return scout_->Done() &&
                 std::all_of(grpc.begin(), grpc.end(), [](const auto& w) { return w->Done(); }) &&
                 std::all_of(sse.begin(), sse.end(), [&](auto id) { return sse_.Ended(id); });
        },
        kPatience, absl::Milliseconds(5));
    const absl::Duration ended_at = scout_->Of(job->job_id).ended_at;
    if (scout_->Done()) lengths_.push_back(absl::ToDoubleSeconds(ended_at - first_text));
    for (const absl::Duration at : came) ++(at < ended_at ? before_ : after_);
    const auto expected = AskExpectedText(http_, cluster_.simulator_url(), plan);
    if (!expected.ok()) return expected.status();
    for (const auto& watcher : grpc) {
      const Seen seen = watcher->Of(job->job_id);
      for (const std::string& problem : watcher->problems()) run_.report.Complain(problem);
      Count("gRPC", *job, seen.terminal, seen.answer == expected->answer);
    }
    for (const SseWatchers::Id id : sse) {
      SseWatchers::Seen seen = sse_.Of(id);
      sse_.Forget(id);
      for (const std::string& word : seen.breaches.words) run_.report.Complain(word);
      Count("SSE", *job, seen.ended, seen.jobs[job->job_id].answer() == expected->answer);
    }
    return absl::OkStatus();
  }

  void Tell(int wanted) {
    run_.report.Injected(before_ + after_, wanted, "viewers");
    run_.report.Figure("terminal_race_before", before_, "viewers that came before the end");
    run_.report.Figure("terminal_race_after", after_, "viewers that came after it");
    run_.report.AtMost("terminal_race_missed", missed_, 0, "viewers");
    run_.report.AtMost("terminal_race_wrong_texts", wrong_texts_, 0, "texts");
  }
  const std::vector<SubmittedJob>& submitted() const { return submitted_; }

 private:
  void Count(const std::string& kind, const SubmittedJob& job, bool ended, bool whole) {
    if (!ended) {
      ++missed_;
      run_.report.Note(absl::StrCat(job.job_id, ": its end was not shown over ", kind));
    } else if (!whole) {
      ++wrong_texts_;
      run_.report.Note(absl::StrCat(job.job_id, ": not its text was shown over ", kind));
    }
  }

  Run& run_;
  Cluster& cluster_;
  JobClient client_;
  HttpGetter http_;
  SseWatchers sse_;
  std::unique_ptr<JobWatcher> scout_;
  std::vector<double> lengths_;
  std::vector<SubmittedJob> submitted_;
  int before_ = 0;
  int after_ = 0;
  int missed_ = 0;
  int wrong_texts_ = 0;
};

absl::Status TerminalRace(Run& run) {
  const int rounds = run.Size(20, 2);
  const int viewers = run.Size(100, 40);
  constexpr int kMeasured = 5;
  const std::vector<JobPlan> plans =
      PlanJobs(run.random.Fork("jobs"), kMeasured + rounds,
               {.least_tokens = 30, .most_tokens = 30, .tokens_per_second = 60});
  auto cluster = Cluster::Start(
      {.logs = run.logs, .workers = 1, .progress_services = 2, .bridges = 2, .slots = 4});
  if (!cluster.ok()) return cluster.status();
  Race race(run, **cluster);
  for (int i = 0; i < kMeasured + rounds; ++i) {
    const absl::Status status =
        i < kMeasured ? race.Measure(plans[i]) : race.Around(plans[i], viewers);
    if (!status.ok()) return status;
  }
  race.Tell(rounds * viewers);
  return JudgeAndReport(**cluster, race.submitted(), run.report, "terminal_race").status();
}

const RegisterScenario registered({
    .name = "terminal_race",
    .shows = "viewers that come a millisecond apart around the end of a job are all shown it",
    .brief = true,
    .run = TerminalRace,
});

}  // namespace
}  // namespace genwatch::chaos

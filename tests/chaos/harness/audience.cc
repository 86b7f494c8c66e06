#include "tests/chaos/harness/audience.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(50);
constexpr absl::Duration kOthersSettle = absl::Seconds(10);

}  // namespace

bool Audience::Stage::Done(const SseWatchers& watchers) const {
  return std::all_of(grpc.begin(), grpc.end(), [](const auto& one) { return one->Done(); }) &&
         std::all_of(sse.begin(), sse.end(),
                     [&](SseWatchers::Id id) { return watchers.Ended(id); });
}

Audience::Audience(Cluster& cluster, const Options& options, std::vector<JobPlan> plans,
                   Report& report)
    : cluster_(cluster),
      options_(options),
      plans_(std::move(plans)),
      report_(report),
      client_(cluster.job_address()),
      sse_(cluster.bridge_addresses()),
      lists_(options.lists) {
  for (int i = 0; i < options_.all_active; ++i) {
    all_active_.push_back(JobWatcher::OfAllActive(cluster.progress_address(), JobPlan().owner));
  }
  viewers_ += options_.all_active;
}

absl::Status Audience::Tend() {
  for (auto at = stages_.begin(); at != stages_.end();) {
    if (!at->Done(sse_)) {
      ++at;
      continue;
    }
    Close(*at);
    at = stages_.erase(at);
  }
  while (stages_.size() < static_cast<size_t>(options_.jobs) && submitted_.size() < plans_.size()) {
    if (absl::Status status = Begin(); !status.ok()) return status;
  }
  TendLists();
  return absl::OkStatus();
}

void Audience::TendLists() {
  for (Group& list : lists_) {
    if (list.watcher != nullptr) {
      if (!list.watcher->Done()) continue;
      Judge(*list.watcher, list.jobs, "by list");
      list = {};
    }
    for (const Stage& stage : stages_) {
      if (list.jobs.size() < kWatchedByOne) list.jobs.push_back(stage.job);
    }
    if (list.jobs.empty()) continue;
    list.watcher = std::make_unique<JobWatcher>(cluster_.progress_address(), list.jobs);
    ++viewers_;
  }
}

absl::Duration Audience::LongestMute() const {
  absl::Duration longest;
  for (const Stage& stage : stages_) {
    for (const auto& watcher : stage.grpc) longest = std::max(longest, watcher->mute_for());
  }
  for (const Group& list : lists_) {
    if (list.watcher != nullptr) longest = std::max(longest, list.watcher->mute_for());
  }
  for (const auto& watcher : all_active_) longest = std::max(longest, watcher->mute_for());
  return longest;
}

absl::Status Audience::TendFor(absl::Duration length) {
  const absl::Duration end = RealClock()->Monotonic() + length;
  for (;;) {
    if (absl::Status status = Tend(); !status.ok()) return status;
    const absl::Duration left = end - RealClock()->Monotonic();
    if (left <= absl::ZeroDuration()) return absl::OkStatus();
    absl::SleepFor(std::min(left, kLook));
  }
}

absl::Status Audience::Begin() {
  auto submitted = client_.SubmitAll({plans_[submitted_.size()]});
  if (!submitted.ok()) return submitted.status();
  submitted_.push_back((*submitted)[0]);
  Stage& stage = stages_.emplace_back();
  stage.job = submitted_.back();
  for (int i = 0; i < options_.grpc_each; ++i) {
    stage.grpc.push_back(std::make_unique<JobWatcher>(cluster_.progress_address(),
                                                      std::vector<SubmittedJob>{stage.job}));
  }
  for (int i = 0; i < options_.sse_each; ++i) stage.sse.push_back(sse_.Watch(stage.job.job_id));
  viewers_ += options_.grpc_each + options_.sse_each;
  return absl::OkStatus();
}

void Audience::Finish(absl::Duration deadline) {
  Await(
      [&] {
        return std::all_of(stages_.begin(), stages_.end(),
                           [&](const Stage& stage) { return stage.Done(sse_); });
      },
      deadline, kLook);
  // They hear of the same ends, by other ways.
  const auto saw_all = [&](const std::unique_ptr<JobWatcher>& watcher) {
    return std::all_of(submitted_.begin(), submitted_.end(),
                       [&](const SubmittedJob& job) { return watcher->Of(job.job_id).terminal; });
  };
  Await(
      [&] {
        return std::all_of(lists_.begin(), lists_.end(),
                           [](const Group& list) {
                             return list.watcher == nullptr || list.watcher->Done();
                           }) &&
               std::all_of(all_active_.begin(), all_active_.end(), saw_all);
      },
      kOthersSettle, kLook);
  for (Stage& stage : stages_) Close(stage);
  stages_.clear();
  for (const Group& list : lists_) {
    if (list.watcher != nullptr) Judge(*list.watcher, list.jobs, "by list");
  }
  lists_.clear();
  for (const auto& watcher : all_active_) Judge(*watcher, submitted_, "all active");
  all_active_.clear();
}

void Audience::Close(Stage& stage) {
  const auto expected = Expected(stage.job);
  for (const auto& watcher : stage.grpc) Judge(*watcher, {stage.job}, "over gRPC");
  for (const SseWatchers::Id id : stage.sse) {
    SseWatchers::Seen seen = sse_.Of(id);
    sse_.Forget(id);
    breaches_.Add(seen.breaches);
    for (const std::string& word : seen.breaches.words) report_.Note("over SSE: " + word);
    for (const absl::Duration took : seen.resumed) {
      resumed_sse_.push_back(absl::ToDoubleSeconds(took));
    }
    if (!seen.ended) {
      ++ends_missed_;
      report_.Note(absl::StrCat("over SSE: ", stage.job.job_id, " was not seen to its end"));
    } else if (expected.ok()) {
      Look(seen.jobs[stage.job.job_id].answer(), *expected,
           absl::StrCat("over SSE: ", stage.job.job_id));
    }
  }
  stage.grpc.clear();
  stage.sse.clear();
}

void Audience::Judge(const JobWatcher& watcher, const std::vector<SubmittedJob>& jobs,
                     const std::string& who) {
  breaches_.gaps += watcher.gaps();
  breaches_.repeats += watcher.repeats();
  const auto problems = watcher.problems();
  breaches_.others += static_cast<int>(problems.size()) - watcher.gaps() - watcher.repeats();
  for (const std::string& problem : problems) report_.Note(absl::StrCat(who, ": ", problem));
  for (const absl::Duration took : watcher.resumed()) {
    resumed_grpc_.push_back(absl::ToDoubleSeconds(took));
  }
  for (const SubmittedJob& job : jobs) {
    const Seen seen = watcher.Of(job.job_id);
    if (!seen.terminal) {
      ++ends_missed_;
      report_.Note(absl::StrCat(who, ": ", job.job_id, " was not seen to its end"));
      continue;
    }
    const auto expected = Expected(job);
    if (expected.ok()) Look(seen.answer, *expected, absl::StrCat(who, ": ", job.job_id));
  }
}

// Asked once for each plan.
absl::StatusOr<ExpectedText> Audience::Expected(const SubmittedJob& job) {
  const auto known = expected_.find(job.job_id);
  if (known != expected_.end()) return known->second;
  auto expected = AskExpectedText(http_, cluster_.simulator_url(), job.plan);
  if (!expected.ok()) {
    report_.Complain(expected.status().ToString());
  } else {
    expected_[job.job_id] = *expected;
  }
  return expected;
}

void Audience::Look(const std::string& answer, const ExpectedText& expected,
                    const std::string& who) {
  if (answer == expected.answer) return;
  ++wrong_texts_;
  report_.Note(absl::StrCat(who, ": ", answer.size(), " bytes were shown, the text has ",
                            expected.answer.size()));
}

}  // namespace genwatch::chaos

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
      sse_(cluster.bridge_addresses()) {}

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
  return absl::OkStatus();
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
  for (Stage& stage : stages_) Close(stage);
  stages_.clear();
}

void Audience::Close(Stage& stage) {
  const auto expected = AskExpectedText(http_, cluster_.simulator_url(), stage.job.plan);
  if (!expected.ok()) report_.Complain(expected.status().ToString());
  for (const auto& watcher : stage.grpc) {
    const Seen seen = watcher->Of(stage.job.job_id);
    breaches_.gaps += watcher->gaps();
    breaches_.repeats += watcher->repeats();
    const auto problems = watcher->problems();
    breaches_.others += static_cast<int>(problems.size()) - watcher->gaps() - watcher->repeats();
    for (const std::string& problem : problems) report_.Note("over gRPC: " + problem);
    for (const absl::Duration took : watcher->resumed()) {
      resumed_grpc_.push_back(absl::ToDoubleSeconds(took));
    }
    if (!seen.terminal) {
      ++ends_missed_;
      report_.Note(absl::StrCat("over gRPC: ", stage.job.job_id, " was not seen to its end"));
    } else if (expected.ok()) {
      Look(seen.answer, *expected, absl::StrCat("over gRPC: ", stage.job.job_id));
    }
  }
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

void Audience::Look(const std::string& answer, const ExpectedText& expected,
                    const std::string& who) {
  if (answer == expected.answer) return;
  ++wrong_texts_;
  report_.Note(absl::StrCat(who, ": ", answer.size(), " bytes were shown, the text has ",
                            expected.answer.size()));
}

}  // namespace genwatch::chaos

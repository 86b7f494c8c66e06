// Jobs are cancelled by their owner while they wait, while they run, and as they end.

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <array>
#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/grpc_status.h"
#include "common/identity.h"
#include "common/mutex.h"
#include "genwatch/v1/progress_service.grpc.pb.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/expected_text.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/percentile.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/simulator_log.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

enum class When { kWaiting, kRunning, kFinishing };
constexpr std::array<const char*, 3> kWords = {"waiting", "running", "finishing"};

constexpr int kCallers = 12;
constexpr int kSlots = 16;
constexpr char kBusyModel[] = "sim-slow:70b";
constexpr double kLimitMs = 1000;

// One job and its cancel, as planned and as it went.
struct Case {
  JobPlan plan;
  When when = When::kWaiting;
  // Of the text, seen by the watcher: running ones are cancelled then; of finishing ones so many
  // bytes are still missing.
  size_t bytes = 0;
  absl::Duration delay;

  SubmittedJob job;
  absl::Status answer;  // of CancelJob
  bool cancelled = false;
  absl::Duration asked;
  absl::Duration ended;   // the terminal snapshot was read
  std::string text;       // as watched
  uint32_t answer_bytes;  // as CancelJob's answer has them
  int updates_after_end = 0;
  std::string problem;
};

std::vector<Case> PlanCases(Random random, int count) {
  std::vector<Case> cases;
  for (int i = 0; i < count; ++i) {
    Case c;
    c.when = static_cast<When>(i % 3);
    const bool finishing = c.when == When::kFinishing;
    c.plan = PlanJobs(random.Fork(absl::StrCat("job ", i)), 1,
                      {.model = c.when == When::kWaiting ? kBusyModel : "sim-fast:1b",
                       .least_tokens = finishing ? 10 : 600,
                       .most_tokens = finishing ? 30 : 900,
                       .tokens_per_second = 100})[0];
    absl::StrAppend(&c.plan.request_id, "-", i);
    c.bytes = static_cast<size_t>(finishing ? random.Between(0, 12) : random.Between(1, 250));
    c.delay = random.Between(absl::ZeroDuration(), absl::Milliseconds(finishing ? 12 : 40));
    cases.push_back(std::move(c));
  }
  return cases;
}

// A caller who watches a job and cancels it when the time has come.
class Canceller {
 public:
  explicit Canceller(Cluster& cluster)
      : url_(cluster.simulator_url()),
        jobs_(cluster.job_address()),
        progress_(v1::ProgressService::NewStub(ChannelTo(cluster.progress_address()))) {}

  void Do(Case& c) {
    size_t due_at = c.bytes;
    if (c.when == When::kFinishing) {
      const auto expected = AskExpectedText(http_, url_, c.plan);
      if (!expected.ok()) return Fail(c, expected.status());
      due_at = expected->answer.size() - std::min(expected->answer.size(), c.bytes);
    }
    const auto submitted = jobs_.SubmitAll({c.plan});
    if (!submitted.ok()) return Fail(c, submitted.status());
    c.job = submitted->front();
    seen_state_ = v1::Job::STATE_UNSPECIFIED;

    grpc::ClientContext context;
    context.AddMetadata(kUserMetadataKey, c.plan.owner);
    v1::WatchProgressRequest request;
    request.add_targets()->set_job_id(c.job.job_id);
    request.set_text(true);
    const auto stream = progress_->WatchProgress(&context, request);
    v1::WatchProgressResponse response;
    bool asked = false;
    while (stream->Read(&response)) {
      for (const v1::JobUpdate& update : response.updates()) Take(update, c);
      if (asked || !c.problem.empty()) continue;
      if (c.when == When::kWaiting ? seen_state_ == v1::Job::STATE_QUEUED
                                   : c.text.size() >= due_at) {
        asked = true;
        Cancel(c);
      }
    }
    const absl::Status status = FromGrpcStatus(stream->Finish());
    if (!status.ok()) return Fail(c, status);
    if (c.ended == absl::Duration()) c.problem = "the stream ended without a terminal snapshot";
  }

 private:
  static void Fail(Case& c, const absl::Status& status) { c.problem = status.ToString(); }

  void Take(const v1::JobUpdate& update, Case& c) {
    if (c.ended != absl::Duration()) ++c.updates_after_end;
    if (update.has_error()) c.problem = update.error().message();
    if (update.has_progress()) seen_state_ = update.progress().state();
    for (const v1::TextReset& reset : update.resets()) {
      c.text.resize(std::min<size_t>(c.text.size(), reset.offset()));
    }
    for (const v1::TextPiece& piece : update.pieces()) c.text += piece.text();
    if (update.terminal()) c.ended = RealClock()->Monotonic();
  }

  void Cancel(Case& c) {
    // The moment is the plan's; there is nothing to wait for.
    Await([] { return false; }, c.delay);
    grpc::ClientContext context;
    context.AddMetadata(kUserMetadataKey, c.plan.owner);
    v1::CancelJobRequest request;
    request.set_job_id(c.job.job_id);
    v1::CancelJobResponse response;
    c.asked = RealClock()->Monotonic();
    c.answer = FromGrpcStatus(jobs_.stub().CancelJob(&context, request, &response));
    c.cancelled = c.answer.ok();
    c.answer_bytes = response.job().numbers().answer_bytes();
  }

  const std::string url_;
  HttpGetter http_;
  JobClient jobs_;
  const std::unique_ptr<v1::ProgressService::Stub> progress_;
  v1::Job::State seen_state_ = v1::Job::STATE_UNSPECIFIED;
};

// Takes all places of a model until the end, so that its other jobs wait.
absl::StatusOr<std::vector<SubmittedJob>> FillModel(JobClient& client, LedgerReader& ledger,
                                                    Random random) {
  auto blockers = client.SubmitAll(PlanJobs(random, kSlots,
                                            {.model = kBusyModel,
                                             .least_tokens = 5000,
                                             .most_tokens = 5000,
                                             .tokens_per_second = 2,
                                             .owner = "blocker"}));
  if (!blockers.ok()) return blockers;
  const bool full = Await(
      [&] {
        return ledger.States().value_or(std::map<std::string, int>())["processing"] == kSlots;
      },
      absl::Minutes(1), absl::Milliseconds(50));
  if (!full) return absl::DeadlineExceededError("the busy model does not get busy");
  return blockers;
}

// What a case shows, summed up.
struct Sums {
  std::array<int, 3> cancelled = {};
  int refused = 0;
  std::vector<double> final_ms;
  std::vector<double> close_ms;
  double late_bytes = 0;
  int not_closed = 0;
};

void Look(const Case& c, const std::map<std::string, SimulatedRequest>& requests,
          const std::map<std::string, JobRow>& rows, Sums& sums, Report& report) {
  const auto complain = [&](const std::string& what) {
    report.Complain(absl::StrCat(c.job.job_id, " cancelled while ",
                                 kWords[static_cast<size_t>(c.when)], ": ", what));
  };
  if (!c.problem.empty()) return complain(c.problem);
  if (!c.cancelled) {
    // It had ended before: the order came too late, and says so.
    ++sums.refused;
    if (!absl::IsFailedPrecondition(c.answer)) complain(c.answer.ToString());
    if (rows.at(c.job.job_id).status != "completed") complain("refused, and not completed");
    return;
  }
  ++sums.cancelled[static_cast<size_t>(c.when)];
  const JobRow& row = rows.at(c.job.job_id);
  if (row.status != "cancelled") complain(absl::StrCat("is ", row.status));
  sums.final_ms.push_back(absl::ToDoubleMilliseconds(c.ended - c.asked));
  // What the watcher was shown beyond the kept text, what the text grew by after the cancel was
  // answered, and whatever followed the terminal snapshot.
  const double beyond = std::max<double>(
      0, static_cast<double>(c.text.size()) - static_cast<double>(row.answer.size()));
  const double grown = std::max<double>(
      0, static_cast<double>(row.answer.size()) - static_cast<double>(c.answer_bytes));
  if (beyond + grown + c.updates_after_end > 0) {
    complain(absl::StrCat(beyond, " bytes shown beyond the kept text, ", grown,
                          " stored after the answer, ", c.updates_after_end,
                          " updates after the terminal one"));
  }
  sums.late_bytes += beyond + grown + c.updates_after_end;
  const auto request = requests.find(c.plan.request_id);
  if (request == requests.end()) return;  // never reached the model server
  if (request->second.state == "cancelled") {
    sums.close_ms.push_back(absl::ToDoubleMilliseconds(request->second.ended - c.asked));
  } else if (request->second.state != "completed") {
    ++sums.not_closed;
    complain(absl::StrCat("its connection is still open: ", request->second.state));
  }
}

absl::Status CancelScenario(Run& run) {
  std::vector<Case> cases = PlanCases(run.random.Fork("cases"), run.Size(1000, 30));
  auto cluster = Cluster::Start({.logs = run.logs, .workers = 2, .slots = kSlots});
  if (!cluster.ok()) return cluster.status();
  const auto simulator = SimulatorLog::Open((*cluster)->simulator_url());
  if (!simulator.ok()) return simulator.status();
  JobClient client((*cluster)->job_address());
  LedgerReader ledger(**cluster);
  const auto blockers = FillModel(client, ledger, run.random.Fork("blockers"));
  if (!blockers.ok()) return blockers.status();

  std::atomic<size_t> next = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      Canceller canceller(**cluster);
      for (size_t k = next++; k < cases.size(); k = next++) canceller.Do(cases[k]);
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const SubmittedJob& blocker : *blockers) {
    if (absl::Status status = client.Cancel(blocker.job_id, blocker.plan.owner); !status.ok()) {
      return status;
    }
  }

  std::vector<SubmittedJob> jobs = *blockers;
  std::vector<std::string> job_ids;
  for (const Case& c : cases) {
    if (!c.job.job_id.empty()) jobs.push_back(c.job);
  }
  for (const SubmittedJob& job : jobs) job_ids.push_back(job.job_id);
  const auto verdict = JudgeAndReport(**cluster, jobs, run.report, "cancel", job_ids);
  if (!verdict.ok()) return verdict.status();

  // The simulator keeps the prompts without its orders.
  const auto seen = simulator->Requests();
  if (!seen.ok()) return seen.status();
  std::map<std::string, SimulatedRequest> requests;
  for (const Case& c : cases) {
    const std::string words = c.plan.prompt.substr(0, c.plan.prompt.find("[["));
    for (const SimulatedRequest& request : *seen) {
      if (absl::StartsWith(request.prompt, words)) requests[c.plan.request_id] = request;
    }
  }
  Sums sums;
  for (const Case& c : cases) Look(c, requests, verdict->rows, sums, run.report);
  run.report.Note(absl::StrCat(sums.cancelled[0], " cancelled while waiting, ", sums.cancelled[1],
                               " running, ", sums.cancelled[2], " finishing; ", sums.refused,
                               " had ended before; ", sums.close_ms.size(),
                               " connections closed by the cancel"));
  run.report.Injected(static_cast<int>(cases.size()), run.Size(1000, 30), "cancels");
  run.report.AtLeast("cancel_finishing_won", sums.cancelled[2], 1, "cancels");
  run.report.AtMost("cancel_p99_ms", Percentile(sums.final_ms, 0.99), kLimitMs, "ms");
  run.report.Figure("cancel_median_ms", Percentile(sums.final_ms, 0.5), "ms");
  run.report.Figure("cancel_max_ms", Percentile(sums.final_ms, 1), "ms");
  run.report.AtMost("cancel_close_p99_ms", Percentile(sums.close_ms, 0.99), kLimitMs, "ms");
  run.report.Figure("cancel_close_max_ms", Percentile(sums.close_ms, 1), "ms");
  run.report.AtMost("cancel_late_tokens", sums.late_bytes, 0, "bytes and updates");
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "cancel",
    .shows = "cancels while waiting, running and finishing: final and the connection closed within "
             "a second, and no text after it",
    .brief = true,
    .run = CancelScenario,
});

}  // namespace
}  // namespace genwatch::chaos

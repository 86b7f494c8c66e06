#include "tests/chaos/harness/verdict.h"

#include <algorithm>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/expected_text.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

// Of each kind of wrong, so many are told.
constexpr int kMostTold = 5;
// Often enough, and no load worth mentioning.
constexpr absl::Duration kLook = absl::Milliseconds(100);
// What ended just now may still be on its way out of the queue.
constexpr absl::Duration kQueueSettles = absl::Seconds(15);

class Judging {
 public:
  Judging(Report& report, Verdict& verdict) : report_(report), verdict_(verdict) {}

  void LookAtHistory(const std::string& job_id, const JobRow& row) {
    int completions = 0;
    uint32_t last_version = 0;
    uint32_t last_attempt = 0;
    std::string problem;
    for (const AttemptRow& attempt : row.attempts) {
      if (attempt.outcome == "completed") ++completions;
      if (attempt.outcome.empty()) problem = "an attempt is still open";
      if (attempt.version <= last_version || attempt.attempt != last_attempt + 1) {
        problem = "attempts or versions do not rise";
      }
      last_version = attempt.version;
      last_attempt = attempt.attempt;
    }
    // The end has a version of its own.
    if (last_version >= row.version) problem = "the last lease is not older than the end";
    if (completions != (row.status == "completed" ? 1 : 0)) {
      problem = absl::StrCat(completions, " attempts completed it");
    }
    if (problem.empty()) return;
    Tell(verdict_.doubled, "doubled", job_id, row, problem);
  }

  void Tell(int& count, const std::string& kind, const std::string& job_id, const JobRow& row,
            const std::string& problem) {
    if (++count > kMostTold) return;
    report_.Note(absl::StrCat(kind, ": ", job_id, " (", row.status, " ", row.reason, ", attempts ",
                              absl::StrJoin(row.attempts, " ",
                                            [](std::string* out, const AttemptRow& attempt) {
                                              absl::StrAppend(
                                                  out, "[v", attempt.version, " ", attempt.instance,
                                                  " ", attempt.outcome, " ", attempt.reason, "]");
                                            }),
                              "): ", problem));
  }

 private:
  Report& report_;
  Verdict& verdict_;
};

// The first difference, for the reader.
std::string Difference(const std::string& kept, const std::string& expected) {
  const size_t at = static_cast<size_t>(
      std::mismatch(kept.begin(), kept.begin() + std::min(kept.size(), expected.size()),
                    expected.begin())
          .first -
      kept.begin());
  return absl::StrCat("kept ", kept.size(), " bytes, expected ", expected.size(),
                      ", they differ at ", at);
}

absl::StatusOr<int> LeftInQueue(PrivateRedis& redis) {
  // Keys are few when the queue is empty.
  const auto keys = redis.Command({"KEYS", "gw:q:*"});
  if (!keys.ok()) return keys.status();
  std::vector<std::string> sets = absl::StrSplit(*keys, '\n', absl::SkipEmpty());
  sets.emplace_back("gw:leasing");
  int left = 0;
  for (const std::string& set : sets) {
    const auto size = redis.Command({"ZCARD", set});
    int number = 0;
    if (!size.ok()) return size.status();
    if (absl::SimpleAtoi(*size, &number)) left += number;
  }
  return left;
}

}  // namespace

absl::Status AwaitAllEnded(LedgerReader& ledger, int jobs, absl::Duration deadline) {
  const bool ended = Await([&] { return ledger.Ended().value_or(0) >= jobs; }, deadline, kLook);
  if (ended) return absl::OkStatus();
  const auto states = ledger.States();
  if (!states.ok()) return states.status();
  return absl::DeadlineExceededError(
      absl::StrCat("not all ", jobs, " jobs have ended after ", absl::FormatDuration(deadline),
                   ": ", absl::StrJoin(*states, ", ", absl::PairFormatter(" "))));
}

absl::StatusOr<Verdict> Judge(Cluster& cluster, const std::vector<SubmittedJob>& jobs,
                              Report& report, const std::vector<std::string>& may_be_cancelled) {
  LedgerReader ledger(cluster);
  auto rows = ledger.AllJobs();
  if (!rows.ok()) return rows.status();
  const std::set<std::string> cancels(may_be_cancelled.begin(), may_be_cancelled.end());
  Verdict verdict;
  Judging judging(report, verdict);
  HttpGetter http;
  for (const SubmittedJob& job : jobs) {
    ++verdict.jobs;
    const auto found = rows->find(job.job_id);
    if (found == rows->end()) {
      judging.Tell(verdict.lost, "lost", job.job_id, {}, "not in the ledger");
      continue;
    }
    const JobRow& row = found->second;
    verdict.failures_charged += static_cast<int>(row.failures);
    verdict.attempts += static_cast<int>(row.attempts.size());
    const bool completed = row.status == "completed";
    const bool cancelled = row.status == "cancelled" && cancels.contains(job.job_id);
    if (completed) ++verdict.completed;
    if (cancelled) ++verdict.cancelled;
    if (!completed && !cancelled) {
      const bool ended =
          row.status == "failed" || row.status == "expired" || row.status == "cancelled";
      judging.Tell(ended ? verdict.failed : verdict.lost, ended ? "failed" : "lost", job.job_id,
                   row, "should be completed");
      if (!ended) continue;
    }
    judging.LookAtHistory(job.job_id, row);
    const auto expected = AskExpectedText(http, cluster.simulator_url(), job.plan);
    if (!expected.ok()) return expected.status();
    if (completed && (row.answer != expected->answer || row.thinking != expected->thinking)) {
      judging.Tell(verdict.wrong_text, "wrong text", job.job_id, row,
                   Difference(row.answer, expected->answer));
    }
    if (!completed && (!expected->answer.starts_with(row.answer) ||
                       !expected->thinking.starts_with(row.thinking))) {
      judging.Tell(verdict.wrong_text, "wrong text", job.job_id, row,
                   absl::StrCat("no beginning of it: ", Difference(row.answer, expected->answer)));
    }
  }
  const auto leases = ledger.Number(
      "SELECT CAST(COUNT(*) AS UNSIGNED) FROM ai_generation_jobs WHERE instance IS NOT NULL OR "
      "server_model_id IS NOT NULL");
  if (!leases.ok()) return leases.status();
  verdict.left_leases = static_cast<int>(*leases);
  absl::StatusOr<int> left = 0;
  Await(
      [&] {
        left = LeftInQueue(cluster.redis());
        return left.ok() && *left == 0;
      },
      kQueueSettles, kLook);
  if (!left.ok()) return left.status();
  verdict.left_in_queue = *left;
  verdict.rows = *std::move(rows);
  return verdict;
}

absl::StatusOr<Verdict> JudgeAndReport(Cluster& cluster, const std::vector<SubmittedJob>& jobs,
                                       Report& report, const std::string& prefix,
                                       const std::vector<std::string>& may_be_cancelled) {
  auto verdict = Judge(cluster, jobs, report, may_be_cancelled);
  if (!verdict.ok()) return verdict;
  report.Note(absl::StrCat(verdict->jobs, " jobs: ", verdict->completed, " completed, ",
                           verdict->cancelled, " cancelled, ", verdict->attempts, " attempts, ",
                           verdict->failures_charged, " failures charged"));
  report.AtMost(prefix + "_lost", verdict->lost, 0, "jobs");
  report.AtMost(prefix + "_doubled", verdict->doubled, 0, "jobs");
  report.AtMost(prefix + "_failed", verdict->failed + verdict->wrong_text, 0, "jobs");
  if (verdict->left_in_queue > 0 || verdict->left_leases > 0) {
    report.Complain(absl::StrCat(verdict->left_in_queue, " jobs are left in the queue and ",
                                 verdict->left_leases, " leases in the ledger"));
  }
  return verdict;
}

}  // namespace genwatch::chaos

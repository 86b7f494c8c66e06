#include "job_service/job_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "common/status.h"

namespace genwatch {
namespace {

using testing::HasSubstr;

constexpr JobState kStates[] = {v1::Job::STATE_UNSPECIFIED, v1::Job::STATE_QUEUED,
                                v1::Job::STATE_PROCESSING,  v1::Job::STATE_PAUSED,
                                v1::Job::STATE_COMPLETED,   v1::Job::STATE_FAILED,
                                v1::Job::STATE_CANCELLED,   v1::Job::STATE_EXPIRED};

TEST(JobState, EveryPairOfStatesIsAllowedOrNotAsDrawn) {
  const std::set<std::pair<JobState, JobState>> allowed = {
      {v1::Job::STATE_QUEUED, v1::Job::STATE_PROCESSING},
      {v1::Job::STATE_QUEUED, v1::Job::STATE_PAUSED},
      {v1::Job::STATE_QUEUED, v1::Job::STATE_CANCELLED},
      {v1::Job::STATE_QUEUED, v1::Job::STATE_EXPIRED},
      {v1::Job::STATE_PROCESSING, v1::Job::STATE_QUEUED},
      {v1::Job::STATE_PROCESSING, v1::Job::STATE_COMPLETED},
      {v1::Job::STATE_PROCESSING, v1::Job::STATE_FAILED},
      {v1::Job::STATE_PROCESSING, v1::Job::STATE_PAUSED},
      {v1::Job::STATE_PROCESSING, v1::Job::STATE_CANCELLED},
      {v1::Job::STATE_PAUSED, v1::Job::STATE_QUEUED},
      {v1::Job::STATE_PAUSED, v1::Job::STATE_CANCELLED},
      {v1::Job::STATE_PAUSED, v1::Job::STATE_EXPIRED},
  };
  for (const JobState from : kStates) {
    for (const JobState to : kStates) {
      EXPECT_EQ(CanTransition(from, to), allowed.count({from, to}) > 0)
          << StatusWord(from) << " to " << StatusWord(to);
    }
  }
}

TEST(JobState, NothingLeavesATerminalState) {
  for (const JobState from : kStates) {
    for (const JobState to : kStates) {
      if (IsTerminal(from)) {
        EXPECT_FALSE(CanTransition(from, to));
      }
    }
  }
}

TEST(JobState, WordsReadBack) {
  const std::pair<JobState, std::string_view> words[] = {
      {v1::Job::STATE_QUEUED, "queued"},       {v1::Job::STATE_PROCESSING, "processing"},
      {v1::Job::STATE_COMPLETED, "completed"}, {v1::Job::STATE_FAILED, "failed"},
      {v1::Job::STATE_PAUSED, "paused"},       {v1::Job::STATE_CANCELLED, "cancelled"},
      {v1::Job::STATE_EXPIRED, "expired"}};
  for (const auto& [state, word] : words) {
    EXPECT_EQ(StatusWord(state), word);
    EXPECT_EQ(StateFromWord(word), state);
  }
  EXPECT_EQ(StateFromWord("QUEUED"), v1::Job::STATE_UNSPECIFIED);
  EXPECT_EQ(StateFromWord(""), v1::Job::STATE_UNSPECIFIED);
}

TEST(JobState, WrongStateNamesJobStateAndAction) {
  const absl::Status status = WrongState("CancelJob", "job_1", v1::Job::STATE_COMPLETED);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "WRONG_STATE");
  EXPECT_EQ(status.message(),
            "CancelJob: job job_1 is completed; only queued, processing and paused jobs can be "
            "cancelled");
  EXPECT_THAT(std::string(WrongState("ResumeJob", "job_1", v1::Job::STATE_QUEUED).message()),
              HasSubstr("only paused jobs can be resumed"));
  EXPECT_EQ(WrongState("Dance", "job_1", v1::Job::STATE_QUEUED).message(),
            "Dance: job job_1 is queued");
}

JobRecord Running(uint32_t failures = 0) {
  JobRecord job;
  job.state = v1::Job::STATE_PROCESSING;
  job.failures = failures;
  job.max_failures = 3;
  return job;
}

AttemptEnd End(v1::Outcome outcome) {
  return {.outcome = outcome, .reason = "R", .error_message = "m"};
}

TEST(DecideFinish, CompletedIsCompletedWhateverElseIsSaid) {
  const Change change = DecideFinish(Running(2), End(v1::OUTCOME_COMPLETED), 0.5);
  EXPECT_EQ(change.to, v1::Job::STATE_COMPLETED);
  EXPECT_FALSE(change.failure);
  EXPECT_EQ(change.reason, "");
}

TEST(DecideFinish, BackoffGrowsFourfoldUpToAMinuteAndIsSpread) {
  JobRecord job = Running();
  job.max_failures = 100;
  const AttemptEnd end = End(v1::OUTCOME_PASSING);
  const absl::Duration expected[] = {absl::Seconds(1), absl::Seconds(4), absl::Seconds(16),
                                     absl::Seconds(60), absl::Seconds(60)};
  for (uint32_t failures = 0; failures < 5; ++failures) {
    job.failures = failures;
    const Change change = DecideFinish(job, end, 0.5);
    EXPECT_EQ(change.to, v1::Job::STATE_QUEUED);
    EXPECT_TRUE(change.failure);
    EXPECT_EQ(change.delay, expected[failures]);
    EXPECT_EQ(DecideFinish(job, end, 0.0).delay, expected[failures] * 0.75);
    EXPECT_EQ(DecideFinish(job, end, 1.0).delay, expected[failures] * 1.25);
    EXPECT_EQ(change.reason, "R");
    EXPECT_EQ(change.error_message, "m");
  }
}

TEST(DecideFinish, PauseThatTheServerAsksForIsKeptWithinReason) {
  AttemptEnd end = End(v1::OUTCOME_PASSING);
  end.retry_after = absl::Seconds(30);
  EXPECT_EQ(DecideFinish(Running(), end, 0.5).delay, absl::Seconds(30));
  end.retry_after = absl::Milliseconds(10);
  EXPECT_EQ(DecideFinish(Running(), end, 0.5).delay, absl::Seconds(1));
  end.retry_after = absl::Hours(1000);
  EXPECT_EQ(DecideFinish(Running(), end, 0.5).delay, absl::Hours(1));
}

TEST(DecideFinish, BudgetIsTheNumberOfFailures) {
  EXPECT_EQ(DecideFinish(Running(1), End(v1::OUTCOME_PASSING), 0).to, v1::Job::STATE_QUEUED);
  const Change last = DecideFinish(Running(2), End(v1::OUTCOME_PASSING), 0);
  EXPECT_EQ(last.to, v1::Job::STATE_FAILED);
  EXPECT_TRUE(last.failure);
  EXPECT_EQ(last.reason, "R");
}

TEST(DecideFinish, OnceMoreIsOnceMoreWhateverElseFailed) {
  JobRecord job = Running(1);
  EXPECT_EQ(DecideFinish(job, End(v1::OUTCOME_ONCE_MORE), 0).to, v1::Job::STATE_QUEUED);
  EXPECT_TRUE(DecideFinish(job, End(v1::OUTCOME_ONCE_MORE), 0).failure);
  job.once_more = 1;
  EXPECT_EQ(DecideFinish(job, End(v1::OUTCOME_ONCE_MORE), 0).to, v1::Job::STATE_FAILED);
  EXPECT_EQ(DecideFinish(job, End(v1::OUTCOME_PASSING), 0).to, v1::Job::STATE_QUEUED);
  EXPECT_EQ(DecideFinish(Running(2), End(v1::OUTCOME_ONCE_MORE), 0).to, v1::Job::STATE_FAILED);
}

TEST(DecideFinish, PermanentFaultFails) {
  EXPECT_EQ(DecideFinish(Running(0), End(v1::OUTCOME_PERMANENT), 0).to, v1::Job::STATE_FAILED);
}

TEST(DecideFinish, HandingOverCostsNothingAndWaitsForNothing) {
  const Change change = DecideFinish(Running(2), End(v1::OUTCOME_HANDED_OVER), 0);
  EXPECT_EQ(change.to, v1::Job::STATE_QUEUED);
  EXPECT_FALSE(change.failure);
  EXPECT_FALSE(change.delay.has_value());
}

TEST(DecideFinish, UnknownOutcomeIsTriedAgain) {
  const Change change = DecideFinish(Running(0), End(static_cast<v1::Outcome>(77)), 0);
  EXPECT_EQ(change.to, v1::Job::STATE_QUEUED);
  EXPECT_TRUE(change.failure);
}

TEST(DecideFinish, JobThatMayNotRestartFailsOnceItHasText) {
  JobRecord job = Running();
  job.spec.set_resume_policy(v1::RESUME_POLICY_FAIL);
  AttemptEnd end = End(v1::OUTCOME_PASSING);
  EXPECT_EQ(DecideFinish(job, end, 0).to, v1::Job::STATE_QUEUED);
  end.has_text = true;
  EXPECT_EQ(DecideFinish(job, end, 0).to, v1::Job::STATE_FAILED);
  end = {.outcome = v1::OUTCOME_HANDED_OVER, .has_text = true};
  const Change change = DecideFinish(job, end, 0);
  EXPECT_EQ(change.to, v1::Job::STATE_FAILED);
  EXPECT_EQ(change.reason, "NOT_RESUMED");
  end.outcome = v1::OUTCOME_COMPLETED;
  EXPECT_EQ(DecideFinish(job, end, 0).to, v1::Job::STATE_COMPLETED);
}

TEST(DecideLoss, LossCostsNothing) {
  const Change change = DecideLoss(Running(2), false);
  EXPECT_EQ(change.to, v1::Job::STATE_QUEUED);
  EXPECT_FALSE(change.failure);
  EXPECT_FALSE(change.delay.has_value());
  EXPECT_EQ(change.reason, "WORKER_LOST");
}

TEST(DecideLoss, LossAloneWithoutNewTextCountsUpToTheBudget) {
  JobRecord job = Running(1);
  job.alone = true;
  EXPECT_TRUE(DecideLoss(job, false).failure);
  EXPECT_EQ(DecideLoss(job, false).to, v1::Job::STATE_QUEUED);
  EXPECT_FALSE(DecideLoss(job, true).failure);
  job.failures = 2;
  EXPECT_EQ(DecideLoss(job, false).to, v1::Job::STATE_FAILED);
  // Its other failures were no losses: nothing shows that it kills workers.
  EXPECT_EQ(DecideLoss(job, false).reason, "WORKER_LOST");
  EXPECT_EQ(DecideLoss(job, true).to, v1::Job::STATE_QUEUED);
  job.losses_alone = 2;
  EXPECT_EQ(DecideLoss(job, false).reason, "KILLS_WORKERS");
}

TEST(MayTakeBackLoss, OnlyOfAJobThatGoesOnAndWasCharged) {
  JobRecord job = Running(1);
  job.losses = 3;
  job.losses_alone = 1;
  EXPECT_TRUE(MayTakeBackLoss(job));
  job.state = v1::Job::STATE_QUEUED;
  EXPECT_TRUE(MayTakeBackLoss(job));
  job.state = v1::Job::STATE_FAILED;
  EXPECT_FALSE(MayTakeBackLoss(job));
  job.state = v1::Job::STATE_QUEUED;
  job.losses_alone = 0;  // the failure was another fault's
  EXPECT_FALSE(MayTakeBackLoss(job));
}

TEST(MayTakeBackLoss, NotWithoutEnd) {
  JobRecord job = Running(1);
  job.losses_alone = 1;
  job.losses = kMostLossesTakenBack;
  EXPECT_TRUE(MayTakeBackLoss(job));
  ++job.losses;
  EXPECT_FALSE(MayTakeBackLoss(job));
}

TEST(DecideLoss, JobThatMayNotRestartFailsOnceItHasText) {
  JobRecord job = Running();
  job.spec.set_resume_policy(v1::RESUME_POLICY_FAIL);
  EXPECT_EQ(DecideLoss(job, false).to, v1::Job::STATE_QUEUED);
  job.numbers.set_thinking_bytes(1);
  EXPECT_EQ(DecideLoss(job, true).to, v1::Job::STATE_FAILED);
  EXPECT_EQ(DecideLoss(job, true).reason, "WORKER_LOST");
}

}  // namespace
}  // namespace genwatch

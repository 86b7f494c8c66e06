#include "job_service/job_change.h"

#include <gtest/gtest.h>

#include <cmath>

namespace genwatch {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

JobRecord Waiting() {
  JobRecord job;
  job.state = v1::Job::STATE_QUEUED;
  job.version = 4;
  job.attempt = 1;
  job.max_failures = 3;
  job.reason = "OLD";
  job.error_message = "old";
  job.not_before = kNow;
  job.waiting_deadline = kNow;
  job.bases.resize(1);
  job.numbers.set_elapsed_ms(700);
  job.numbers.set_current_tokens(9);
  job.numbers.set_answer_bytes(50);
  job.numbers.set_percent(30);
  return job;
}

LeaseTerms Terms() {
  LeaseTerms terms{.alone = true, .score = 2.5};
  terms.worker.set_instance("w_1");
  terms.worker.set_address("host:1");
  terms.worker.set_server_url("http://m");
  return terms;
}

TEST(ApplyLease, StartsTheAttemptOver) {
  JobRecord job = Waiting();
  ApplyLease(Terms(), kNow, job);
  EXPECT_EQ(job.state, v1::Job::STATE_PROCESSING);
  EXPECT_EQ(job.version, 5u);
  EXPECT_EQ(job.attempt, 2u);
  EXPECT_EQ(job.started_at, kNow);
  EXPECT_EQ(job.instance, "w_1");
  EXPECT_EQ(job.score, 2.5);
  EXPECT_TRUE(job.alone);
  EXPECT_EQ(job.reason, "");
  EXPECT_FALSE(job.not_before.has_value());
  EXPECT_FALSE(job.waiting_deadline.has_value());
  EXPECT_EQ(job.numbers.elapsed_ms(), 700u);
  EXPECT_EQ(job.numbers.current_tokens(), 0u);
  EXPECT_EQ(job.numbers.answer_bytes(), 0u);
  EXPECT_EQ(job.numbers.percent(), 0);
  ASSERT_EQ(job.bases.size(), 2u);
  EXPECT_EQ(job.bases[1].version(), 5u);
  EXPECT_EQ(job.bases[1].answer(), 0u);
}

TEST(ApplyLease, GoesOnFromKeptTextOnlyWhereWorkerAndJobDo) {
  LeaseTerms terms = Terms();
  terms.continues = true;
  JobRecord job = Waiting();
  ApplyLease(terms, kNow, job);
  EXPECT_EQ(job.numbers.answer_bytes(), 50u);
  EXPECT_EQ(job.bases.back().answer(), 50u);
  EXPECT_EQ(job.numbers.current_tokens(), 0u);
  EXPECT_EQ(job.resume_mode, v1::RESUME_MODE_CONTINUED);

  JobRecord restarts = Waiting();
  restarts.spec.set_resume_policy(v1::RESUME_POLICY_RESTART);
  ApplyLease(terms, kNow, restarts);
  EXPECT_EQ(restarts.numbers.answer_bytes(), 0u);
  EXPECT_EQ(restarts.resume_mode, v1::RESUME_MODE_RESTARTED);

  JobRecord no_text = Waiting();
  no_text.numbers.set_answer_bytes(0);
  ApplyLease(terms, kNow, no_text);
  EXPECT_EQ(no_text.resume_mode, v1::RESUME_MODE_UNSPECIFIED);
}

TEST(ApplyLowerBase, LowersEachChannelForItselfAndNeverRaises) {
  LeaseTerms terms = Terms();
  terms.continues = true;
  JobRecord job = Waiting();
  job.numbers.set_thinking_bytes(20);
  ApplyLease(terms, kNow, job);
  job.numbers.set_answer_bytes(60);
  v1::LeaseBase base;
  base.set_answer(90);
  base.set_thinking(7);
  EXPECT_TRUE(ApplyLowerBase(base, job));
  EXPECT_EQ(job.numbers.answer_bytes(), 60u);
  EXPECT_EQ(job.bases.back().answer(), 50u);
  EXPECT_EQ(job.numbers.thinking_bytes(), 7u);
  EXPECT_EQ(job.bases.back().thinking(), 7u);
  EXPECT_EQ(job.resume_mode, v1::RESUME_MODE_CONTINUED);
  EXPECT_FALSE(ApplyLowerBase(base, job));
  EXPECT_TRUE(ApplyLowerBase(v1::LeaseBase(), job));
  EXPECT_EQ(job.numbers.answer_bytes(), 0u);
  EXPECT_EQ(job.resume_mode, v1::RESUME_MODE_RESTARTED);
}

TEST(ApplyLease, FirstStartStands) {
  JobRecord job = Waiting();
  job.started_at = kNow - absl::Hours(1);
  ApplyLease(Terms(), kNow, job);
  EXPECT_EQ(job.started_at, kNow - absl::Hours(1));
}

TEST(ApplyChange, RequeueKeepsTextPlaceAndElapsedTime) {
  JobRecord job = Waiting();
  ApplyLease(Terms(), kNow, job);
  job.numbers.set_answer_bytes(8);
  job.numbers.set_percent(50);
  job.numbers.set_remaining_ms(10);
  ApplyChange(
      {.to = v1::Job::STATE_QUEUED, .failure = true, .delay = absl::Seconds(4), .reason = "WHY"},
      kNow, job);
  EXPECT_EQ(job.version, 6u);
  EXPECT_EQ(job.failures, 1u);
  EXPECT_EQ(job.not_before, kNow + absl::Seconds(4));
  EXPECT_EQ(job.reason, "WHY");
  EXPECT_EQ(job.instance, "");
  EXPECT_EQ(job.server_url, "");
  EXPECT_FALSE(job.alone);
  EXPECT_EQ(job.score, 2.5);
  EXPECT_EQ(job.numbers.answer_bytes(), 8u);
  EXPECT_EQ(job.numbers.elapsed_ms(), 700u);
  EXPECT_EQ(job.numbers.percent(), 0);
  EXPECT_FALSE(job.numbers.has_remaining_ms());
  EXPECT_FALSE(job.completed_at.has_value());
}

TEST(ApplyChange, OnlyCompletedShowsAHundredPercent) {
  for (const JobState to : {v1::Job::STATE_COMPLETED, v1::Job::STATE_FAILED,
                            v1::Job::STATE_CANCELLED, v1::Job::STATE_EXPIRED}) {
    JobRecord job = Waiting();
    ApplyChange({.to = to}, kNow, job);
    EXPECT_EQ(job.numbers.percent() == 100, to == v1::Job::STATE_COMPLETED);
    EXPECT_EQ(job.numbers.has_remaining_ms(), to == v1::Job::STATE_COMPLETED);
    EXPECT_EQ(job.completed_at, kNow);
    EXPECT_FALSE(job.waiting_deadline.has_value());
  }
}

TEST(ApplyChange, PauseKeepsTheDeadlineForWaiting) {
  JobRecord job = Waiting();
  job.score = 1;
  ApplyChange({.to = v1::Job::STATE_PAUSED}, kNow, job);
  EXPECT_EQ(job.waiting_deadline, kNow);
  EXPECT_FALSE(job.not_before.has_value());
  EXPECT_FALSE(job.score.has_value());
  EXPECT_FALSE(job.completed_at.has_value());
}

TEST(ApplyLoss, CountsLossesAloneOnlyWithoutNewText) {
  JobRecord job = Waiting();
  ApplyLease(Terms(), kNow, job);
  JobRecord other = job;
  ApplyLoss({.to = v1::Job::STATE_QUEUED}, /*stored_new_text=*/false, kNow, job);
  EXPECT_EQ(job.losses, 1u);
  EXPECT_EQ(job.losses_alone, 1u);
  ApplyLoss({.to = v1::Job::STATE_QUEUED}, /*stored_new_text=*/true, kNow, other);
  EXPECT_EQ(other.losses, 1u);
  EXPECT_EQ(other.losses_alone, 0u);
}

TEST(ApplyNumbers, ProgressStaysBelowAHundredAndKnowsNoLengths) {
  JobRecord job = Waiting();
  v1::JobNumbers numbers;
  numbers.set_percent(100);
  numbers.set_elapsed_ms(600);
  numbers.set_answer_bytes(1);
  numbers.set_tokens_per_second(1.239);
  ApplyProgress(numbers, kNow, job);
  EXPECT_EQ(job.numbers.percent(), 99);
  EXPECT_EQ(job.numbers.elapsed_ms(), 700u);
  EXPECT_EQ(job.numbers.answer_bytes(), 50u);
  EXPECT_EQ(job.numbers.tokens_per_second(), 1.24);
  EXPECT_EQ(job.last_update_at, kNow);
}

TEST(ApplyNumbers, FinalNumbersKeepThePercentAndSumTheTokens) {
  JobRecord job = Waiting();
  v1::JobNumbers numbers;
  numbers.set_percent(99);
  numbers.set_remaining_ms(5);
  numbers.set_prompt_tokens(3);
  numbers.set_completion_tokens(4);
  ApplyFinalNumbers(numbers, kNow, job);
  EXPECT_EQ(job.numbers.percent(), 30);
  EXPECT_FALSE(job.numbers.has_remaining_ms());
  EXPECT_EQ(job.numbers.total_tokens(), 7u);
}

TEST(Storable, NumbersAreFiniteAndWithinTheirColumns) {
  v1::JobNumbers numbers;
  numbers.set_percent(-3);
  numbers.set_tokens_per_second(INFINITY);
  numbers.set_chars_per_second(1e12);
  const v1::JobNumbers stored = Storable(numbers);
  EXPECT_EQ(stored.percent(), 0);
  EXPECT_EQ(stored.tokens_per_second(), 0);
  EXPECT_EQ(stored.chars_per_second(), 99'999'999);
}

TEST(Storable, WordsAndSentencesFit) {
  EXPECT_EQ(StorableReason("A B\xC3\xB6"), "A_B__");
  EXPECT_EQ(StorableReason(std::string(70, 'x')).size(), 64u);
  EXPECT_EQ(StorableMessage("bad \xFF byte"), "bad \xEF\xBF\xBD byte");
  EXPECT_EQ(StorableMessage(std::string(4095, 'x') + "\xC3\xB6").size(), 4095u);
}

}  // namespace
}  // namespace genwatch

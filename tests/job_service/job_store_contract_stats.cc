#include <cstdint>
#include <string>
#include <vector>

#include "job_service/length_lesson.h"
#include "job_service/log_histogram.h"
#include "job_service/model_stats.h"
#include "tests/job_service/job_store_contract.h"

// Statistics of ended jobs, and the end of lengths that nobody reads.

namespace genwatch {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

v1::EstimateScore ScoreOf(const std::string& job_id, double percent_error) {
  v1::EstimateScore score;
  score.set_job_id(job_id);
  for (int i = 0; i < 3; ++i) {
    score.add_shares()->set_percent_error(percent_error);
    score.mutable_shares(i)->set_remaining_log_error(0.5);
    score.mutable_shares(i)->set_band_held(i > 0);
  }
  return score;
}

void Complete(JobStore& store, FinishedAttempt attempt, uint32_t tokens) {
  attempt.numbers.set_completion_tokens(tokens);
  attempt.numbers.set_elapsed_ms(1000 * tokens);
  attempt.numbers.set_tokens_per_second(25);
  attempt.numbers.set_first_token_ms(300);
  ASSERT_TRUE(store.FinishAttempt(attempt).ok());
}

// All days added up.
ModelDayRecord SumOf(JobStore& store, const std::string& model = "") {
  ModelDayRecord sum;
  const auto days = store.ModelDays(model, 0);
  EXPECT_TRUE(days.ok()) << days.status();
  for (const ModelDayRecord& day : *days) {
    sum.model = day.model;
    sum.day = day.day;
    AddDay(day.stats, sum.stats);
  }
  return sum;
}

TEST_P(JobStoreContract, EveryEndIsCountedOnceIntoItsDay) {
  for (int i = 1; i <= 5; ++i)
    Complete(store(), Finish(InsertLeased(i), v1::OUTCOME_COMPLETED),
             10 * static_cast<uint32_t>(i));
  ASSERT_TRUE(store().FinishAttempt(Finish(InsertLeased(6), v1::OUTCOME_PERMANENT)).ok());
  ASSERT_TRUE(store().Change(Order(Insert(Job(7)), v1::Job::STATE_CANCELLED)).ok());
  Insert(Job(8));   // waits
  InsertLeased(9);  // runs

  const auto counted = store().CountEnded(absl::ZeroDuration(), 100);
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(*counted, 5u);
  EXPECT_EQ(store().CountEnded(absl::ZeroDuration(), 100).value(), 0u);

  const ModelDayRecord sum = SumOf(store());
  EXPECT_EQ(sum.model, Job(1).spec.model());
  EXPECT_NEAR(sum.day, DayOf(*Get(JobId(1)).completed_at), 1);
  EXPECT_EQ(sum.stats.completed(), 5u);
  EXPECT_EQ(sum.stats.failed(), 1u);
  EXPECT_EQ(sum.stats.cancelled(), 1u);
  EXPECT_EQ(sum.stats.expired(), 0u);
  EXPECT_DOUBLE_EQ(MeanOf(sum.stats.tokens()), 30);
  EXPECT_DOUBLE_EQ(MeanOf(sum.stats.generation_ms()), 30'000);
  EXPECT_DOUBLE_EQ(MeanOf(sum.stats.tokens_per_second()), 2500);
  EXPECT_DOUBLE_EQ(MeanOf(sum.stats.first_token_ms()), 300);
  EXPECT_EQ(SumOf(store(), "another model").stats.completed(), 0u);

  // What ends later is added.
  Complete(store(), Finish(InsertLeased(10), v1::OUTCOME_COMPLETED), 60);
  EXPECT_EQ(store().CountEnded(absl::ZeroDuration(), 100).value(), 1u);
  EXPECT_EQ(SumOf(store(), Job(1).spec.model()).stats.completed(), 6u);
}

TEST_P(JobStoreContract, CountingGoesOnInPages) {
  for (int i = 1; i <= 5; ++i)
    Complete(store(), Finish(InsertLeased(i), v1::OUTCOME_COMPLETED), 10);
  EXPECT_EQ(store().CountEnded(absl::ZeroDuration(), 2).value(), 2u);
  EXPECT_EQ(store().CountEnded(absl::ZeroDuration(), 2).value(), 2u);
  EXPECT_EQ(store().CountEnded(absl::ZeroDuration(), 2).value(), 1u);
  EXPECT_EQ(SumOf(store()).stats.completed(), 5u);
}

TEST_P(JobStoreContract, WhatHasJustEndedIsCountedLater) {
  Complete(store(), Finish(InsertLeased(1), v1::OUTCOME_COMPLETED), 10);
  EXPECT_EQ(store().CountEnded(absl::Hours(1), 100).value(), 0u);
  EXPECT_EQ(SumOf(store()).stats.completed(), 0u);
}

TEST_P(JobStoreContract, TheFirstWordOnEstimatesCountsWithItsJob) {
  Complete(store(), Finish(InsertLeased(1), v1::OUTCOME_COMPLETED), 10);
  Complete(store(), Finish(InsertLeased(2), v1::OUTCOME_COMPLETED), 10);
  InsertLeased(3);
  const auto recorded = store().RecordScores(std::vector<v1::EstimateScore>{
      ScoreOf(JobId(1), 4), ScoreOf(JobId(3), 50), ScoreOf("job_unknown", 50)});
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_EQ(*recorded, 1u);
  // Another replica's.
  EXPECT_EQ(store().RecordScores(std::vector<v1::EstimateScore>{ScoreOf(JobId(1), 90)}).value(),
            0u);

  ASSERT_TRUE(store().CountEnded(absl::ZeroDuration(), 100).ok());
  const v1::ModelDay stats = SumOf(store()).stats;
  EXPECT_EQ(stats.completed(), 2u);
  EXPECT_EQ(stats.scored(), 1u);
  ASSERT_EQ(stats.shares_size(), 3);
  EXPECT_DOUBLE_EQ(stats.shares(1).percent_error_sum(), 4);
  EXPECT_EQ(stats.shares(0).bands_held(), 0u);
  EXPECT_EQ(stats.shares(2).bands_held(), 1u);
}

TEST_P(JobStoreContract, WhatWasToldOfTheTimeLeftIsKeptBesideWhatCame) {
  Complete(store(), Finish(InsertLeased(1), v1::OUTCOME_COMPLETED), 10);
  Complete(store(), Finish(InsertLeased(2), v1::OUTCOME_COMPLETED), 10);
  v1::EstimateScore told = ScoreOf(JobId(1), 4);
  for (uint32_t i = 0; i < 3; ++i) {
    v1::ShareScore& share = *told.mutable_shares(static_cast<int>(i));
    share.set_told_ms(1000 * (i + 1));
    share.set_told_low_ms(500);
    share.set_told_high_ms(9000);
    share.set_true_ms(700);
  }
  // Of a replica that does not tell the times, and of a share at which nothing was told.
  ASSERT_TRUE(store().RecordScores(std::vector<v1::EstimateScore>{ScoreOf(JobId(2), 4)}).ok());
  told.mutable_shares(0)->clear_remaining_log_error();
  ASSERT_TRUE(store().RecordScores(std::vector<v1::EstimateScore>{told}).ok());
  EXPECT_THAT(store().ListEstimateSamples("", 10).value(), IsEmpty());

  ASSERT_TRUE(store().CountEnded(absl::ZeroDuration(), 100).ok());
  const auto samples = store().ListEstimateSamples("", 10);
  ASSERT_TRUE(samples.ok()) << samples.status();
  ASSERT_THAT(*samples, SizeIs(2));
  const EstimateSampleRecord& newest = samples->front();
  EXPECT_EQ(newest.model, Job(1).spec.model());
  EXPECT_EQ(newest.share, 75u);
  EXPECT_EQ(newest.told_ms, 3000u);
  EXPECT_EQ(newest.told_low_ms, 500u);
  EXPECT_EQ(newest.told_high_ms, 9000u);
  EXPECT_EQ(newest.true_ms, 700u);
  EXPECT_EQ(newest.ended_at, *Get(JobId(1)).completed_at);
  EXPECT_EQ(samples->back().share, 50u);
  EXPECT_THAT(store().ListEstimateSamples(newest.model, 1).value(), SizeIs(1));
  EXPECT_THAT(store().ListEstimateSamples("another", 10).value(), IsEmpty());
}

TEST_P(JobStoreContract, OnlyTheNewestSamplesOfAModelAreKept) {
  Beat(Worker(1));
  constexpr int kJobs = static_cast<int>(kKeptSamples) / 3 + 2;
  for (int n = 1; n <= kJobs; ++n) {
    Insert(Job(n));
    const LeaseResult result = Lease(Worker(1), {JobId(n)}, 10'000);
    ASSERT_THAT(result.leased, SizeIs(1));
    Complete(store(), Finish(result.leased[0], v1::OUTCOME_COMPLETED), 10);
    v1::EstimateScore score = ScoreOf(JobId(n), 4);
    for (v1::ShareScore& share : *score.mutable_shares()) {
      share.set_told_ms(static_cast<uint32_t>(n));
    }
    ASSERT_TRUE(store().RecordScores(std::vector<v1::EstimateScore>{score}).ok());
  }
  // In two pages, the second of which is over what is kept.
  ASSERT_TRUE(store().CountEnded(absl::ZeroDuration(), 400).ok());
  ASSERT_TRUE(store().CountEnded(absl::ZeroDuration(), 400).ok());
  const auto samples = store().ListEstimateSamples("", 10'000);
  ASSERT_TRUE(samples.ok()) << samples.status();
  ASSERT_THAT(*samples, SizeIs(kKeptSamples));
  EXPECT_EQ(samples->front().told_ms, static_cast<uint32_t>(kJobs));
  EXPECT_EQ(samples->back().told_ms, 3u);
}

TEST_P(JobStoreContract, AttemptsTellWhatTheyWentThrough) {
  const JobRecord leased = InsertLeased(1);
  FinishedAttempt attempt = Finish(leased, v1::OUTCOME_COMPLETED);
  v1::PhaseTime* const loading = attempt.facts.add_phases();
  loading->set_phase(v1::PHASE_LOADING);
  loading->set_duration_ms(4000);
  v1::PhaseTime* const prompt = attempt.facts.add_phases();
  prompt->set_phase(v1::PHASE_PROMPT);
  prompt->set_start_ms(4000);
  ASSERT_THAT(store().ListAttempts(JobId(1)).value(), SizeIs(1));
  EXPECT_THAT(store().ListAttempts(JobId(1))->at(0).phases, IsEmpty());
  ASSERT_TRUE(store().FinishAttempt(attempt).ok());

  const auto attempts = store().ListAttempts(JobId(1));
  ASSERT_TRUE(attempts.ok()) << attempts.status();
  ASSERT_THAT(attempts->at(0).phases, SizeIs(2));
  EXPECT_EQ(attempts->at(0).phases[0].duration_ms(), 4000u);
  EXPECT_EQ(attempts->at(0).phases[1].phase(), v1::PHASE_PROMPT);
}

TEST_P(JobStoreContract, TheStateTellsSinceWhenItIs) {
  const JobRecord waiting = Insert(Job(1));
  EXPECT_EQ(Get(JobId(1)).state_since, waiting.created_at);
  Beat(Worker(1));
  const JobRecord leased = Lease(Worker(1), {JobId(1)}).leased.at(0);
  EXPECT_EQ(Get(JobId(1)).state_since, leased.started_at);
  ASSERT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).ok());
  EXPECT_EQ(Get(JobId(1)).state_since, Get(JobId(1)).completed_at);
}

TEST_P(JobStoreContract, OnlyLengthsThatNobodyReadsArePruned) {
  Beat(Worker(1));
  const int many = static_cast<int>(kHistoryLengths) + 8;
  const auto learn = [this](int n, const std::string& job_class) {
    NewJob job = Job(n);
    job.spec.set_job_class(job_class);
    Insert(job);
    const LeaseResult result = Lease(Worker(1), {JobId(n)}, 10'000);
    ASSERT_THAT(result.leased, SizeIs(1));
    Complete(store(), Finish(result.leased[0], v1::OUTCOME_COMPLETED), static_cast<uint32_t>(n));
  };
  for (int n = 1; n <= many; ++n) learn(n, "often");
  for (int n = many + 1; n <= many + 3; ++n) learn(n, "seldom");
  v1::JobSpec spec = Job(1).spec;
  spec.set_job_class("often");
  const v1::LengthHistory before = store().History(spec).value();

  const auto pruned = store().PruneLengths({}, 1);
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_EQ(pruned->last.job_class, "often");
  EXPECT_EQ(pruned->deleted, 8u);
  const auto rest = store().PruneLengths(pruned->last, 10);
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(rest->deleted, 0u);
  EXPECT_EQ(rest->last, LengthKind());

  EXPECT_EQ(store().History(spec)->SerializeAsString(), before.SerializeAsString());
  EXPECT_EQ(store().PruneLengths({}, 10)->deleted, 0u);
}

}  // namespace
}  // namespace genwatch

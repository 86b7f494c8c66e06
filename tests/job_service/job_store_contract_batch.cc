#include "absl/strings/str_cat.h"
#include "tests/job_service/job_store_contract.h"

namespace genwatch {
namespace {

using testing::SizeIs;

TEST_P(JobStoreContract, ManyInsertsAtOnceAreAnsweredInStep) {
  // More than fit in one statement.
  constexpr int kJobs = 100;
  std::vector<NewJob> jobs;
  for (int i = 1; i <= kJobs; ++i) {
    NewJob& job = jobs.emplace_back(Job(i));
    job.spec.set_prompt(absl::StrCat("prompt ", i));
    job.spec.mutable_deadlines()->set_waiting_ms(1000 * i);
    (*job.spec.mutable_labels())["n"] = absl::StrCat(i);
  }
  const auto inserted = store().InsertMany(jobs);
  ASSERT_THAT(inserted, SizeIs(kJobs));
  for (int i = 0; i < kJobs; ++i) {
    ASSERT_TRUE(inserted[i].ok()) << inserted[i].status();
    EXPECT_FALSE(inserted[i]->existed);
    const JobRecord read = Get(JobId(i + 1));
    EXPECT_EQ(read.spec.SerializeAsString(), jobs[i].spec.SerializeAsString());
    EXPECT_EQ(inserted[i]->job.job_id, read.job_id);
    EXPECT_EQ(inserted[i]->job.row_id, read.row_id);
    EXPECT_EQ(inserted[i]->job.created_at, read.created_at);
    EXPECT_EQ(inserted[i]->job.waiting_deadline, read.created_at + absl::Seconds(i + 1));
  }
}

TEST_P(JobStoreContract, WhatWasThereBeforeIsAnsweredAsSuchAmongManyInserts) {
  NewJob before = Job(1);
  before.request_id = "r-1";
  Insert(before);

  NewJob again = before;
  again.job_id = JobId(2);
  NewJob other = Job(3);
  other.request_id = "r-1";
  NewJob twice = Job(4);
  twice.request_id = "r-4";
  NewJob twice_again = twice;
  twice_again.job_id = JobId(5);
  const auto inserted = store().InsertMany({Job(6), again, other, twice, twice_again, Job(7)});
  ASSERT_THAT(inserted, SizeIs(6));
  ASSERT_TRUE(inserted[0].ok() && inserted[1].ok() && inserted[3].ok() && inserted[4].ok() &&
              inserted[5].ok());
  EXPECT_FALSE(inserted[0]->existed);
  EXPECT_TRUE(inserted[1]->existed);
  EXPECT_EQ(inserted[1]->job.job_id, JobId(1));
  EXPECT_THAT(inserted[2].status(),
              FailsWith(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED"));
  EXPECT_FALSE(inserted[3]->existed);
  EXPECT_TRUE(inserted[4]->existed);
  EXPECT_EQ(inserted[4]->job.job_id, JobId(4));
  EXPECT_FALSE(inserted[5]->existed);
  for (const int n : {1, 4, 6, 7}) EXPECT_EQ(Get(JobId(n)).state, v1::Job::STATE_QUEUED);
  for (const int n : {2, 3, 5}) {
    EXPECT_TRUE(absl::IsNotFound(store().Get(JobId(n)).status())) << n;
  }
}

TEST_P(JobStoreContract, EachOfManyEndsGetsItsOwnAnswer) {
  std::vector<FinishedAttempt> attempts;
  std::vector<JobRecord> leased;
  for (int i = 1; i <= 6; ++i) {
    leased.push_back(InsertLeased(i));
    FinishedAttempt& attempt = attempts.emplace_back(Finish(leased.back(), v1::OUTCOME_COMPLETED));
    attempt.pieces = {Piece(v1::CHANNEL_ANSWER, 0, absl::StrCat("text ", i))};
    attempt.numbers.set_current_tokens(static_cast<uint32_t>(i));
  }
  attempts[1].end.outcome = v1::OUTCOME_PASSING;
  attempts[1].end.reason = "HTTP_503";
  attempts[2].version += 1;
  attempts[3].pieces = {Piece(v1::CHANNEL_ANSWER, 3, "gap")};
  attempts[4].job_id = JobId(99);
  // A second word about the first.
  attempts.push_back(attempts[0]);

  const auto jobs = store().FinishAttempts(attempts);
  ASSERT_THAT(jobs, SizeIs(7));
  ASSERT_TRUE(jobs[0].ok()) << jobs[0].status();
  EXPECT_EQ(jobs[0]->state, v1::Job::STATE_COMPLETED);
  ASSERT_TRUE(jobs[1].ok()) << jobs[1].status();
  EXPECT_EQ(jobs[1]->state, v1::Job::STATE_QUEUED);
  EXPECT_TRUE(jobs[1]->not_before.has_value());
  EXPECT_THAT(jobs[2].status(), FailsWith(absl::StatusCode::kAborted, "LEASE_LOST"));
  EXPECT_THAT(jobs[3].status(), FailsWith(absl::StatusCode::kInvalidArgument, "TEXT_GAP"));
  EXPECT_THAT(jobs[4].status(), FailsWith(absl::StatusCode::kNotFound, "JOB_NOT_FOUND"));
  ASSERT_TRUE(jobs[5].ok()) << jobs[5].status();
  ASSERT_TRUE(jobs[6].ok()) << jobs[6].status();
  EXPECT_EQ(jobs[6]->version, jobs[0]->version);

  for (const int n : {1, 6}) {
    const JobRecord read = Get(JobId(n));
    EXPECT_EQ(read.state, v1::Job::STATE_COMPLETED);
    EXPECT_EQ(read.numbers.current_tokens(), static_cast<uint32_t>(n));
    EXPECT_EQ(Text(JobId(n)), absl::StrCat("text ", n));
  }
  EXPECT_EQ(Text(JobId(2)), "text 2");
  EXPECT_EQ(Get(JobId(2)).reason, "HTTP_503");
  for (const int n : {3, 4, 5}) {
    EXPECT_EQ(Get(JobId(n)).state, v1::Job::STATE_PROCESSING) << n;
    EXPECT_EQ(Text(JobId(n)), "") << n;
  }
  for (const int n : {1, 2, 6}) {
    const auto history = store().ListAttempts(JobId(n));
    ASSERT_TRUE(history.ok()) << history.status();
    ASSERT_THAT(*history, SizeIs(1));
    EXPECT_EQ(history->front().outcome, n == 2 ? "passing" : "completed");
  }
}

TEST_P(JobStoreContract, NoInsertsAndNoEndsAreNoTrouble) {
  EXPECT_THAT(store().InsertMany({}), SizeIs(0));
  EXPECT_THAT(store().FinishAttempts({}), SizeIs(0));
}

}  // namespace
}  // namespace genwatch

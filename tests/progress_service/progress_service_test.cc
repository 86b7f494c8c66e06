#include "progress_service/progress_service.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/grpc_status.h"
#include "common/status.h"
#include "progress_service/cursor.h"
#include "tests/progress_service/progress_fixture.h"
#include "tests/support/await.h"

namespace genwatch {
namespace {

class ProgressServiceTest : public ProgressFixture {};

TEST_F(ProgressServiceTest, ARunningJobIsAnsweredFromMemory) {
  Run(job_);
  Say(job_, "text");
  v1::GetProgressResponse response;
  ASSERT_TRUE(Await([&] {
    response.Clear();
    return GetProgress(job_, &response).ok() && response.progress().numbers().current_tokens() == 1;
  }));
  ASSERT_TRUE(Await([&] { return GetProgress(job_, &response).ok(); }));
  const int asked = ledger_->asked(job_);

  ledger_->SetDown(true);
  for (int i = 0; i < 5; ++i) {
    const grpc::Status status = GetProgress(job_, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  EXPECT_EQ(ledger_->asked(job_), asked);
  EXPECT_EQ(response.progress().state(), v1::Job::STATE_PROCESSING);
  EXPECT_TRUE(response.progress().has_start_time());
  EXPECT_EQ(response.spec().prompt(), "why is the sky blue?");
}

TEST_F(ProgressServiceTest, TheCursorOfASnapshotGivesAWatchTheWholeText) {
  Run(job_);
  Say(job_, "all of it");
  v1::GetProgressResponse response;
  ASSERT_TRUE(GetProgress(job_, &response).ok());
  const auto cursor = ParseCursor(response.cursor());
  ASSERT_TRUE(cursor.has_value());
  EXPECT_FALSE(cursor->answer.has_value());
  EXPECT_FALSE(cursor->thinking.has_value());

  const auto client = Watch(job_, response.cursor());

  ASSERT_TRUE(client->AwaitText(job_, "all of it"));
  EXPECT_TRUE(client->view(job_).resets.empty());
}

TEST_F(ProgressServiceTest, AnEndedJobIsAnsweredFromTheLedger) {
  ledger_->Submit(job_, "ada");
  ledger_->Lease(job_, true);
  ledger_->Move(job_, v1::Job::STATE_COMPLETED);
  v1::GetProgressResponse response;

  ASSERT_TRUE(GetProgress(job_, &response).ok());

  EXPECT_EQ(response.progress().state(), v1::Job::STATE_COMPLETED);
  EXPECT_EQ(response.progress().numbers().percent(), 100);
  EXPECT_TRUE(ParseCursor(response.cursor())->terminal);
  EXPECT_EQ(replica_->hub().job_count(), 0);
}

TEST_F(ProgressServiceTest, AWaitingJobIsAnsweredAsTheLedgerHasItNow) {
  ledger_->Submit(job_, "ada");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitState(job_, v1::Job::STATE_QUEUED));
  ledger_->Move(job_, v1::Job::STATE_CANCELLED);
  v1::GetProgressResponse response;

  ASSERT_TRUE(GetProgress(job_, &response).ok());

  EXPECT_EQ(response.progress().state(), v1::Job::STATE_CANCELLED);
}

TEST_F(ProgressServiceTest, WhoMayNotSeeAJobIsToldThatThereIsNone) {
  Run(job_);
  v1::GetProgressResponse response;
  EXPECT_EQ(GetProgress(job_, &response, "eve").error_code(), grpc::StatusCode::NOT_FOUND);
  ASSERT_TRUE(GetProgress(job_, &response).ok());
  EXPECT_EQ(GetProgress(job_, &response, "eve").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(GetProgress(JobIdOf(99), &response).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(FromGrpcStatus(GetProgress("x", &response))), "BAD_JOB_ID");
  EXPECT_EQ(GetProgress(job_, &response, "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(ProgressServiceTest, WithoutTheLedgerWhatDoesNotRunIsUnavailable) {
  ledger_->Submit(job_, "ada");
  ledger_->SetDown(true);
  v1::GetProgressResponse response;

  EXPECT_EQ(GetProgress(job_, &response).error_code(), grpc::StatusCode::UNAVAILABLE);
}

class CheckWatchersTest : public ProgressFixture {
 protected:
  struct Check {
    std::string job_id, user;
  };
  grpc::Status CheckAll(const std::vector<Check>& checks) {
    const auto stub = v1::ProgressService::NewStub(
        grpc::CreateChannel(replica_->address(), grpc::InsecureChannelCredentials()));
    v1::CheckWatchersRequest request;
    for (const Check& check : checks) {
      request.add_checks()->set_job_id(check.job_id);
      request.mutable_checks(request.checks_size() - 1)->set_user(check.user);
    }
    grpc::ClientContext context;
    v1::CheckWatchersResponse response;
    const grpc::Status status = stub->CheckWatchers(&context, request, &response);
    allowed_.assign(response.allowed().begin(), response.allowed().end());
    return status;
  }

  std::vector<bool> allowed_;
};

TEST_F(CheckWatchersTest, OnlyTheOwnerMayWatch) {
  const std::string waiting = JobIdOf(2), ended = JobIdOf(3);
  Run(job_);
  ledger_->Submit(waiting, "eve");
  ledger_->Submit(ended, "ada");
  ledger_->Lease(ended, true);
  ledger_->Move(ended, v1::Job::STATE_COMPLETED);

  ASSERT_TRUE(CheckAll({{job_, "ada"},
                        {job_, "eve"},
                        {waiting, "ada"},
                        {waiting, "eve"},
                        {ended, "ada"},
                        {JobIdOf(99), "ada"},
                        {"x", "ada"},
                        {job_, ""}})
                  .ok());

  EXPECT_THAT(allowed_, testing::ElementsAre(true, false, false, true, true, false, false, false));
}

TEST_F(CheckWatchersTest, ForJobsThatRunTheLedgerIsNotAsked) {
  Run(job_);
  Say(job_, "text");
  v1::GetProgressResponse response;
  ASSERT_TRUE(Await([&] { return GetProgress(job_, &response).ok(); }));
  ASSERT_TRUE(Await([&] { return replica_->hub().RunningOwner(job_).has_value(); }));
  ledger_->SetDown(true);

  // On a busy machine the worker's word may be late for a moment.
  ASSERT_TRUE(Await([&] { return CheckAll({{job_, "ada"}, {job_, "eve"}}).ok(); }));
  EXPECT_THAT(allowed_, testing::ElementsAre(true, false));

  EXPECT_EQ(CheckAll({{job_, "ada"}, {JobIdOf(2), "ada"}}).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(CheckWatchersTest, OfManyWatchersOfAJobTheLedgerHearsOnce) {
  ledger_->Submit(job_, "ada");
  std::vector<Check> checks;
  for (int i = 0; i < 1000; ++i) checks.push_back({job_, i % 2 == 0 ? "ada" : "eve"});
  const int before = ledger_->asked(job_);

  ASSERT_TRUE(CheckAll(checks).ok());

  EXPECT_EQ(ledger_->asked(job_), before + 1);
  EXPECT_EQ(std::count(allowed_.begin(), allowed_.end(), true), 500);
  checks.push_back({job_, "ada"});
  EXPECT_EQ(ReasonOf(FromGrpcStatus(CheckAll(checks))), "TOO_MANY_CHECKS");
}

TEST_F(ProgressServiceTest, NumbersOfAllRunningJobsAreRecordedInOneCall) {
  for (int i = 1; i <= 20; ++i) Run(JobIdOf(i));
  ASSERT_TRUE(Await([&] { return replica_->hub().job_count() == 20; }));
  for (int i = 1; i <= 20; ++i) Say(JobIdOf(i), "text");

  ASSERT_TRUE(Await([&] {
    for (const v1::RecordProgressRequest& recording : ledger_->recordings()) {
      int with_token = 0;
      for (const v1::ProgressRecord& record : recording.records()) {
        if (record.numbers().current_tokens() == 1) ++with_token;
      }
      if (with_token == 20) return true;
    }
    return false;
  }));
  // Nothing changed since, so nothing is written.
  ASSERT_TRUE(Await([&] {
    const size_t count = ledger_->recordings().size();
    absl::SleepFor(absl::Milliseconds(1200));  // two of its ticks
    return ledger_->recordings().size() == count;
  }));
  for (const v1::RecordProgressRequest& recording : ledger_->recordings()) {
    for (const v1::ProgressRecord& record : recording.records()) {
      EXPECT_GT(record.sequence(), 0);
      EXPECT_LT(record.numbers().percent(), 100);
    }
  }
}

TEST_F(ProgressServiceTest, WhatTheEstimatesOfADoneJobWereWorthIsToldTheLedgerAndCounted) {
  Run(job_);
  for (uint32_t tokens = 1; tokens <= 4; ++tokens) {
    Say(job_, "text");
    v1::GetProgressResponse response;
    ASSERT_TRUE(Await([&] {
      response.Clear();
      return GetProgress(job_, &response).ok() &&
             response.progress().numbers().current_tokens() == tokens;
    }));
  }
  // Nobody watches it.
  Complete(job_);

  ASSERT_TRUE(Await([&] { return !ledger_->scores().empty(); }));
  const std::vector<v1::EstimateScore> scores = ledger_->scores();
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_EQ(scores[0].job_id(), job_);
  ASSERT_EQ(scores[0].shares_size(), 3);
  for (const v1::ShareScore& share : scores[0].shares()) EXPECT_GE(share.percent_error(), 0);
  EXPECT_THAT(replica_->metrics().Scrape(),
              testing::HasSubstr("genwatch_progress_percent_error_points_bucket{"));
}

TEST_F(ProgressServiceTest, WhatCouldNotBeRecordedIsRecordedLaterIfItIsStillTheNewest) {
  Run(job_);
  ledger_->SetDown(true);
  Say(job_, "text");
  absl::SleepFor(absl::Milliseconds(1200));  // two ticks of the recorder fail
  EXPECT_TRUE(ledger_->recordings().empty() ||
              ledger_->recordings().back().records(0).numbers().current_tokens() == 0);
  ledger_->SetDown(false);

  EXPECT_TRUE(Await([&] {
    return !ledger_->recordings().empty() &&
           ledger_->recordings().back().records(0).numbers().current_tokens() == 1;
  }));
}

TEST_F(ProgressServiceTest, WhatHappensIsCounted) {
  Run(job_);
  Say(job_, "text");
  const auto client = Watch(job_);
  ASSERT_TRUE(client->AwaitText(job_, "text"));
  Complete(job_);
  ASSERT_TRUE(client->AwaitEnd().has_value());

  const std::string scrape = replica_->metrics().Scrape();
  for (const std::string name :
       {"genwatch_progress_updates_sent_total", "genwatch_progress_ledger_polls_total",
        "genwatch_progress_states_received_total", "genwatch_progress_feeds_connected 1"}) {
    EXPECT_NE(scrape.find(name), std::string::npos) << name << " in\n" << scrape;
  }
}

TEST(ProgressLineTest, IsTheSeedsLineWithTheJobsId) {
  v1::ProgressRecord record;
  record.set_job_id("job_0123456789abcdef0123456789abcdef");
  record.mutable_numbers()->set_current_tokens(150);
  record.mutable_numbers()->set_tokens_per_second(12.5);
  record.mutable_numbers()->set_percent(25.9);
  record.mutable_numbers()->set_elapsed_ms(12'000);

  EXPECT_EQ(ProgressLine(record),
            "Progress: 150 tokens | 12.5 tok/s | 25% | 12.0s elapsed | "
            "job_0123456789abcdef0123456789abcdef");
}

}  // namespace
}  // namespace genwatch

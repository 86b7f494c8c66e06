#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/job_service/job_services_fixture.h"

namespace genwatch {
namespace {

TEST_F(JobServicesTest, AWaitingJobsStateHasItsPlace) {
  Submit("first").IgnoreError();
  const std::string second = Submit("second")->job_id();
  absl::StatusOr<v1::JobStateEntry> entry = State(second);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->progress().queue_position(), 2u);
  EXPECT_EQ(entry->progress().queue_size(), 2u);
  EXPECT_EQ(entry->progress().state(), v1::Job::STATE_QUEUED);
}

TEST_F(JobServicesTest, WithoutTheQueueThePlaceIsUnknown) {
  const std::string id = Submit("first")->job_id();
  queue_.SetDown(true);
  EXPECT_EQ(State(id)->progress().queue_position(), 0u);
}

TEST_F(JobServicesTest, AnOutageOfTheModelServerIsToldToWhoWaits) {
  v1::ModelReport report;
  report.mutable_server()->set_url("http://models");
  report.mutable_server()->set_reachable(false);
  report.mutable_server()->mutable_next_look_time()->set_seconds(1'704'067'205);
  report.add_models()->set_name("m");
  models_.Update(report);
  const std::string id = Submit("first")->job_id();
  const v1::Progress progress = State(id)->progress();
  EXPECT_EQ(progress.reason(), "MODEL_SERVER_UNREACHABLE");
  EXPECT_EQ(progress.retry_time().seconds(), 1'704'067'205);
  EXPECT_FALSE(progress.error_message().empty());
}

TEST_F(JobServicesTest, OnlyWhatChangedIsAnswered) {
  const std::string id = Submit("first")->job_id();
  ASSERT_EQ(Lease()->jobs_size(), 1);
  v1::GetJobStatesRequest request;
  request.add_jobs()->set_job_id(id);
  request.mutable_jobs(0)->set_known_version(2);
  v1::GetJobStatesResponse response;
  auto context = TestContext();
  ASSERT_TRUE(feed_->GetJobStates(context.get(), request, &response).ok());
  EXPECT_EQ(response.jobs_size(), 0);
  request.mutable_jobs(0)->set_known_version(1);
  context = TestContext();
  ASSERT_TRUE(feed_->GetJobStates(context.get(), request, &response).ok());
  ASSERT_EQ(response.jobs_size(), 1);
  EXPECT_EQ(response.jobs(0).worker_instance(), "w_1");
  EXPECT_EQ(response.jobs(0).bases_size(), 1);
}

TEST_F(JobServicesTest, FixedFieldsComeWhenAskedFor) {
  const std::string id = Submit("the prompt")->job_id();
  v1::GetJobStatesRequest request;
  request.add_jobs()->set_job_id(id);
  request.mutable_jobs(0)->set_known_version(1);
  request.mutable_jobs(0)->set_want_fixed(true);
  v1::GetJobStatesResponse response;
  auto context = TestContext();
  ASSERT_TRUE(feed_->GetJobStates(context.get(), request, &response).ok());
  EXPECT_EQ(response.jobs(0).fixed().spec().prompt(), "the prompt");
  EXPECT_EQ(response.jobs(0).fixed().owner_id(), "ann");
}

TEST_F(JobServicesTest, TextIsReadFromAnOffset) {
  Submit("first").IgnoreError();
  const v1::LeasedJob job = Lease()->jobs(0);
  ASSERT_TRUE(Append(job, "Hello, world").ok());
  v1::ReadTextsRequest request;
  for (uint32_t offset : {7u, 99u}) {
    v1::TextQuery& query = *request.add_texts();
    query.set_job_id(job.job_id());
    query.set_channel(v1::CHANNEL_ANSWER);
    query.set_offset(offset);
  }
  v1::ReadTextsResponse response;
  auto context = TestContext();
  ASSERT_TRUE(feed_->ReadTexts(context.get(), request, &response).ok());
  EXPECT_EQ(response.slices(0).piece().text(), "world");
  EXPECT_EQ(response.slices(0).text_length(), 12u);
  EXPECT_EQ(response.slices(1).piece().text(), "");
  EXPECT_EQ(response.slices(1).text_length(), 12u);
}

TEST_F(JobServicesTest, NumbersAreRecordedUnderTheirLeaseOnly) {
  Submit("first").IgnoreError();
  const v1::LeasedJob job = Lease()->jobs(0);
  const auto record = [&](uint32_t version, uint32_t sequence, uint32_t tokens) {
    v1::RecordProgressRequest request;
    v1::ProgressRecord& one = *request.add_records();
    one.set_job_id(job.job_id());
    one.set_version(version);
    one.set_sequence(sequence);
    one.mutable_numbers()->set_current_tokens(tokens);
    v1::RecordProgressResponse response;
    auto context = TestContext();
    EXPECT_TRUE(feed_->RecordProgress(context.get(), request, &response).ok());
    return response.recorded();
  };
  EXPECT_EQ(record(job.version(), 5, 50), 1u);
  EXPECT_EQ(record(job.version(), 4, 40), 0u);
  EXPECT_EQ(record(job.version() - 1, 9, 90), 0u);
  EXPECT_EQ(Get(job.job_id())->numbers().current_tokens(), 50u);
}

TEST_F(JobServicesTest, ActiveJobsOfAnOwnerAreListedOldestFirst) {
  const std::string first = Submit("first")->job_id();
  const std::string second = Submit("second")->job_id();
  Submit("other", "bob").IgnoreError();
  const std::string ended = Submit("ended")->job_id();
  ASSERT_TRUE(Cancel(ended).ok());
  v1::ListActiveRequest request;
  request.set_owner_id("ann");
  v1::ListActiveResponse response;
  auto context = TestContext();
  ASSERT_TRUE(feed_->ListActive(context.get(), request, &response).ok());
  EXPECT_THAT(response.job_ids(), testing::ElementsAre(first, second));
}

}  // namespace
}  // namespace genwatch

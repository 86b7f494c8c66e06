#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/status.h"
#include "tests/job_service/job_services_fixture.h"

namespace genwatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// "root" is an operator; Ann and Bob are not.
class OperatorsTest : public JobServicesTest {
 protected:
  v1::QueueEntry EntryFor(const std::string& user) {
    const absl::StatusOr<v1::GetQueueResponse> queue = Queue("m", user);
    EXPECT_TRUE(queue.ok()) << queue.status();
    EXPECT_EQ(queue->queues(0).entries_size(), 1);
    return queue->queues(0).entries(0);
  }
};

TEST_F(OperatorsTest, OnlyOperatorsHoldAndReleaseModels) {
  for (const absl::Status& status : {Hold("m", "", "ann"), Release("m", "ann")}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_EQ(ReasonOf(status), "NOT_AN_OPERATOR");
  }
  EXPECT_EQ(ReasonOf(Hold("m", "", "")), "NO_IDENTITY");
  EXPECT_TRUE(Hold("m", "", "root").ok());
  EXPECT_TRUE(Release("m", "root").ok());
}

TEST_F(OperatorsTest, TheQueueTellsWhoIsOneAndNamesJobsToHim) {
  const std::string job_id = Submit("a secret", "ann")->job_id();
  EXPECT_FALSE(Queue("m", "bob")->caller_is_operator());
  EXPECT_EQ(EntryFor("bob").job_id(), "");

  EXPECT_TRUE(Queue("m", "root")->caller_is_operator());
  const v1::QueueEntry entry = EntryFor("root");
  EXPECT_EQ(entry.job_id(), job_id);
  EXPECT_EQ(entry.priority(), v1::PRIORITY_NORMAL);
  EXPECT_FALSE(entry.mine());
}

TEST_F(OperatorsTest, AnOperatorMovesAJobOfAnotherWithoutReadingIt) {
  v1::SubmitJobRequest request = Request("a secret");
  (*request.mutable_spec()->mutable_labels())["kind"] = "a secret";
  const std::string job_id = Submit(request, "ann")->job_id();
  const absl::StatusOr<v1::Job> moved = SetPriority(job_id, v1::PRIORITY_HIGH, "root");
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->job_id(), job_id);
  EXPECT_EQ(moved->spec().priority(), v1::PRIORITY_HIGH);
  EXPECT_THAT(moved->DebugString(), Not(HasSubstr("secret")));
  EXPECT_THAT(moved->DebugString(), Not(HasSubstr("ann")));
  EXPECT_EQ(Get(job_id, "ann")->spec().priority(), v1::PRIORITY_HIGH);
}

TEST_F(OperatorsTest, AnOperatorCancelsWhatWaitsAndWhatRuns) {
  const std::string running = Submit("a secret", "ann")->job_id();
  ASSERT_EQ(Lease()->jobs_size(), 1);
  const std::string waiting = Submit("a secret", "ann")->job_id();
  SetStoppedWithTail(0, "a secret answer");
  for (const std::string& job_id : {running, waiting}) {
    const absl::StatusOr<v1::Job> cancelled = Cancel(job_id, "root");
    ASSERT_TRUE(cancelled.ok()) << cancelled.status();
    EXPECT_EQ(cancelled->state(), v1::Job::STATE_CANCELLED);
    EXPECT_THAT(cancelled->DebugString(), Not(HasSubstr("secret")));
    // The owner is told that it was not his own order.
    EXPECT_EQ(Get(job_id, "ann")->reason(), "CANCELLED_BY_OPERATOR");
  }
  EXPECT_EQ(stops_, 1);
  EXPECT_EQ(Output(running, "ann"), "a secret answer");
  // Again: as it is.
  EXPECT_EQ(Cancel(waiting, "root")->state(), v1::Job::STATE_CANCELLED);
  EXPECT_EQ(queue_.Places({{.job_id = waiting}})->at(0).position, 0u);
}

TEST_F(OperatorsTest, HisOwnJobsAreHisOwn) {
  const std::string job_id = Submit("mine", "root")->job_id();
  const absl::StatusOr<v1::Job> cancelled = Cancel(job_id, "root");
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->reason(), "CANCELLED_BY_OWNER");
  EXPECT_EQ(cancelled->spec().prompt(), "mine");
}

TEST_F(OperatorsTest, AJobIdOpensNothingElse) {
  const std::string job_id = Submit("a secret", "ann")->job_id();
  for (const absl::Status& status :
       {Get(job_id, "root").status(), Pause(job_id, "root").status(),
        Resume(job_id, "root").status(), Retry(job_id, "root").status(), Delete(job_id, "root")}) {
    EXPECT_EQ(ReasonOf(status), "JOB_NOT_FOUND");
  }
  v1::GetJobOutputRequest request;
  request.set_job_id(job_id);
  v1::GetJobOutputResponse response;
  auto context = TestContext("root");
  EXPECT_EQ(jobs_->GetJobOutput(context.get(), request, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(State(job_id, "root")->not_found());
  EXPECT_EQ(List({}, "root")->jobs_size(), 0);
  const std::string never = "job_" + std::string(32, '0');
  EXPECT_EQ(ReasonOf(Cancel(never, "root").status()), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonOf(SetPriority(never, v1::PRIORITY_LOW, "root").status()), "JOB_NOT_FOUND");
}

}  // namespace
}  // namespace genwatch

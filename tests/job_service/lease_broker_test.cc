#include "job_service/lease_broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "common/status.h"
#include "tests/support/await.h"
#include "tests/support/notification.h"

namespace genwatch {
namespace {

v1::LeaseJobsRequest Request(const std::string& model) {
  v1::LeaseJobsRequest request;
  request.mutable_worker()->set_instance("w");
  v1::ModelSlots& slots = *request.add_models();
  slots.set_model(model);
  slots.set_free(1);
  return request;
}

v1::LeaseJobsResponse Found(const std::string& job_id) {
  v1::LeaseJobsResponse response;
  response.add_jobs()->set_job_id(job_id);
  return response;
}

class LeaseBrokerTest : public testing::Test {
 protected:
  absl::StatusOr<v1::LeaseJobsResponse> Look(const v1::LeaseJobsRequest&) {
    if (++looks_ == 1 && hold_first_look_) release_first_look_.WaitForNotification();
    if (down_) return Error(absl::StatusCode::kUnavailable, "QUEUE_DOWN", "the queue is away");
    if (jobs_.load() > 0 && jobs_.fetch_sub(1) > 0) return Found("job");
    return v1::LeaseJobsResponse();
  }

  uint64_t Add(absl::Duration wait) {
    return broker_.Add(Request("m"), wait, [this](absl::StatusOr<v1::LeaseJobsResponse> answer) {
      answer_ = std::move(answer);
      answered_.Notify();
    });
  }

  std::atomic<int> looks_ = 0;
  std::atomic<int> jobs_ = 0;
  std::atomic<bool> down_ = false;
  std::atomic<bool> hold_first_look_ = false;
  std::atomic<int> given_back_ = 0;
  Notification release_first_look_;
  absl::StatusOr<v1::LeaseJobsResponse> answer_ = absl::UnknownError("none yet");
  Notification answered_;
  TimerQueue timers_;
  Executor executor_{"test", 2, 100};
  LeaseBroker broker_{
      [this](const v1::LeaseJobsRequest& request) { return Look(request); },
      [this](const v1::LeaseJobsRequest& request, const v1::LeaseJobsResponse& found) {
        EXPECT_EQ(request.worker().instance(), "w");
        given_back_ += found.jobs_size();
      },
      &executor_, &timers_};

  void TearDown() override {
    broker_.Shutdown();
    executor_.Shutdown();
  }
};

TEST_F(LeaseBrokerTest, WorkThatIsThereIsAnsweredAtOnce) {
  jobs_ = 1;
  Add(absl::InfiniteDuration());
  answered_.WaitForNotification();
  ASSERT_TRUE(answer_.ok());
  EXPECT_EQ(answer_->jobs_size(), 1);
}

TEST_F(LeaseBrokerTest, WorkFoundForACallerWhoIsGoneIsGivenBack) {
  hold_first_look_ = true;
  jobs_ = 1;
  const uint64_t poll = Add(absl::InfiniteDuration());
  ASSERT_TRUE(Await([&] { return looks_ == 1; }));
  broker_.Cancel(poll);
  release_first_look_.Notify();
  answered_.WaitForNotification();
  EXPECT_EQ(answer_.status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(Await([&] { return given_back_ == 1; }));
}

TEST_F(LeaseBrokerTest, AWakeUpForItsModelMakesItLook) {
  Add(absl::Minutes(10));
  ASSERT_TRUE(Await([&] { return looks_ >= 1; }));
  broker_.Wake("other");
  jobs_ = 1;
  broker_.Wake("m");
  answered_.WaitForNotification();
  EXPECT_EQ(answer_->jobs_size(), 1);
}

TEST_F(LeaseBrokerTest, AWaitInVainIsToldHowTheLastLookFailed) {
  down_ = true;
  // Long enough for the look to be over, and the poll to be waiting, when its time is.
  Add(absl::Milliseconds(50));
  answered_.WaitForNotification();
  EXPECT_EQ(answer_.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_GE(looks_, 1);
}

TEST_F(LeaseBrokerTest, AFailureThatIsOverIsNotTold) {
  down_ = true;
  Add(absl::Milliseconds(500));
  ASSERT_TRUE(Await([&] { return looks_ >= 1; }));
  down_ = false;
  ASSERT_TRUE(Await([&] {
    broker_.LookAll();
    return looks_ >= 3;
  }));
  answered_.WaitForNotification();
  EXPECT_TRUE(answer_.ok()) << answer_.status();
}

TEST_F(LeaseBrokerTest, TheBackstopFindsWhatAWakeUpLost) {
  Add(absl::Minutes(10));
  ASSERT_TRUE(Await([&] { return looks_ >= 1; }));
  jobs_ = 1;
  ASSERT_TRUE(Await([&] {
    broker_.LookAll();
    return answered_.HasBeenNotified();
  }));
}

TEST_F(LeaseBrokerTest, WithoutWorkItIsAnsweredEmptyInTheEnd) {
  Add(absl::Milliseconds(20));
  answered_.WaitForNotification();
  ASSERT_TRUE(answer_.ok());
  EXPECT_EQ(answer_->jobs_size(), 0);
}

TEST_F(LeaseBrokerTest, ACallerThatLeftIsAnswered) {
  const uint64_t id = Add(absl::Minutes(10));
  ASSERT_TRUE(Await([&] {
    broker_.Cancel(id);
    return answered_.HasBeenNotified();
  }));
}

TEST_F(LeaseBrokerTest, ShutdownAnswersAllAndRefusesMore) {
  Add(absl::Minutes(10));
  ASSERT_TRUE(Await([&] { return looks_ >= 1; }));
  broker_.Shutdown();
  answered_.WaitForNotification();
  Notification refused;
  broker_.Add(Request("m"), absl::Minutes(1),
              [&refused](absl::StatusOr<v1::LeaseJobsResponse> answer) {
                EXPECT_EQ(ReasonOf(answer.status()), "SHUTTING_DOWN");
                refused.Notify();
              });
  refused.WaitForNotification();
}

}  // namespace
}  // namespace genwatch

#include "generation_service/lease_polls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/generation_service/fake_ledger.h"
#include "tests/support/await.h"
#include "tests/support/fake_clock.h"

namespace genwatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// The polls of a worker whose room is in the test's hands, as is the loop's clock; the ledger is
// asked over real gRPC.
class LeasePollsTest : public testing::Test {
 protected:
  LeasePollsTest() {
    options_.lease_wait = absl::Seconds(30);
    v1::Worker worker;
    worker.set_instance("w_1");
    polls_ = std::make_unique<LeasePolls>(
        &loop_, &client_, worker, options_,
        LeasePolls::Callbacks{.room = [this] { return room_; },
                              .heartbeat_number = [] { return 1u; },
                              .on_job =
                                  [this](const v1::LeasedJob& job) {
                                    polls_before_job_ = ledger_.lease_requests().size();
                                    jobs_.push_back(job.job_id());
                                    ++room_.models[job.spec().model()].running;
                                    --room_.jobs;
                                  }});
    EXPECT_TRUE(Await([&] { return AskLedger().ok(); }));
  }

  ~LeasePollsTest() override {
    loop_.RunSync([&] {
      polls_.reset();
      client_.DropAnswers();
    });
    client_.Shutdown();
    loop_.Stop();
  }

  void Update(const LeaseRoom& room) {
    loop_.RunSync([&] {
      room_ = room;
      polls_->Update();
    });
  }

  void Advance(absl::Duration time) {
    clock_.Advance(time);
    loop_.RunSync([] {});
  }

  // A call that goes to the ledger behind everything that was sent before.
  absl::Status AskLedger() {
    Mutex mutex;
    std::optional<absl::Status> answered;
    loop_.RunSync([&] {
      client_.Heartbeat({}, absl::Seconds(20),
                        [&](const absl::StatusOr<v1::HeartbeatResponse>& answer) {
                          MutexLock lock(mutex);
                          answered = answer.status();
                        });
    });
    EXPECT_TRUE(Await([&] {
      MutexLock lock(mutex);
      return answered.has_value();
    }));
    MutexLock lock(mutex);
    return answered.value_or(absl::UnknownError("no answer"));
  }

  static std::vector<std::string> ModelsOf(const v1::LeaseJobsRequest& request) {
    std::vector<std::string> models;
    for (const v1::ModelSlots& slots : request.models()) models.push_back(slots.model());
    return models;
  }

  static v1::LeasedJob JobOf(const std::string& job_id, const std::string& model) {
    v1::LeasedJob job;
    job.set_job_id(job_id);
    job.mutable_spec()->set_model(model);
    return job;
  }

  WorkerOptions options_;
  FakeClock clock_;
  EventLoop loop_{"worker", &clock_};
  FakeLedger ledger_;
  JobLeaseClient client_{&loop_, ledger_.address()};
  LeaseRoom room_;
  std::vector<std::string> jobs_;
  size_t polls_before_job_ = 0;
  std::unique_ptr<LeasePolls> polls_;
};

// All the room is offered for one model when another one comes.
TEST_F(LeasePollsTest, PollForOtherModelsIsWaitedForBeforeItIsWithdrawn) {
  Update({.models = {{"m", {.limit = 1}}}, .jobs = 1});
  ASSERT_TRUE(Await([&] { return ledger_.waiting_polls() == 1; }));
  Update({.models = {{"m", {.limit = 1}}, {"n", {.limit = 1}}}, .jobs = 1});
  Advance(absl::Milliseconds(499));
  ASSERT_TRUE(AskLedger().ok());
  EXPECT_THAT(ledger_.lease_requests(), SizeIs(1));
  EXPECT_EQ(ledger_.waiting_polls(), 1u);

  Advance(absl::Milliseconds(1));
  ASSERT_TRUE(Await([&] { return ledger_.lease_requests().size() == 2; }));
  EXPECT_THAT(ModelsOf(ledger_.lease_requests().back()), ElementsAre("m", "n"));
  EXPECT_TRUE(Await([&] { return ledger_.waiting_polls() == 1; }));
}

TEST_F(LeasePollsTest, JobThatComesWhileItIsWaitedForIsNotLeasedInVain) {
  Update({.models = {{"m", {.limit = 1}}}, .jobs = 1});
  ASSERT_TRUE(Await([&] { return ledger_.waiting_polls() == 1; }));
  Update({.models = {{"m", {.limit = 1}}, {"n", {.limit = 1}}}, .jobs = 1});
  Advance(absl::Milliseconds(250));
  ASSERT_TRUE(AskLedger().ok());
  ledger_.Submit(JobOf("job_1", "m"));
  std::vector<std::string> jobs;
  ASSERT_TRUE(Await([&] {
    loop_.RunSync([&] { jobs = jobs_; });
    return !jobs.empty();
  }));
  EXPECT_THAT(jobs, ElementsAre("job_1"));
  EXPECT_EQ(polls_before_job_, 1u);
}

TEST_F(LeasePollsTest, WithoutRoomAllPollsAreWithdrawnAtOnce) {
  Update({.models = {{"m", {.limit = 1}}, {"n", {.limit = 1}}}, .jobs = 2});
  ASSERT_TRUE(Await([&] { return ledger_.waiting_polls() == 1; }));
  Update({});
  EXPECT_TRUE(Await([&] { return ledger_.waiting_polls() == 0; }));
  ASSERT_TRUE(AskLedger().ok());
  EXPECT_THAT(ledger_.lease_requests(), SizeIs(1));
}

TEST_F(LeasePollsTest, SlotsThatBecomeFreeWhileTwoPollsAskAreOfferedTogether) {
  for (uint32_t running = 7; running > 0; --running) {
    Update({.models = {{"m", {.limit = 8, .running = running}}}, .jobs = 8 - running});
  }
  ASSERT_TRUE(Await([&] { return ledger_.waiting_polls() == 2; }));
  ledger_.Submit(JobOf("job_1", "m"));
  ASSERT_TRUE(Await([&] { return ledger_.lease_requests().size() == 3; }));
  // Of the seven that were free one is offered still, and one has been taken.
  EXPECT_EQ(ledger_.lease_requests().back().models(0).free(), 5u);

  // Another model does not wait for it.
  Update({.models = {{"m", {.limit = 8, .running = 2}}, {"n", {.limit = 1}}}, .jobs = 7});
  ASSERT_TRUE(Await([&] { return ledger_.lease_requests().size() == 4; }));
  EXPECT_THAT(ModelsOf(ledger_.lease_requests().back()), ElementsAre("n"));
}

TEST_F(LeasePollsTest, SlotThatBecomesFreeIsOfferedInAPollOfItsOwn) {
  Update({.models = {{"m", {.limit = 2, .running = 1}}}, .jobs = 1});
  ASSERT_TRUE(Await([&] { return ledger_.waiting_polls() == 1; }));
  Update({.models = {{"m", {.limit = 2}}}, .jobs = 2});
  ASSERT_TRUE(Await([&] { return ledger_.waiting_polls() == 2; }));
  for (const v1::LeaseJobsRequest& request : ledger_.lease_requests()) {
    EXPECT_EQ(request.max_jobs(), 1u);
    EXPECT_EQ(request.models(0).free(), 1u);
  }
}

}  // namespace
}  // namespace genwatch

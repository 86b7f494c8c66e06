#include "job_service/suspect_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/job_service/fake_job_store.h"
#include "tests/support/fake_clock.h"

namespace genwatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::Worker WorkerOn(const std::string& instance, const std::string& url) {
  v1::Worker worker;
  worker.set_instance(instance);
  worker.set_server_url(url);
  return worker;
}

v1::ModelReport Offer(const std::string& url, const std::string& model) {
  v1::ModelReport report;
  report.mutable_server()->set_url(url);
  report.add_models()->set_name(model);
  return report;
}

class SuspectRoomTest : public testing::Test {
 protected:
  SuspectRoomTest() {
    models_.Update(Offer("http://a", "llama"));
    models_.Update(Offer("http://b", "qwen"));
    Beat("w_1", "http://b");
    Beat("w_2", "http://a");
    Beat("w_3", "http://a");
  }

  void Beat(const std::string& instance, const std::string& url) {
    EXPECT_TRUE(store_.Heartbeat(WorkerOn(instance, url), 1, {}).ok());
  }

  // A job of model llama that waits after two losses.
  void MakeSuspect() {
    NewJob job{.job_id = "job_1", .owner_id = "ann"};
    job.spec.set_model("llama");
    ASSERT_TRUE(store_.Insert(job).ok());
    for (int loss = 0; loss < 2; ++loss) {
      Lease("w_lost", /*alone=*/false);
      ASSERT_TRUE(store_.ReapWorker("w_lost", 1).ok());
    }
  }
  void Lease(const std::string& instance, bool alone) {
    Beat(instance, "http://a");
    const auto leased = store_.Lease({.worker = WorkerOn(instance, "http://a"),
                                      .model = "llama",
                                      .limit = 1,
                                      .alone = alone,
                                      .candidates = {{.job_id = "job_1"}}});
    ASSERT_TRUE(leased.ok()) << leased.status();
    ASSERT_EQ(leased->leased.size(), 1u);
  }
  std::vector<std::string> Asked() {
    room_.Run();
    std::vector<std::string> asked;
    for (const char* instance : {"w_1", "w_2", "w_3"}) {
      if (room_.Asked(instance)) asked.push_back(instance);
    }
    return asked;
  }

  FakeClock clock_;
  FakeJobStore store_{&clock_};
  ModelRegistry models_{""};
  SuspectRoom room_{&store_, &models_, &clock_};
};

TEST_F(SuspectRoomTest, NobodyIsAskedWhileNoSuspectWaits) {
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(SuspectRoomTest, OneWorkerOfTheModelIsAskedAfterHalfAMinuteUntilTheJobRuns) {
  MakeSuspect();
  EXPECT_THAT(Asked(), IsEmpty());
  clock_.Advance(absl::Seconds(29));
  EXPECT_THAT(Asked(), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(Asked(), ElementsAre("w_2"));
  // Another replica comes to the same choice.
  SuspectRoom other(&store_, &models_, &clock_);
  other.Run();
  EXPECT_FALSE(other.Asked("w_2"));
  clock_.Advance(absl::Seconds(30));
  other.Run();
  EXPECT_TRUE(other.Asked("w_2"));
  EXPECT_FALSE(other.Asked("w_3"));

  Lease("w_3", /*alone=*/true);
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(SuspectRoomTest, AnotherWorkerIsAskedWhenTheChosenOneIsLost) {
  MakeSuspect();
  room_.Run();
  clock_.Advance(SuspectRoom::kPatience);
  EXPECT_THAT(Asked(), ElementsAre("w_2"));
  ASSERT_TRUE(store_.ReapWorker("w_2", 1).ok());
  EXPECT_THAT(Asked(), ElementsAre("w_3"));
}

TEST_F(SuspectRoomTest, OutageOfTheLedgerChangesNothing) {
  MakeSuspect();
  room_.Run();
  clock_.Advance(SuspectRoom::kPatience);
  EXPECT_THAT(Asked(), ElementsAre("w_2"));
  store_.SetUnavailable(true);
  EXPECT_THAT(Asked(), ElementsAre("w_2"));
}

TEST_F(SuspectRoomTest, NoRoomIsMadeForAHeldModel) {
  MakeSuspect();
  ASSERT_TRUE(store_.Hold("llama", "").ok());
  room_.Run();
  clock_.Advance(SuspectRoom::kPatience);
  EXPECT_THAT(Asked(), IsEmpty());
}

}  // namespace
}  // namespace genwatch

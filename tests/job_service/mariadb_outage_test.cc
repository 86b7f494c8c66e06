#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <memory>

#include "common/status.h"
#include "tests/job_service/job_store_contract.h"
#include "tests/job_service/mariadb_store_fixture.h"
#include "tests/support/await.h"

namespace genwatch {
namespace {

// A server of this program's own, to stop and kill; up again at the start of each test.
PrivateMariaDb& Server() {
  static const std::unique_ptr<PrivateMariaDb> server = [] {
    auto created = PrivateMariaDb::Create();
    if (!created.ok()) {
      std::cerr << "FATAL: " << created.status() << std::endl;
      std::_Exit(1);
    }
    return *std::move(created);
  }();
  return *server;
}

class OutageUnderTest : public StoreUnderTest {
 public:
  OutageUnderTest() {
    Server().Resume();
    const absl::Status started = Server().Start();
    EXPECT_TRUE(started.ok()) << started;
    const auto database = Server().CreateDatabase();
    EXPECT_TRUE(database.ok()) << database.status();
    store_ = std::make_unique<MariaDbJobStore>(StoreOn(Server(), database.value_or("")));
  }

  JobStore& store() override { return *store_; }
  void PassTime(absl::Duration) override { FAIL() << "not here"; }

 private:
  std::unique_ptr<MariaDbJobStore> store_;
};

class OutageTest : public JobStoreContract {};

TEST_P(OutageTest, CallsFailWithinASecondWhileTheServerIsDown) {
  const JobRecord leased = InsertLeased(1);
  Server().Kill();
  const auto fails = [](const absl::Status& status) {
    return absl::IsUnavailable(status) && ReasonOf(status) == "LEDGER_UNAVAILABLE";
  };
  // Also the second time, when the connections are known to be lost.
  for (int i = 0; i < 2; ++i) {
    const absl::Time begin = absl::Now();
    EXPECT_TRUE(fails(store().Probe()));
    EXPECT_TRUE(fails(store().Insert(Job(2)).status()));
    EXPECT_TRUE(fails(store().Get(JobId(1)).status()));
    EXPECT_TRUE(fails(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).status()));
    EXPECT_TRUE(fails(store().Heartbeat(Worker(1), 2, {}).status()));
    EXPECT_LT(absl::Now() - begin, absl::Seconds(1));
  }
}

// The predecessor kept one connection for ever: after the server had closed it, each job failed
// until the process was started again.
TEST_P(OutageTest, SeedDefect12WorkGoesOnAfterARestartOfTheServerByItself) {
  const JobRecord leased = InsertLeased(1);
  Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "durable")});
  Server().Kill();
  EXPECT_TRUE(absl::IsUnavailable(store().Probe()));
  ASSERT_TRUE(Server().Start().ok());
  // At once: nothing has to be waited for, and nobody meets a dead connection.
  EXPECT_TRUE(store().Probe().ok());
  EXPECT_EQ(Text(JobId(1)), "durable");
  const auto done = store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_TRUE(store().Heartbeat(Worker(1), 2, {}).ok());
}

// The same after a quiet night.
TEST_P(OutageTest, SeedDefect12IdleConnectionsThatTheServerClosedAreReplaced) {
  const auto sql = [](const std::string& statement) {
    const auto output = Server().Execute("", statement);
    EXPECT_TRUE(output.ok()) << output.status();
    return output.value_or("");
  };
  sql("SET GLOBAL wait_timeout = 1");
  const JobRecord leased = InsertLeased(1);
  const std::string idle =
      "SELECT COUNT(*) FROM information_schema.processlist WHERE command = 'Sleep'";
  ASSERT_TRUE(Await([&] { return sql(idle).substr(0, 1) == "0"; }));
  sql("SET GLOBAL wait_timeout = 28800");
  EXPECT_TRUE(store().Probe().ok());
  EXPECT_TRUE(store().Heartbeat(Worker(1), 2, {Held(leased)}).ok());
  Append(leased, {Piece(v1::CHANNEL_ANSWER, 0, "good morning")});
  EXPECT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).ok());
  EXPECT_EQ(Text(JobId(1)), "good morning");
}

TEST_P(OutageTest, RestartThatNobodyMetIsNotNoticed) {
  const JobRecord leased = InsertLeased(1);
  Server().Stop();
  ASSERT_TRUE(Server().Start().ok());
  EXPECT_TRUE(store().FinishAttempt(Finish(leased, v1::OUTCOME_COMPLETED)).ok());
  EXPECT_TRUE(store().Probe().ok());
}

TEST_P(OutageTest, ServerThatHangsIsGivenUpAndTakenUpAgain) {
  Insert(Job(1));
  Server().Pause();
  const absl::Time begin = absl::Now();
  const absl::Status status = store().Probe();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_LT(absl::Now() - begin, absl::Seconds(6));
  Server().Resume();
  EXPECT_TRUE(Await([this] { return store().Probe().ok(); }));
  EXPECT_EQ(Get(JobId(1)).state, v1::Job::STATE_QUEUED);
}

TEST_P(OutageTest, DatabaseWithoutTablesIsUnavailableNotBroken) {
  const auto empty = Server().CreateEmptyDatabase();
  ASSERT_TRUE(empty.ok());
  MariaDbJobStore store(StoreOn(Server(), *empty));
  EXPECT_TRUE(absl::IsUnavailable(store.Probe()));
}

INSTANTIATE_TEST_SUITE_P(MariaDb, OutageTest,
                         testing::Values(StoreMaker{
                             "MariaDb", [] { return std::make_unique<OutageUnderTest>(); }}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace genwatch

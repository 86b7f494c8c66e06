#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "common/status.h"
#include "job_service/mariadb/error.h"
#include "job_service/mariadb/transaction.h"
#include "tests/job_service/mariadb_store_fixture.h"
#include "tests/support/notification.h"

namespace genwatch::mariadb {
namespace {

class TransactionTest : public testing::Test {
 protected:
  TransactionTest()
      : pool_(ConnectionTo(PrivateMariaDb::Shared(), SharedDatabase()), 4, absl::Seconds(5)) {
    Sql("DROP TABLE IF EXISTS counters; CREATE TABLE counters (id INT PRIMARY KEY, n INT); "
        "INSERT INTO counters VALUES (1, 0), (2, 0)");
  }
  ~TransactionTest() override { Sql("DROP TABLE counters"); }

  static absl::Status Add(Connection& connection, int id) {
    return connection.Execute("UPDATE counters SET n = n + 1 WHERE id = ?", {id}).status();
  }
  static std::string Counters() { return Sql("SELECT GROUP_CONCAT(n ORDER BY id) FROM counters"); }

  Pool pool_;
};

TEST_F(TransactionTest, CommitsWhatItsBodyDid) {
  EXPECT_TRUE(Transaction::Run(pool_, [](Connection& connection) {
                absl::Status status = Add(connection, 1);
                status.Update(Add(connection, 2));
                return status;
              }).ok());
  EXPECT_EQ(Counters(), "1,1");
}

TEST_F(TransactionTest, RollsBackWhenItsBodyFails) {
  const absl::Status status = Transaction::Run(pool_, [](Connection& connection) {
    EXPECT_TRUE(Add(connection, 1).ok());
    return absl::FailedPreconditionError("no");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Counters(), "0,0");
  // The connection is as good as before.
  EXPECT_TRUE(Transaction::Run(pool_, [](Connection& c) { return Add(c, 1); }).ok());
  EXPECT_EQ(Counters(), "1,0");
}

TEST_F(TransactionTest, RollsBackWhenItsScopeIsLeftByAnException) {
  EXPECT_THROW(Transaction::Run(pool_,
                                [](Connection& connection) -> absl::Status {
                                  EXPECT_TRUE(Add(connection, 1).ok());
                                  throw std::runtime_error("out of memory, say");
                                })
                   .IgnoreError(),
               std::runtime_error);
  EXPECT_EQ(Counters(), "0,0");
  // No row is left locked.
  EXPECT_TRUE(Transaction::Run(pool_, [](Connection& c) { return Add(c, 1); }).ok());
}

TEST_F(TransactionTest, DeadlockIsDoneAgain) {
  // Two transactions take two rows in opposite order, each holding its first before either asks for
  // its second.
  std::atomic<int> tries = 0;
  Notification first_holds;
  Notification second_holds;
  const auto run = [&](int first, int second, Notification& mine, Notification& theirs) {
    bool fresh = true;
    return Transaction::Run(pool_, [&](Connection& connection) {
      ++tries;
      if (absl::Status status = Add(connection, first); !status.ok()) return status;
      if (fresh) {
        fresh = false;
        mine.Notify();
        theirs.WaitForNotification();
      }
      return Add(connection, second);
    });
  };
  absl::Status one;
  std::thread other([&] { one = run(1, 2, first_holds, second_holds); });
  const absl::Status two = run(2, 1, second_holds, first_holds);
  other.join();
  EXPECT_TRUE(one.ok()) << one;
  EXPECT_TRUE(two.ok()) << two;
  EXPECT_GE(tries, 3);
  EXPECT_EQ(Counters(), "2,2");
}

TEST_F(TransactionTest, RowLockedForLongIsGivenUp) {
  auto holder = pool_.Acquire();
  ASSERT_TRUE(holder.ok());
  auto transaction = Transaction::Begin(*std::move(holder));
  ASSERT_TRUE(transaction.ok());
  ASSERT_TRUE(Add(transaction->connection(), 1).ok());
  const absl::Time begin = absl::Now();
  const absl::Status status = Transaction::Run(pool_, [](Connection& c) { return Add(c, 1); });
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
  EXPECT_EQ(ReasonOf(status), kConflict);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  EXPECT_TRUE(transaction->Commit().ok());
  EXPECT_EQ(Counters(), "1,0");
}

}  // namespace
}  // namespace genwatch::mariadb

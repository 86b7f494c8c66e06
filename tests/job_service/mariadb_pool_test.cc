#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/status.h"
#include "job_service/mariadb/error.h"
#include "job_service/mariadb/pool.h"
#include "tests/job_service/mariadb_store_fixture.h"

namespace genwatch::mariadb {
namespace {

uint64_t SessionId(Connection& connection) {
  const auto rows = connection.Query("SELECT CONNECTION_ID()");
  EXPECT_TRUE(rows.ok()) << rows.status();
  return rows.ok() ? RowReader(rows->front()).Uint64() : 0;
}

class PoolTest : public testing::Test {
 protected:
  ConnectionOptions options_ = ConnectionTo(PrivateMariaDb::Shared(), SharedDatabase());
};

TEST_F(PoolTest, ConnectionIsUsedAgain) {
  Pool pool(options_, 2, absl::Seconds(1));
  uint64_t first = 0;
  {
    auto connection = pool.Acquire();
    ASSERT_TRUE(connection.ok()) << connection.status();
    first = SessionId(**connection);
  }
  auto connection = pool.Acquire();
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ(SessionId(**connection), first);
}

TEST_F(PoolTest, CallersWaitABoundedTimeForAConnection) {
  Pool pool(options_, 1, absl::Milliseconds(100));
  auto held = pool.Acquire();
  ASSERT_TRUE(held.ok());
  const absl::Status status = pool.Acquire().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "LEDGER_BUSY");
  EXPECT_TRUE(RetryAfterOf(status).has_value());
}

TEST_F(PoolTest, WaitingCallerGetsWhatIsGivenBack) {
  Pool pool(options_, 1, absl::Seconds(30));
  auto held = std::make_unique<absl::StatusOr<PooledConnection>>(pool.Acquire());
  ASSERT_TRUE(held->ok());
  absl::Status status = absl::UnknownError("");
  std::thread waiter([&] { status = pool.Acquire().status(); });
  held.reset();
  waiter.join();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(PoolTest, ConnectionClosedByTheServerIsReplacedUnseen) {
  Pool pool(options_, 1, absl::Seconds(1));
  uint64_t session = 0;
  {
    auto connection = pool.Acquire();
    ASSERT_TRUE(connection.ok());
    session = SessionId(**connection);
  }
  Sql("KILL " + std::to_string(session));
  // The server closes the socket a moment later; until then the old session may answer once more
  // that it was killed.
  for (int i = 0; i < 2; ++i) {
    auto connection = pool.Acquire();
    ASSERT_TRUE(connection.ok()) << connection.status();
    if ((*connection)->Query("SELECT 1").ok()) {
      EXPECT_NE(SessionId(**connection), session);
      return;
    }
  }
  FAIL() << "the pool kept handing out a dead connection";
}

TEST_F(PoolTest, BrokenConnectionMakesRoomForANewOne) {
  Pool pool(options_, 1, absl::Milliseconds(200));
  for (int i = 0; i < 3; ++i) {
    auto connection = pool.Acquire();
    ASSERT_TRUE(connection.ok()) << connection.status();
    const uint64_t session = SessionId(**connection);
    Sql("KILL " + std::to_string(session));
    while ((*connection)->Query("SELECT 1").ok()) {
    }
    EXPECT_FALSE((*connection)->usable());
  }
}

TEST(PoolWithoutServer, FailsEachTimeAndLosesNoSlot) {
  ConnectionOptions options;
  options.unix_socket = "/nonexistent/socket";
  Pool pool(options, 1, absl::Seconds(1));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(ReasonOf(pool.Acquire().status()), kUnavailable);
  }
}

}  // namespace
}  // namespace genwatch::mariadb

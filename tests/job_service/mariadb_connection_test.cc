#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "common/status.h"
#include "job_service/mariadb/connection.h"
#include "job_service/mariadb/error.h"
#include "tests/job_service/mariadb_store_fixture.h"
#include "tests/support/await.h"

namespace genwatch::mariadb {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() : connection_(Reopened()) {
    Must(connection_->Execute("DROP TABLE IF EXISTS things").status());
    Must(connection_
             ->Execute("CREATE TABLE things (id BIGINT PRIMARY KEY, word VARCHAR(20) UNIQUE, "
                       "bytes LONGBLOB, number DOUBLE, amount DECIMAL(10,2), big BIGINT UNSIGNED, "
                       "at DATETIME(6)) CHARACTER SET utf8mb4")
             .status());
  }
  ~ConnectionTest() override { Must(connection_->Execute("DROP TABLE things").status()); }

  static std::unique_ptr<Connection> Reopened() {
    auto opened = Connection::Open(ConnectionTo(PrivateMariaDb::Shared(), SharedDatabase()));
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  static void Must(const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; }

  Row One(std::string_view sql, absl::Span<const Param> params = {}) {
    auto rows = connection_->Query(sql, params);
    EXPECT_TRUE(rows.ok()) << rows.status();
    if (!rows.ok() || rows->size() != 1) {
      ADD_FAILURE() << sql;
      return Row(10);
    }
    return rows->front();
  }

  std::unique_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, ValuesOfAllTypesComeBackAsTheyWere) {
  const absl::Time at = absl::FromUnixMicros(1'700'000'000'123'456);
  const std::string bytes("\0\xFF\x80'\\", 5);
  const std::string word = "\xF0\x9F\x98\x80 'ö\\";
  Must(connection_
           ->Execute("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?, ?)",
                     {-5, word, Bytes{bytes}, 0.1, 12.34, std::numeric_limits<uint64_t>::max(), at})
           .status());
  const Row row = One("SELECT id, word, bytes, number, amount, big, at FROM things");
  RowReader reader(row);
  EXPECT_EQ(static_cast<int64_t>(reader.Uint64()), -5);
  EXPECT_EQ(reader.Text(), word);
  EXPECT_EQ(reader.Text(), bytes);
  EXPECT_EQ(reader.Double(), 0.1);
  EXPECT_DOUBLE_EQ(reader.Double(), 12.34);
  EXPECT_EQ(reader.Uint64(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(reader.Time(), at);
}

TEST_F(ConnectionTest, NullIsToldFromZeroAndEmpty) {
  Must(connection_->Execute("INSERT INTO things (id, word, number) VALUES (1, ?, ?)", {"", 0.0})
           .status());
  Must(connection_
           ->Execute("INSERT INTO things (id, word, number) VALUES (2, ?, ?)",
                     {std::nullopt, std::optional<double>()})
           .status());
  const auto rows = connection_->Query("SELECT word IS NULL, number, at FROM things ORDER BY id");
  ASSERT_TRUE(rows.ok());
  ASSERT_THAT(*rows, SizeIs(2));
  RowReader first((*rows)[0]);
  EXPECT_FALSE(first.Bool());
  EXPECT_EQ(first.OptionalDouble(), 0.0);
  RowReader second((*rows)[1]);
  EXPECT_TRUE(second.Bool());
  EXPECT_EQ(second.OptionalDouble(), std::nullopt);
  EXPECT_EQ(second.OptionalTime(), std::nullopt);
}

TEST_F(ConnectionTest, LargeBlobsAreFetchedWhole) {
  const std::string large(5 << 20, 'x');
  Must(
      connection_->Execute("INSERT INTO things (id, bytes) VALUES (1, ?), (2, 'y')", {Bytes{large}})
          .status());
  const auto rows = connection_->Query("SELECT bytes FROM things ORDER BY id");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_TRUE(std::get<std::string>((*rows)[0][0]) == large);
  EXPECT_EQ(std::get<std::string>((*rows)[1][0]), "y");
}

TEST_F(ConnectionTest, ManyRowsGoInOneExecution) {
  std::vector<std::vector<Param>> rows;
  std::vector<std::string> words(500);
  for (int i = 0; i < 500; ++i) {
    words[i] = std::to_string(i);
    rows.push_back({i, i % 2 == 0 ? Param(words[i]) : Param(std::nullopt), Bytes{words[i]},
                    i % 3 == 0 ? Param(std::nullopt) : Param(i * 0.5), absl::FromUnixMicros(i)});
  }
  constexpr char kInsert[] =
      "INSERT INTO things (id, word, bytes, number, at) VALUES (?, ?, ?, ?, ?)";
  const auto inserted = connection_->ExecuteMany(kInsert, rows);
  ASSERT_TRUE(inserted.ok()) << inserted.status();
  EXPECT_EQ(*inserted, 500u);
  // The same statement for a single row, and for none.
  EXPECT_EQ(*connection_->ExecuteMany(kInsert, {{1000, "w", Bytes{"b"}, 1.0, absl::Now()}}), 1u);
  EXPECT_EQ(*connection_->ExecuteMany(kInsert, {}), 0u);
  const Row sums =
      One("SELECT COUNT(*), COUNT(word), COUNT(number), CAST(SUM(number) AS DOUBLE) FROM things "
          "WHERE id < 500 AND bytes = CONVERT(id, CHAR)");
  RowReader reader(sums);
  EXPECT_EQ(reader.Uint64(), 500u);
  EXPECT_EQ(reader.Uint64(), 250u);
  EXPECT_EQ(reader.Uint64(), 333u);
  EXPECT_EQ(reader.Double(), (499 * 500 / 2 - 3 * (166 * 167 / 2)) * 0.5);
}

TEST_F(ConnectionTest, FoundRowsCountAlsoWithoutAChange) {
  Must(connection_->Execute("INSERT INTO things (id, word) VALUES (1, 'a')").status());
  EXPECT_EQ(*connection_->Execute("UPDATE things SET word = 'a' WHERE id = 1"), 1u);
  EXPECT_EQ(*connection_->Execute("UPDATE things SET word = 'a' WHERE id = 2"), 0u);
}

TEST_F(ConnectionTest, BoundValuesAreNeverSql) {
  const std::string word = "'; DROP TABLE things";
  Must(connection_->Execute("INSERT INTO things (id, word) VALUES (1, ?)", {word}).status());
  const Row row = One("SELECT COUNT(*) FROM things WHERE word = ?", {word});
  EXPECT_EQ(RowReader(row).Uint64(), 1u);
}

TEST_F(ConnectionTest, SessionIsUtcStrictAndReadCommitted) {
  const Row row =
      One("SELECT @@session.time_zone, @@session.sql_mode, @@session.tx_isolation, "
          "@@session.character_set_client, @@session.collation_connection");
  RowReader reader(row);
  EXPECT_EQ(reader.Text(), "+00:00");
  EXPECT_THAT(reader.Text(), HasSubstr("STRICT_ALL_TABLES"));
  EXPECT_EQ(reader.Text(), "READ-COMMITTED");
  EXPECT_EQ(reader.Text(), "utf8mb4");
  EXPECT_THAT(reader.Text(), HasSubstr("utf8mb4"));
  const Row time = One("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(6), NOW(6))");
  EXPECT_EQ(RowReader(time).Uint64(), 0u);
}

TEST_F(ConnectionTest, ErrorsSayWhatToDoNextAndNothingAboutTheServer) {
  Must(connection_->Execute("INSERT INTO things (id, word) VALUES (1, 'secret')").status());
  const absl::Status duplicate =
      connection_->Execute("INSERT INTO things (id, word) VALUES (2, 'secret')").status();
  EXPECT_EQ(duplicate.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(duplicate), kDuplicate);
  EXPECT_THAT(std::string(duplicate.message()), Not(HasSubstr("secret")));

  const absl::Status too_long =
      connection_->Execute("UPDATE things SET word = ? WHERE id = 1", {std::string(50, 'x')})
          .status();
  EXPECT_EQ(too_long.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(too_long), kRefusedValue);
  EXPECT_EQ(connection_->Execute("UPDATE things SET word = ?", {"\xFF"}).status().code(),
            absl::StatusCode::kInvalidArgument);

  const absl::Status syntax = connection_->Query("SELEC nonsense").status();
  EXPECT_EQ(syntax.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(syntax), kFault);
  EXPECT_THAT(std::string(syntax.message()), Not(HasSubstr("nonsense")));

  // No table yet: the migrations are on their way.
  EXPECT_EQ(connection_->Query("SELECT 1 FROM no_such_table").status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(connection_->Query("SELECT ?", {}).status().code(), absl::StatusCode::kInternal);
  // None of it costs the connection.
  EXPECT_TRUE(connection_->usable());
  EXPECT_TRUE(connection_->Alive());
  EXPECT_EQ(RowReader(One("SELECT 7")).Uint64(), 7u);
}

TEST_F(ConnectionTest, ValueTooLargeForTheServerIsRefusedNotRetried) {
  const std::string huge(20 << 20, 'x');
  const absl::Status status =
      connection_->Execute("INSERT INTO things (id, bytes) VALUES (1, ?)", {Bytes{huge}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(ReasonOf(status), kRefusedValue);
  std::vector<std::vector<Param>> rows = {{1, Bytes{huge}}, {2, Bytes{huge}}};
  EXPECT_EQ(connection_->ExecuteMany("INSERT INTO things (id, bytes) VALUES (?, ?)", rows)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(connection_->Alive());
  EXPECT_EQ(RowReader(One("SELECT COUNT(*) FROM things")).Uint64(), 0u);
}

TEST_F(ConnectionTest, RowsTooLargeForOneMessageGoInSeveral) {
  std::vector<std::vector<Param>> rows;
  const std::string part(1 << 20, 'x');
  for (int i = 0; i < 40; ++i) rows.push_back({i, Bytes{part}});
  const auto written =
      connection_->ExecuteMany("INSERT INTO things (id, bytes) VALUES (?, ?)", rows);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(*written, 40u);
  EXPECT_EQ(RowReader(One("SELECT COUNT(*) FROM things WHERE LENGTH(bytes) = 1048576")).Uint64(),
            40u);
}

TEST_F(ConnectionTest, StatementThatTakesTooLongIsGivenUpByTheServer) {
  ConnectionOptions options = ConnectionTo(PrivateMariaDb::Shared(), SharedDatabase());
  options.io_timeout = absl::Seconds(1);
  auto impatient = Connection::Open(options);
  ASSERT_TRUE(impatient.ok()) << impatient.status();
  const absl::Status status =
      (*impatient)->Query("SELECT COUNT(*) FROM seq_1_to_1000000000 WHERE seq % 7 = 3").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_TRUE((*impatient)->usable());
}

TEST_F(ConnectionTest, KilledSessionIsNoticedBeforeItsNextUse) {
  auto victim = Connection::Open(ConnectionTo(PrivateMariaDb::Shared(), SharedDatabase()));
  ASSERT_TRUE(victim.ok());
  const auto id = (*victim)->Query("SELECT CONNECTION_ID()");
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE((*victim)->Alive());
  Must(connection_->Execute("KILL " + std::to_string(RowReader((*id)[0]).Uint64())).status());
  const auto gone = [&victim] { return !(*victim)->Alive(); };
  EXPECT_TRUE(Await(gone));
  const absl::Status status = (*victim)->Query("SELECT 1").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(ReasonOf(status), kUnavailable);
  EXPECT_FALSE((*victim)->usable());
}

TEST(ConnectionWithoutServer, IsUnavailableAtOnce) {
  ConnectionOptions options;
  options.unix_socket = "/nonexistent/socket";
  const absl::Time begin = absl::Now();
  const absl::Status status = Connection::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), kUnavailable);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("nonexistent")));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(1));
  EXPECT_TRUE(RetryAfterOf(status).has_value());
}

TEST(ConnectionWithoutServer, WrongUserOrDatabaseIsUnavailable) {
  ConnectionOptions options = ConnectionTo(PrivateMariaDb::Shared(), "no_such_database");
  EXPECT_TRUE(absl::IsUnavailable(Connection::Open(options).status()));
  options = ConnectionTo(PrivateMariaDb::Shared(), SharedDatabase());
  options.user = "nobody_of_that_name";
  options.password = "wrong";
  EXPECT_TRUE(absl::IsUnavailable(Connection::Open(options).status()));
}

}  // namespace
}  // namespace genwatch::mariadb

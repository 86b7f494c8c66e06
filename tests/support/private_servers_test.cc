#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/private_mariadb.h"
#include "tests/support/private_redis.h"
#include "tests/support/temp_dir.h"

namespace genwatch {
namespace {

using ::testing::HasSubstr;

TEST(PrivateMariaDbTest, DatabasesAreFreshAndMigratedInOrder) {
  const TempDir migrations;
  std::ofstream(migrations.File("0001_first.up.sql")) << "CREATE TABLE t (a INT);";
  std::ofstream(migrations.File("0002_second.up.sql"))
      << "ALTER TABLE t ADD b VARCHAR(10);\nINSERT INTO t VALUES (1, 'ä');";
  std::ofstream(migrations.File("0002_second.down.sql")) << "DROP TABLE t;";
  PrivateMariaDb& server = PrivateMariaDb::Shared();
  const auto first = server.CreateDatabase(migrations.path());
  const auto second = server.CreateDatabase(migrations.path());
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(*first, *second);
  ASSERT_TRUE(server.Execute(*first, "INSERT INTO t VALUES (2, 'x')").ok());
  EXPECT_EQ(server.Execute(*first, "SELECT COUNT(*) FROM t").value_or(""), "2\n");
  EXPECT_EQ(server.Execute(*second, "SELECT a, b FROM t").value_or(""), "1\tä\n");
}

TEST(PrivateMariaDbTest, ABrokenMigrationIsNamed) {
  const TempDir migrations;
  std::ofstream(migrations.File("0001_bad.up.sql")) << "CREATE TABEL t (a INT);";
  const auto database = PrivateMariaDb::Shared().CreateDatabase(migrations.path());
  EXPECT_THAT(std::string(database.status().message()), HasSubstr("0001_bad.up.sql"));
  const TempDir none;
  EXPECT_EQ(PrivateMariaDb::Shared().CreateDatabase(none.path()).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(PrivateMariaDbTest, CommittedDataSurvivesKillAndRestart) {
  auto server = PrivateMariaDb::Create();
  ASSERT_TRUE(server.ok()) << server.status();
  const auto database = (*server)->CreateEmptyDatabase();
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE(
      (*server)->Execute(*database, "CREATE TABLE t (a INT); INSERT INTO t VALUES (7)").ok());
  (*server)->Kill();
  EXPECT_FALSE((*server)->Running());
  EXPECT_FALSE((*server)->Execute(*database, "SELECT a FROM t").ok());
  ASSERT_TRUE((*server)->Start().ok());
  EXPECT_EQ((*server)->Execute(*database, "SELECT a FROM t").value_or(""), "7\n");
  (*server)->Stop();
  EXPECT_FALSE((*server)->Running());
}

TEST(PrivateRedisTest, DataSurvivesStopAndNotWipe) {
  auto server = PrivateRedis::Create();
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_EQ((*server)->Command({"SET", "k", "two words"}).value_or(""), "OK");
  (*server)->Stop();
  EXPECT_FALSE((*server)->Running());
  EXPECT_FALSE((*server)->Command({"PING"}).ok());
  ASSERT_TRUE((*server)->Start().ok());
  EXPECT_EQ((*server)->Command({"GET", "k"}).value_or(""), "two words");
  ASSERT_TRUE((*server)->Wipe().ok());
  EXPECT_TRUE((*server)->Running());
  EXPECT_EQ((*server)->Command({"EXISTS", "k"}).value_or(""), "0");
}

TEST(PrivateRedisTest, SyncsItsFileEachSecond) {
  EXPECT_THAT(PrivateRedis::Shared().Command({"CONFIG", "GET", "append*"}).value_or(""),
              ::testing::AllOf(HasSubstr("appendonly\nyes"), HasSubstr("appendfsync\neverysec")));
}

TEST(PrivateRedisTest, AnErrorAnswerIsAnError) {
  EXPECT_THAT(std::string(PrivateRedis::Shared().Command({"NOSUCH"}).status().message()),
              HasSubstr("unknown command"));
}

TEST(PrivateRedisTest, APausedServerGoesOnWhenResumed) {
  PrivateRedis& server = PrivateRedis::Shared();
  server.Pause();
  EXPECT_TRUE(server.Running());
  server.Resume();
  EXPECT_EQ(server.Command({"PING"}).value_or(""), "PONG");
}

}  // namespace
}  // namespace genwatch

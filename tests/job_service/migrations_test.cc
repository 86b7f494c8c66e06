#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/support/private_mariadb.h"

namespace genwatch {
namespace {

namespace fs = std::filesystem;

const char kMigrations[] = GENWATCH_SOURCE_DIR "/job_service/migrations";
const char kGolden[] = GENWATCH_SOURCE_DIR "/tests/job_service/golden/schema.sql";

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> Files(const std::string& ending) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kMigrations)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(ending)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string RunSql(const std::string& database, const std::string& sql) {
  const auto output = PrivateMariaDb::Shared().Execute(database, sql);
  EXPECT_TRUE(output.ok()) << output.status();
  return output.value_or("");
}

std::vector<std::string> Tables(const std::string& database) {
  return absl::StrSplit(RunSql(database, "SHOW TABLES"), '\n', absl::SkipEmpty());
}

TEST(Migrations, AreNumberedWithoutGapsAndEachHasItsWayBack) {
  const std::vector<std::string> ups = Files(".up.sql");
  const std::vector<std::string> downs = Files(".down.sql");
  ASSERT_FALSE(ups.empty());
  ASSERT_EQ(ups.size(), downs.size());
  for (size_t i = 0; i < ups.size(); ++i) {
    EXPECT_EQ(std::stoul(ups[i].substr(0, 6)), i + 1) << ups[i];
    EXPECT_EQ(absl::StripSuffix(ups[i], ".up.sql"), absl::StripSuffix(downs[i], ".down.sql"));
  }
}

// GENWATCH_UPDATE_GOLDEN=1 writes the file anew, for a reader to look at.
TEST(Migrations, MakeTheSchemaThatIsWrittenDown) {
  const auto database = PrivateMariaDb::Shared().CreateDatabase(kMigrations);
  ASSERT_TRUE(database.ok()) << database.status();
  std::string schema;
  for (const std::string& table : Tables(*database)) {
    const std::string shown = RunSql(*database, "SHOW CREATE TABLE " + table + "\\G");
    // Two lines of heading, then the statement.
    const std::vector<std::string> lines = absl::StrSplit(shown, absl::MaxSplits('\n', 2));
    ASSERT_EQ(lines.size(), 3u) << shown;
    schema += lines[2] + "\n";
  }
  if (std::getenv("GENWATCH_UPDATE_GOLDEN") != nullptr) std::ofstream(kGolden) << schema;
  EXPECT_EQ(schema, ReadFile(kGolden));
}

TEST(Migrations, UndoneInReverseLeaveNothing) {
  const auto database = PrivateMariaDb::Shared().CreateDatabase(kMigrations);
  ASSERT_TRUE(database.ok()) << database.status();
  EXPECT_FALSE(Tables(*database).empty());
  std::vector<std::string> downs = Files(".down.sql");
  std::reverse(downs.begin(), downs.end());
  for (const std::string& name : downs) RunSql(*database, ReadFile(fs::path(kMigrations) / name));
  EXPECT_TRUE(Tables(*database).empty());
}

TEST(Migrations, KeepTheColumnsThatQueriesOfThePredecessorName) {
  const auto database = PrivateMariaDb::Shared().CreateDatabase(kMigrations);
  ASSERT_TRUE(database.ok()) << database.status();
  EXPECT_EQ(RunSql(*database,
                   "SELECT job_id, status, progress_percentage, current_tokens, tokens_per_second, "
                   "elapsed_time FROM ai_generation_jobs ORDER BY created_at DESC LIMIT 1"),
            "");
  RunSql(*database,
         "SELECT estimated_time_remaining, last_update_at, prompt_tokens, completion_tokens, "
         "total_tokens, error_message, prompt, model, created_at, started_at, completed_at, "
         "updated_at, estimated_bricks_cost, actual_bricks_cost FROM ai_generation_jobs");
}

}  // namespace
}  // namespace genwatch

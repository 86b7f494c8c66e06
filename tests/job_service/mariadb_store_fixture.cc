#include "tests/job_service/mariadb_store_fixture.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <memory>

#include "absl/strings/strip.h"

namespace genwatch {

mariadb::ConnectionOptions ConnectionTo(const PrivateMariaDb& server, const std::string& database) {
  mariadb::ConnectionOptions options;
  options.unix_socket = server.socket_path();
  options.user = PrivateMariaDb::user();
  options.database = database;
  return options;
}

MariaDbJobStoreOptions StoreOn(const PrivateMariaDb& server, const std::string& database) {
  return {.connection = ConnectionTo(server, database)};
}

std::string SharedDatabase() {
  static const std::string database = [] {
    auto created = PrivateMariaDb::Shared().CreateDatabase();
    if (!created.ok()) {
      std::cerr << "FATAL: " << created.status() << std::endl;
      std::_Exit(1);
    }
    return *created;
  }();
  return database;
}

void WipeSharedDatabase() {
  // A connection of its own: starting the client program for each test would take longer than most.
  static const std::unique_ptr<mariadb::Connection> connection = [] {
    auto opened =
        mariadb::Connection::Open(ConnectionTo(PrivateMariaDb::Shared(), SharedDatabase()));
    if (!opened.ok()) {
      std::cerr << "FATAL: " << opened.status() << std::endl;
      std::_Exit(1);
    }
    return *std::move(opened);
  }();
  for (const char* const sql :
       {"DELETE FROM ai_generation_jobs", "DELETE FROM ai_generation_attempts",
        "DELETE FROM ai_generation_texts", "DELETE FROM ai_generation_workers",
        "DELETE FROM ai_generation_server_models", "DELETE FROM ai_generation_model_holds",
        "DELETE FROM ai_generation_model_reports", "DELETE FROM ai_generation_lengths",
        "DELETE FROM ai_generation_probe", "DELETE FROM ai_generation_model_days",
        "DELETE FROM ai_generation_scores", "DELETE FROM ai_generation_estimate_samples",
        "UPDATE ai_generation_stats_marks SET updated_at = '1970-01-01', job = 0"}) {
    const auto deleted = connection->Execute(sql);
    EXPECT_TRUE(deleted.ok()) << deleted.status();
  }
}

std::string Sql(const std::string& sql) {
  const auto output = PrivateMariaDb::Shared().Execute(SharedDatabase(), sql);
  EXPECT_TRUE(output.ok()) << output.status();
  return std::string(absl::StripSuffix(output.value_or(""), "\n"));
}

}  // namespace genwatch

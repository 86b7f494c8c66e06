#ifndef GENWATCH_TESTS_JOB_SERVICE_MARIADB_STORE_FIXTURE_H_
#define GENWATCH_TESTS_JOB_SERVICE_MARIADB_STORE_FIXTURE_H_

#include <string>

#include "job_service/mariadb/connection.h"
#include "job_service/mariadb_job_store.h"
#include "tests/support/private_mariadb.h"

namespace genwatch {

// Options for a database of the server.
mariadb::ConnectionOptions ConnectionTo(const PrivateMariaDb& server, const std::string& database);
MariaDbJobStoreOptions StoreOn(const PrivateMariaDb& server, const std::string& database);

// A migrated database of the shared server; ends the process with a message if there is none.
std::string SharedDatabase();
// Deletes all rows of SharedDatabase().
void WipeSharedDatabase();

// Runs SQL on SharedDatabase() with the client of the distribution; fails the test on an error.
std::string Sql(const std::string& sql);

}  // namespace genwatch

#endif  // GENWATCH_TESTS_JOB_SERVICE_MARIADB_STORE_FIXTURE_H_

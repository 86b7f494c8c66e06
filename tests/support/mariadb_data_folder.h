#ifndef GENWATCH_TESTS_SUPPORT_MARIADB_DATA_FOLDER_H_
#define GENWATCH_TESTS_SUPPORT_MARIADB_DATA_FOLDER_H_

#include <string>

#include "absl/status/status.h"

namespace genwatch {

// Makes the data folder of a new MariaDB server at `data_dir`, which must not exist; its user
// "root" has no password. Making one takes seconds, so the first caller leaves a template in
// `cache_dir`, one for each version of MariaDB, and the others, also in other processes, copy that.
// Needs the programs mariadbd and mariadb-install-db.
absl::Status MakeMariaDbDataFolder(const std::string& data_dir, const std::string& cache_dir);

}  // namespace genwatch

#endif  // GENWATCH_TESTS_SUPPORT_MARIADB_DATA_FOLDER_H_

#ifndef GENWATCH_JOB_SERVICE_MARIADB_ERROR_H_
#define GENWATCH_JOB_SERVICE_MARIADB_ERROR_H_

#include <string_view>

#include "absl/status/status.h"

namespace genwatch::mariadb {

// Reasons of the errors that leave this folder.
inline constexpr char kUnavailable[] = "LEDGER_UNAVAILABLE";
inline constexpr char kConflict[] = "LEDGER_CONFLICT";
inline constexpr char kDuplicate[] = "LEDGER_DUPLICATE";
inline constexpr char kRefusedValue[] = "LEDGER_REFUSED_VALUE";
inline constexpr char kFault[] = "LEDGER_FAULT";

// The one place that gives MariaDB's error codes a meaning, by what the caller does next:
//   UNAVAILABLE (LEDGER_UNAVAILABLE)          the server is away, busy, or not set up yet: later
//   ABORTED (LEDGER_CONFLICT)                 deadlock or lock wait: the transaction again
//   ALREADY_EXISTS (LEDGER_DUPLICATE)         a unique key
//   INVALID_ARGUMENT (LEDGER_REFUSED_VALUE)   a value that does not fit its column
//   INTERNAL (LEDGER_FAULT)                   anything else: our fault
// The status holds neither SQL nor the server's own text, which go to the log with the code, at
// most once a second.
absl::Status ErrorToStatus(unsigned int code, std::string_view server_message);

// After it the connection must not be used again.
bool ConnectionIsLost(unsigned int code);

}  // namespace genwatch::mariadb

#endif  // GENWATCH_JOB_SERVICE_MARIADB_ERROR_H_

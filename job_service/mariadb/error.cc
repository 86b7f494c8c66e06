#include "job_service/mariadb/error.h"

#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>

#include "absl/time/time.h"
#include "common/log_every.h"
#include "common/status.h"

namespace genwatch::mariadb {
namespace {

bool IsTooLarge(unsigned int code) {
  return code == ER_NET_PACKET_TOO_LARGE || code == CR_NET_PACKET_TOO_LARGE;
}

absl::StatusCode Classify(unsigned int code) {
  // Costs the connection, but would cost the next one as well.
  if (IsTooLarge(code)) return absl::StatusCode::kInvalidArgument;
  if (ConnectionIsLost(code)) return absl::StatusCode::kUnavailable;
  switch (code) {
    // Refused, full, or not set up yet (no database, no tables): waiting helps.
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_BAD_DB_ERROR:
    case ER_NO_SUCH_TABLE:
    case ER_BAD_FIELD_ERROR:
    case ER_USER_LIMIT_REACHED:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_OPTION_PREVENTS_STATEMENT:  // read-only
    case ER_READ_ONLY_MODE:
    case ER_STATEMENT_TIMEOUT:
    case ER_QUERY_INTERRUPTED:
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL:
    case ER_GET_ERRNO:
    case ER_OUT_OF_RESOURCES:
      return absl::StatusCode::kUnavailable;
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_CHECKREAD:
      return absl::StatusCode::kAborted;
    case ER_DUP_ENTRY:
    case ER_DUP_ENTRY_WITH_KEY_NAME:
      return absl::StatusCode::kAlreadyExists;
    case ER_DATA_TOO_LONG:
    case ER_WARN_DATA_OUT_OF_RANGE:
    case ER_TRUNCATED_WRONG_VALUE:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_INVALID_CHARACTER_STRING:
    case ER_TOO_BIG_ROWSIZE:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

bool ConnectionIsLost(unsigned int code) {
  if (IsTooLarge(code)) return true;
  switch (code) {
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_IPSOCK_ERROR:
    case CR_SOCKET_CREATE_ERROR:
    case CR_UNKNOWN_HOST:
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_SERVER_LOST_EXTENDED:
    case CR_SERVER_HANDSHAKE_ERR:
    case CR_COMMANDS_OUT_OF_SYNC:  // what comes next on it is anyone's guess
    case CR_MALFORMED_PACKET:
    case ER_CON_COUNT_ERROR:
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
    case ER_NORMAL_SHUTDOWN:
    case ER_ABORTING_CONNECTION:
    case ER_NEW_ABORTING_CONNECTION:
    case ER_NET_READ_ERROR:
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_ERROR_ON_WRITE:
    case ER_NET_WRITE_INTERRUPTED:
    case ER_HOST_IS_BLOCKED:
    case ER_HOST_NOT_PRIVILEGED:
    case ER_HANDSHAKE_ERROR:
      return true;
    default:
      return false;
  }
}

absl::Status ErrorToStatus(unsigned int code, std::string_view server_message) {
  switch (Classify(code)) {
    case absl::StatusCode::kUnavailable: {
      static LogEvery log(absl::Seconds(1));
      log.Log(LogLevel::kWarning, "MariaDB is not available",
              {{"mariadb_code", code}, {"mariadb_message", server_message}});
      return WithRetryAfter(Error(absl::StatusCode::kUnavailable, kUnavailable,
                                  "the ledger can't be reached at the moment"),
                            absl::Seconds(1));
    }
    case absl::StatusCode::kAborted:
      return Error(absl::StatusCode::kAborted, kConflict,
                   "another change of the same rows came first");
    case absl::StatusCode::kAlreadyExists:
      return Error(absl::StatusCode::kAlreadyExists, kDuplicate, "the ledger has it already");
    case absl::StatusCode::kInvalidArgument: {
      static LogEvery log(absl::Seconds(1));
      log.Log(LogLevel::kWarning, "MariaDB refused a value",
              {{"mariadb_code", code}, {"mariadb_message", server_message}});
      return Error(absl::StatusCode::kInvalidArgument, kRefusedValue,
                   "the ledger can't hold a value of this request");
    }
    default: {
      static LogEvery log(absl::Seconds(1));
      log.Log(LogLevel::kError, "a statement failed",
              {{"mariadb_code", code}, {"mariadb_message", server_message}});
      return Error(absl::StatusCode::kInternal, kFault, "the ledger failed");
    }
  }
}

}  // namespace genwatch::mariadb

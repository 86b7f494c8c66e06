#ifndef GENWATCH_JOB_SERVICE_MARIADB_TRANSACTION_H_
#define GENWATCH_JOB_SERVICE_MARIADB_TRANSACTION_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "job_service/mariadb/pool.h"

namespace genwatch::mariadb {

// A transaction that rolls back unless it was committed, however its scope is left. Not
// thread-safe.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(PooledConnection connection);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Connection& connection() { return *connection_; }
  // After an error nobody knows whether it took place.
  absl::Status Commit();

  // Runs `body` in a transaction: commits if it answers OK, else rolls back and passes its error
  // on. After a deadlock or a lock wait (LEDGER_CONFLICT) the whole is done again, at most 5 times
  // and 2 s: `body` starts afresh each time.
  static absl::Status Run(Pool& pool, absl::FunctionRef<absl::Status(Connection&)> body);

 private:
  explicit Transaction(PooledConnection connection)
      : connection_(std::move(connection)), open_(true) {}

  PooledConnection connection_;
  bool open_;
};

}  // namespace genwatch::mariadb

#endif  // GENWATCH_JOB_SERVICE_MARIADB_TRANSACTION_H_

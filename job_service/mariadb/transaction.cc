#include "job_service/mariadb/transaction.h"

#include <utility>

#include "common/clock.h"
#include "common/status.h"
#include "job_service/mariadb/error.h"

namespace genwatch::mariadb {
namespace {

// A deadlock's victim usually gets through at once; more tries would hide a wrong order of locks.
constexpr int kMostTries = 5;
// No try begins later: a lock that is waited for in vain is not waited for again and again.
constexpr absl::Duration kLastTryBegins = absl::Seconds(2);

absl::Status RunOnce(Pool& pool, absl::FunctionRef<absl::Status(Connection&)> body) {
  auto connection = pool.Acquire();
  if (!connection.ok()) return connection.status();
  auto transaction = Transaction::Begin(*std::move(connection));
  if (!transaction.ok()) return transaction.status();
  if (absl::Status status = body(transaction->connection()); !status.ok()) return status;
  return transaction->Commit();
}

}  // namespace

absl::StatusOr<Transaction> Transaction::Begin(PooledConnection connection) {
  if (absl::Status status = connection->Begin(); !status.ok()) return status;
  return Transaction(std::move(connection));
}

Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::move(other.connection_)), open_(std::exchange(other.open_, false)) {}

Transaction::~Transaction() {
  if (open_) connection_->Rollback();
}

absl::Status Transaction::Commit() {
  open_ = false;
  absl::Status status = connection_->Commit();
  if (!status.ok()) connection_->Rollback();
  return status;
}

absl::Status Transaction::Run(Pool& pool, absl::FunctionRef<absl::Status(Connection&)> body) {
  const absl::Duration begin = RealClock()->Monotonic();
  absl::Status status;
  for (int tries = 0; tries < kMostTries; ++tries) {
    status = RunOnce(pool, body);
    if (!absl::IsAborted(status) || ReasonOf(status) != kConflict) break;
    if (RealClock()->Monotonic() - begin >= kLastTryBegins) break;
  }
  return status;
}

}  // namespace genwatch::mariadb

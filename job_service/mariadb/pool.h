#ifndef GENWATCH_JOB_SERVICE_MARIADB_POOL_H_
#define GENWATCH_JOB_SERVICE_MARIADB_POOL_H_

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "job_service/mariadb/connection.h"

namespace genwatch::mariadb {

class Pool;

// A connection for as long as this lives; goes back to its pool then, or is closed when it is no
// longer usable. Not thread-safe; dies before the pool.
class PooledConnection {
 public:
  PooledConnection(PooledConnection&& other) = default;
  PooledConnection& operator=(PooledConnection&&) = delete;
  ~PooledConnection();

  Connection* operator->() const { return connection_.get(); }
  Connection& operator*() const { return *connection_; }

 private:
  friend class Pool;
  PooledConnection(Pool* pool, std::unique_ptr<Connection> connection)
      : pool_(pool), connection_(std::move(connection)) {}

  Pool* const pool_;
  std::unique_ptr<Connection> connection_;
};

// At most `size` connections, opened when first needed. One that the server has closed meanwhile is
// replaced before anybody meets it, so that a restart of the server is over when the server is
// back. Thread-safe.
class Pool {
 public:
  Pool(ConnectionOptions options, size_t size, absl::Duration acquire_timeout);
  ~Pool();

  // UNAVAILABLE (LEDGER_UNAVAILABLE) when the server can't be reached; UNAVAILABLE (LEDGER_BUSY)
  // when none became free within acquire_timeout.
  absl::StatusOr<PooledConnection> Acquire();

 private:
  friend class PooledConnection;

  void Release(std::unique_ptr<Connection> connection);
  // One connection less; lets the next one be opened.
  void Forget();

  const ConnectionOptions options_;
  const size_t size_;
  const absl::Duration acquire_timeout_;
  Mutex mutex_;
  CondVar freed_;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
  // Idle, lent, or being opened.
  size_t open_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace genwatch::mariadb

#endif  // GENWATCH_JOB_SERVICE_MARIADB_POOL_H_

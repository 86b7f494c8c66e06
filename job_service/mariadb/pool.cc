#include "job_service/mariadb/pool.h"

#include "common/clock.h"
#include "common/status.h"

namespace genwatch::mariadb {

PooledConnection::~PooledConnection() {
  if (connection_ != nullptr) pool_->Release(std::move(connection_));
}

Pool::Pool(ConnectionOptions options, size_t size, absl::Duration acquire_timeout)
    : options_(std::move(options)), size_(size), acquire_timeout_(acquire_timeout) {}

Pool::~Pool() = default;

absl::StatusOr<PooledConnection> Pool::Acquire() {
  const absl::Duration deadline = RealClock()->Monotonic() + acquire_timeout_;
  while (true) {
    std::unique_ptr<Connection> connection;
    {
      MutexLock lock(mutex_);
      while (idle_.empty() && open_ >= size_) {
        if (!freed_.WaitFor(mutex_, deadline - RealClock()->Monotonic()) && idle_.empty() &&
            open_ >= size_) {
          return WithRetryAfter(Error(absl::StatusCode::kUnavailable, "LEDGER_BUSY",
                                      "all connections to the ledger are in use"),
                                absl::Seconds(1));
        }
      }
      if (idle_.empty()) {
        ++open_;
      } else {
        connection = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (connection == nullptr) {
      auto opened = Connection::Open(options_);
      if (!opened.ok()) {
        Forget();
        return opened.status();
      }
      return PooledConnection(this, *std::move(opened));
    }
    if (connection->Alive()) return PooledConnection(this, std::move(connection));
    connection.reset();
    Forget();
  }
}

void Pool::Release(std::unique_ptr<Connection> connection) {
  if (!connection->usable()) {
    connection.reset();
    Forget();
    return;
  }
  MutexLock lock(mutex_);
  idle_.push_back(std::move(connection));
  freed_.NotifyOne();
}

void Pool::Forget() {
  MutexLock lock(mutex_);
  --open_;
  freed_.NotifyOne();
}

}  // namespace genwatch::mariadb

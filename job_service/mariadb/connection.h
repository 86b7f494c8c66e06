#ifndef GENWATCH_JOB_SERVICE_MARIADB_CONNECTION_H_
#define GENWATCH_JOB_SERVICE_MARIADB_CONNECTION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "job_service/mariadb/value.h"

struct st_mysql;

namespace genwatch::mariadb {

class Statement;

struct ConnectionOptions {
  // A unix socket, or, where it is empty, host and port.
  std::string unix_socket;
  std::string host = "127.0.0.1";
  uint16_t port = 3306;
  std::string user;
  std::string password;
  std::string database;

  // Whole seconds. No statement of the ledger takes a second; a server that hangs is given up
  // before a worker could be taken for lost.
  absl::Duration connect_timeout = absl::Seconds(2);
  absl::Duration io_timeout = absl::Seconds(3);
  // For a row lock; less than io_timeout, so that the server's answer arrives.
  absl::Duration lock_timeout = absl::Seconds(2);
};

// One session: utf8mb4, UTC, strict, READ COMMITTED, never reconnected behind our back, and
// prepared statements with bound values only. Statements are kept prepared. Not thread-safe; used
// by one thread at a time. Errors are those of ErrorToStatus; after a lost connection usable() is
// false for good.
class Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `sql` is constant text with a `?` for each param. All rows of the answer.
  absl::StatusOr<std::vector<Row>> Query(std::string_view sql, absl::Span<const Param> params = {});
  // How many rows the WHERE clause found (whether or not they changed), or were inserted.
  absl::StatusOr<uint64_t> Execute(std::string_view sql, absl::Span<const Param> params = {});
  // The same for many rows of params in one round trip, or in several where the server would not
  // take them at once; each column has one type. Not atomic by itself. No rows: nothing is sent.
  absl::StatusOr<uint64_t> ExecuteMany(std::string_view sql,
                                       absl::Span<const std::vector<Param>> rows);

  absl::Status Begin();
  absl::Status Commit();
  // Makes the connection unusable if it fails.
  void Rollback();

  // False after the connection was lost.
  bool usable() const { return !lost_; }
  // Usable, and the server has not closed it meanwhile: a look at the socket, no round trip.
  bool Alive() const;

 private:
  struct Closer {
    void operator()(st_mysql* handle) const;
  };

  explicit Connection(std::unique_ptr<st_mysql, Closer> handle);
  absl::StatusOr<Statement*> Prepared(std::string_view sql);
  // Forgets the statement, whose state is unknown after an error.
  absl::Status Failed(std::string_view sql, absl::Status status);
  absl::Status Simple(std::string_view sql);
  // INVALID_ARGUMENT for what the server would answer by closing the connection.
  absl::Status CheckSize(absl::Span<const Param> params) const;
  // How many of the first rows it takes at once, at least 1; INVALID_ARGUMENT likewise.
  absl::StatusOr<size_t> RowsOfOneMessage(absl::Span<const std::vector<Param>> rows) const;

  bool lost_ = false;
  // What the server takes in one message; the smallest possible until it says.
  uint64_t packet_limit_ = 1024;
  std::unique_ptr<st_mysql, Closer> handle_;
  // Closed before the handle.
  std::map<std::string, std::unique_ptr<Statement>, std::less<>> statements_;
};

}  // namespace genwatch::mariadb

#endif  // GENWATCH_JOB_SERVICE_MARIADB_CONNECTION_H_

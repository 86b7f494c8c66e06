#include "job_service/mariadb/connection.h"

#include <mariadb/errmsg.h>
#include <mariadb/mysql.h>
#include <poll.h>

#include <mutex>

#include "absl/strings/str_cat.h"
#include "job_service/mariadb/error.h"
#include "job_service/mariadb/statement.h"

namespace genwatch::mariadb {
namespace {

// Far above the number of statements of the ledger; texts whose length varies could pass it.
constexpr size_t kMostStatements = 256;

// The library keeps state per thread.
struct ThreadState {
  ThreadState() { mysql_thread_init(); }
  ~ThreadState() { mysql_thread_end(); }
};

void InitLibrary() {
  static std::once_flag once;
  std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
  thread_local const ThreadState state;
}

// On the wire, generously.
uint64_t SizeOf(const Param& param) {
  constexpr uint64_t kMostFixedBytes = 16;
  if (const auto* const text = std::get_if<std::string_view>(&param.value())) {
    return kMostFixedBytes + text->size();
  }
  if (const auto* const bytes = std::get_if<Bytes>(&param.value())) {
    return kMostFixedBytes + bytes->data.size();
  }
  return kMostFixedBytes;
}

absl::Status TooLarge() { return ErrorToStatus(CR_NET_PACKET_TOO_LARGE, "checked before sending"); }

unsigned int WholeSeconds(absl::Duration duration) {
  return static_cast<unsigned int>(absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1))));
}

}  // namespace

void Connection::Closer::operator()(st_mysql* handle) const { mysql_close(handle); }

Connection::Connection(std::unique_ptr<st_mysql, Closer> handle) : handle_(std::move(handle)) {}

Connection::~Connection() = default;

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const ConnectionOptions& options) {
  InitLibrary();
  std::unique_ptr<st_mysql, Closer> handle(mysql_init(nullptr));
  if (handle == nullptr) return absl::ResourceExhaustedError("no memory for a connection");
  MYSQL* const mysql = handle.get();
  const unsigned int connect_timeout = WholeSeconds(options.connect_timeout);
  const unsigned int io_timeout = WholeSeconds(options.io_timeout);
  const my_bool off = 0;
  const my_bool on = 1;
  mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
  mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &io_timeout);
  mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &io_timeout);
  mysql_options(mysql, MYSQL_OPT_RECONNECT, &off);
  mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
  mysql_options(mysql, MYSQL_REPORT_DATA_TRUNCATION, &on);
  mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  const bool by_socket = !options.unix_socket.empty();
  if (mysql_real_connect(
          mysql, by_socket ? "localhost" : options.host.c_str(), options.user.c_str(),
          options.password.c_str(), options.database.c_str(), by_socket ? 0 : options.port,
          by_socket ? options.unix_socket.c_str() : nullptr, CLIENT_FOUND_ROWS) == nullptr) {
    return ErrorToStatus(mysql_errno(mysql), mysql_error(mysql));
  }
  std::unique_ptr<Connection> connection(new Connection(std::move(handle)));
  absl::Status status = connection->Simple(absl::StrCat(
      "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,"
      "NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', autocommit = 1, "
      "innodb_lock_wait_timeout = ",
      WholeSeconds(options.lock_timeout),
      // The server gives a statement up before we stop listening.
      ", max_statement_time = ", absl::ToDoubleSeconds(options.io_timeout) * 0.9));
  if (status.ok()) {
    // Each statement sees what is committed; guards need no more, and rows that a WHERE clause
    // only passed by are not kept locked.
    status = connection->Simple("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
  }
  if (!status.ok()) return status;
  const auto limit = connection->Query("SELECT @@session.max_allowed_packet");
  if (!limit.ok()) return limit.status();
  connection->packet_limit_ = RowReader(limit->at(0)).Uint64();
  return connection;
}

absl::Status Connection::CheckSize(absl::Span<const Param> params) const {
  uint64_t bytes = 0;
  for (const Param& param : params) bytes += SizeOf(param);
  return bytes <= packet_limit_ ? absl::OkStatus() : TooLarge();
}

absl::StatusOr<size_t> Connection::RowsOfOneMessage(
    absl::Span<const std::vector<Param>> rows) const {
  uint64_t bytes = 0;
  size_t count = 0;
  for (const std::vector<Param>& row : rows) {
    for (const Param& param : row) bytes += SizeOf(param);
    if (bytes > packet_limit_) break;
    ++count;
  }
  if (count == 0) return TooLarge();
  return count;
}

absl::Status Connection::Simple(std::string_view sql) {
  if (mysql_real_query(handle_.get(), sql.data(), sql.size()) == 0) return absl::OkStatus();
  const unsigned int code = mysql_errno(handle_.get());
  if (ConnectionIsLost(code)) lost_ = true;
  return ErrorToStatus(code, mysql_error(handle_.get()));
}

bool Connection::Alive() const {
  if (lost_) return false;
  // Nothing is due from the server between two statements: what can be read is its goodbye.
  pollfd descriptor = {mysql_get_socket(handle_.get()), POLLIN, 0};
  return poll(&descriptor, 1, 0) == 0;
}

absl::StatusOr<Statement*> Connection::Prepared(std::string_view sql) {
  InitLibrary();
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second.get();
  if (statements_.size() >= kMostStatements) statements_.clear();
  auto statement = Statement::Prepare(handle_.get(), sql, &lost_);
  if (!statement.ok()) return statement.status();
  return statements_.emplace(std::string(sql), *std::move(statement)).first->second.get();
}

absl::Status Connection::Failed(std::string_view sql, absl::Status status) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) statements_.erase(found);
  return status;
}

absl::StatusOr<std::vector<Row>> Connection::Query(std::string_view sql,
                                                   absl::Span<const Param> params) {
  if (absl::Status status = CheckSize(params); !status.ok()) return status;
  const auto statement = Prepared(sql);
  if (!statement.ok()) return statement.status();
  if (absl::Status status = (*statement)->Execute(params); !status.ok()) return Failed(sql, status);
  auto rows = (*statement)->FetchAll();
  if (!rows.ok()) return Failed(sql, rows.status());
  return rows;
}

absl::StatusOr<uint64_t> Connection::Execute(std::string_view sql, absl::Span<const Param> params) {
  if (absl::Status status = CheckSize(params); !status.ok()) return status;
  const auto statement = Prepared(sql);
  if (!statement.ok()) return statement.status();
  if (absl::Status status = (*statement)->Execute(params); !status.ok()) return Failed(sql, status);
  return (*statement)->found_rows();
}

absl::StatusOr<uint64_t> Connection::ExecuteMany(std::string_view sql,
                                                 absl::Span<const std::vector<Param>> rows) {
  uint64_t found = 0;
  while (!rows.empty()) {
    const auto count = RowsOfOneMessage(rows);
    if (!count.ok()) return count.status();
    if (*count == 1) {
      const auto one = Execute(sql, rows[0]);
      if (!one.ok()) return one.status();
      found += *one;
    } else {
      const auto statement = Prepared(sql);
      if (!statement.ok()) return statement.status();
      if (absl::Status status = (*statement)->ExecuteMany(rows.first(*count)); !status.ok()) {
        return Failed(sql, status);
      }
      found += (*statement)->found_rows();
    }
    rows.remove_prefix(*count);
  }
  return found;
}

absl::Status Connection::Begin() { return Simple("START TRANSACTION"); }

absl::Status Connection::Commit() { return Simple("COMMIT"); }

void Connection::Rollback() {
  if (!lost_ && mysql_rollback(handle_.get()) != 0) lost_ = true;
}

}  // namespace genwatch::mariadb

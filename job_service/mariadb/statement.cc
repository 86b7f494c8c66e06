#include "job_service/mariadb/statement.h"

#include <mariadb/mysql.h>

#include "job_service/mariadb/bind.h"
#include "job_service/mariadb/error.h"

namespace genwatch::mariadb {

void Statement::Closer::operator()(st_mysql_stmt* handle) const { mysql_stmt_close(handle); }

absl::Status Statement::Fault() const {
  const unsigned int code = mysql_stmt_errno(handle_.get());
  if (ConnectionIsLost(code)) *lost_ = true;
  return ErrorToStatus(code, mysql_stmt_error(handle_.get()));
}

absl::StatusOr<std::unique_ptr<Statement>> Statement::Prepare(st_mysql* connection,
                                                              std::string_view sql, bool* lost) {
  std::unique_ptr<st_mysql_stmt, Closer> handle(mysql_stmt_init(connection));
  if (handle == nullptr) return absl::ResourceExhaustedError("no memory for a statement");
  std::unique_ptr<Statement> statement(new Statement(std::move(handle), lost));
  // FetchAll sizes its buffers by it.
  const my_bool update_max_length = 1;
  if (mysql_stmt_attr_set(statement->handle_.get(), STMT_ATTR_UPDATE_MAX_LENGTH,
                          &update_max_length) != 0 ||
      mysql_stmt_prepare(statement->handle_.get(), sql.data(), sql.size()) != 0) {
    return statement->Fault();
  }
  return statement;
}

absl::Status Statement::SetArraySize(unsigned int size) {
  if (size == array_size_) return absl::OkStatus();
  if (mysql_stmt_attr_set(handle_.get(), STMT_ATTR_ARRAY_SIZE, &size) != 0) return Fault();
  array_size_ = size;
  return absl::OkStatus();
}

absl::Status Statement::Execute(absl::Span<const Param> params) {
  if (params.size() != mysql_stmt_param_count(handle_.get())) {
    return absl::InternalError("a statement was given a wrong number of values");
  }
  if (absl::Status status = SetArraySize(0); !status.ok()) return status;
  ParamBinding binding(params);
  if (!params.empty() && mysql_stmt_bind_param(handle_.get(), binding.binds()) != 0) return Fault();
  if (mysql_stmt_execute(handle_.get()) != 0) return Fault();
  return absl::OkStatus();
}

absl::Status Statement::ExecuteMany(absl::Span<const std::vector<Param>> rows) {
  for (const std::vector<Param>& row : rows) {
    if (row.size() != mysql_stmt_param_count(handle_.get())) {
      return absl::InternalError("a statement was given a wrong number of values");
    }
  }
  if (absl::Status status = SetArraySize(static_cast<unsigned int>(rows.size())); !status.ok()) {
    return status;
  }
  ArrayBinding binding(rows);
  if (mysql_stmt_bind_param(handle_.get(), binding.binds()) != 0 ||
      mysql_stmt_execute(handle_.get()) != 0) {
    return Fault();
  }
  return absl::OkStatus();
}

uint64_t Statement::found_rows() const { return mysql_stmt_affected_rows(handle_.get()); }

absl::StatusOr<std::vector<Row>> Statement::FetchAll() {
  std::vector<Row> rows;
  const unsigned int columns = mysql_stmt_field_count(handle_.get());
  if (columns == 0) return rows;
  if (mysql_stmt_store_result(handle_.get()) != 0) return Fault();
  const MYSQL_FIELD* const fields = mariadb_stmt_fetch_fields(handle_.get());
  ResultBinding binding(absl::MakeConstSpan(fields, columns));
  if (mysql_stmt_bind_result(handle_.get(), binding.binds()) != 0) return Fault();
  rows.reserve(mysql_stmt_num_rows(handle_.get()));
  while (true) {
    const int result = mysql_stmt_fetch(handle_.get());
    if (result == MYSQL_NO_DATA) break;
    if (result == MYSQL_DATA_TRUNCATED) return absl::InternalError("a value was cut on its way");
    if (result != 0) return Fault();
    rows.push_back(binding.ReadRow());
  }
  mysql_stmt_free_result(handle_.get());
  return rows;
}

}  // namespace genwatch::mariadb

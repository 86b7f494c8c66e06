#ifndef GENWATCH_JOB_SERVICE_MARIADB_STATEMENT_H_
#define GENWATCH_JOB_SERVICE_MARIADB_STATEMENT_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "job_service/mariadb/value.h"

struct st_mysql;
struct st_mysql_stmt;

namespace genwatch::mariadb {

// A prepared statement of one connection, for Connection's use; destroyed before the connection.
// Not thread-safe. After an error it is only good for destruction. `lost` is set where the
// connection is.
class Statement {
 public:
  static absl::StatusOr<std::unique_ptr<Statement>> Prepare(st_mysql* connection,
                                                            std::string_view sql, bool* lost);

  absl::Status Execute(absl::Span<const Param> params);
  absl::Status ExecuteMany(absl::Span<const std::vector<Param>> rows);
  uint64_t found_rows() const;
  // The whole answer of the last Execute; empty for a statement that has none.
  absl::StatusOr<std::vector<Row>> FetchAll();

 private:
  struct Closer {
    void operator()(st_mysql_stmt* handle) const;
  };

  Statement(std::unique_ptr<st_mysql_stmt, Closer> handle, bool* lost)
      : handle_(std::move(handle)), lost_(lost) {}
  absl::Status Fault() const;
  absl::Status SetArraySize(unsigned int size);

  std::unique_ptr<st_mysql_stmt, Closer> handle_;
  bool* const lost_;
  unsigned int array_size_ = 0;
};

}  // namespace genwatch::mariadb

#endif  // GENWATCH_JOB_SERVICE_MARIADB_STATEMENT_H_

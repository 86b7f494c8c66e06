#ifndef GENWATCH_JOB_SERVICE_MARIADB_BIND_H_
#define GENWATCH_JOB_SERVICE_MARIADB_BIND_H_

#include <mariadb/mysql.h>

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "job_service/mariadb/value.h"

namespace genwatch::mariadb {

MYSQL_TIME ToMysqlTime(absl::Time time);
absl::Time FromMysqlTime(const MYSQL_TIME& time);

// The values of one execution in the form that the library takes. Refers to the params' strings.
class ParamBinding {
 public:
  explicit ParamBinding(absl::Span<const Param> params);
  MYSQL_BIND* binds() { return binds_.data(); }

 private:
  std::vector<MYSQL_TIME> times_;
  std::vector<MYSQL_BIND> binds_;
};

// The same for many executions at once: column-wise arrays. Cells of a column are NULL or of the
// type of its first value that is not.
class ArrayBinding {
 public:
  explicit ArrayBinding(absl::Span<const std::vector<Param>> rows);
  MYSQL_BIND* binds() { return binds_.data(); }

 private:
  struct Column {
    std::vector<char> indicators;
    std::vector<unsigned long> lengths;
    std::vector<int64_t> integers;
    std::vector<double> doubles;
    // Of the strings, or of the elements of `times`: the library takes both through pointers.
    std::vector<const void*> pointers;
    std::vector<MYSQL_TIME> times;
  };

  std::vector<Column> columns_;
  std::vector<MYSQL_BIND> binds_;
};

// Buffers for the rows of a stored result, as large as its largest values.
class ResultBinding {
 public:
  explicit ResultBinding(absl::Span<const MYSQL_FIELD> fields);
  MYSQL_BIND* binds() { return binds_.data(); }
  // After a fetch.
  Row ReadRow() const;

 private:
  struct Column {
    int64_t integer = 0;
    double number = 0;
    MYSQL_TIME time = {};
    std::vector<char> string;
    unsigned long length = 0;
    my_bool is_null = 0;
    my_bool error = 0;
  };

  std::vector<Column> columns_;
  std::vector<MYSQL_BIND> binds_;
};

}  // namespace genwatch::mariadb

#endif  // GENWATCH_JOB_SERVICE_MARIADB_BIND_H_

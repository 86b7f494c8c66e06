#ifndef GENWATCH_JOB_SERVICE_LIST_QUERY_H_
#define GENWATCH_JOB_SERVICE_LIST_QUERY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "job_service/job_store.h"
#include "job_service/mariadb/value.h"

namespace genwatch {

// The statement of JobStore::List. The rows are chosen by what is small, and only those that are
// answered are read whole. Of an owner's jobs the index is named, because which one is best does
// not depend on what MariaDB guesses about their labels: that of those that have not ended
// (k_owner_status), of posts (k_owner_kind), or of all (k_owner). Refers to the filter.
class ListQuery {
 public:
  ListQuery(const JobFilter& filter, uint64_t before, size_t limit);
  ListQuery(const ListQuery&) = delete;
  ListQuery& operator=(const ListQuery&) = delete;

  const std::string& sql() const { return sql_; }
  const std::vector<mariadb::Param>& params() const { return params_; }

 private:
  std::string sql_;
  std::deque<std::string> texts_;  // those that parameters refer to, and the filter does not hold
  std::vector<mariadb::Param> params_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_LIST_QUERY_H_

#ifndef GENWATCH_JOB_SERVICE_JOB_ROWS_H_
#define GENWATCH_JOB_SERVICE_JOB_ROWS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "job_service/job.h"
#include "job_service/mariadb/connection.h"

namespace genwatch {

// Between the ledger's rows and the records of jobs; what the stores' transactions are made of.
// Errors are those of mariadb::Connection.

// A row of the job columns in queries.h. `now` receives the ledger's time of the read.
JobRecord ReadJob(const mariadb::Row& row, absl::Time* now = nullptr);

// `sql` with its `{ids}` replaced by a list of `?`, and the ids that could be of jobs as its
// values: others exist nowhere, and are left out. The list's length is rounded up, so that there
// are few statements to prepare.
struct IdQuery {
  std::string sql;
  std::vector<mariadb::Param> params;
};
IdQuery WithIds(std::string_view sql, absl::Span<const std::string> job_ids);

// Letters, digits, `_` and `-`: other text can be no job's id. Asked first, because a query with it
// would compare in another character set, or ignore its trailing spaces.
bool MayBeJobId(std::string_view text);
// Printable ASCII: what the columns of owners and instances hold.
bool IsLedgerWord(std::string_view text);

struct LockedJobs {
  std::map<std::string, JobRecord> jobs;
  absl::Time now;
};
// Locks the rows, in the order of their ids, until the end of the transaction. Unknown ids are
// absent.
absl::StatusOr<LockedJobs> LockJobs(mariadb::Connection& connection,
                                    absl::Span<const std::string> job_ids);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_ROWS_H_

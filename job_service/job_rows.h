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
#include "job_service/length_lesson.h"
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

// What of a lease is in the row, but in no record.
struct LeaseColumns {
  uint32_t server_model_id = 0;
  uint32_t heartbeat_number = 0;
};
// Writes a locked job's change of state: `before` as it was read, `after` as it is to be. `lease`
// for a change to PROCESSING. ABORTED if the guard fails, which the lock should prevent.
absl::Status StoreChange(mariadb::Connection& connection, const JobRecord& before,
                         const JobRecord& after, absl::Time now,
                         const std::optional<LeaseColumns>& lease = std::nullopt);

// `outcome` is a word of the column's; `job` as the end of the attempt leaves it.
absl::Status CloseAttempt(mariadb::Connection& connection, const JobRecord& job,
                          std::string_view outcome, const v1::AttemptFacts& facts, absl::Time now);

absl::Status InsertLesson(mariadb::Connection& connection, const LengthLesson& lesson);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_ROWS_H_

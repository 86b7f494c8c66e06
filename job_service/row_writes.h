#ifndef GENWATCH_JOB_SERVICE_ROW_WRITES_H_
#define GENWATCH_JOB_SERVICE_ROW_WRITES_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "job_service/job.h"
#include "job_service/kept_text.h"
#include "job_service/length_lesson.h"
#include "job_service/mariadb/connection.h"

namespace genwatch {

// What of a lease is in the row, but in no record.
struct LeaseColumns {
  uint32_t server_model_id = 0;
  uint32_t heartbeat_number = 0;
};

// The rows that one transaction writes about jobs that it has locked, gathered and then written
// with one statement for all rows of a kind: a statement for each row costs several times the row.
// Not thread-safe.
class RowWrites {
 public:
  RowWrites() = default;
  RowWrites(const RowWrites&) = delete;
  RowWrites& operator=(const RowWrites&) = delete;

  // A locked job's change of state: `before` as it was read, `after` as it is to be. `lease` for a
  // change to PROCESSING. At most one for each job.
  void StoreChange(const JobRecord& before, const JobRecord& after, absl::Time now,
                   const std::optional<LeaseColumns>& lease = std::nullopt);
  // `job` as its lease leaves it; `had_text`: text was kept before.
  void OpenAttempt(const JobRecord& job, bool had_text, absl::Time now);
  // `outcome` is a word of the column's, in static storage; `job` as the end of the attempt leaves
  // it.
  void CloseAttempt(const JobRecord& job, std::string_view outcome, const v1::AttemptFacts& facts,
                    absl::Time now);
  // Of one job's attempt. The pieces' texts are referred to until Flush.
  void InsertTexts(uint64_t row_id, uint32_t attempt, const std::vector<NewText>& pieces);
  void InsertLesson(const LengthLesson& lesson);

  // Writes what was gathered since the last Flush. ABORTED if the guard of a change fails, which
  // the lock should prevent; else as mariadb::Connection.
  absl::Status Flush(mariadb::Connection& connection);

 private:
  using Rows = std::vector<std::vector<mariadb::Param>>;

  // Kept until Flush: records move while they are gathered, and take their short texts with them.
  const std::string& Own(std::string text) { return owned_.emplace_back(std::move(text)); }
  mariadb::Param OwnOrNull(const std::string& text);

  std::deque<std::string> owned_;
  Rows changes_;
  Rows new_suspects_;
  Rows old_suspects_;
  Rows opened_;
  Rows texts_;
  Rows closed_;
  Rows lessons_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_ROW_WRITES_H_

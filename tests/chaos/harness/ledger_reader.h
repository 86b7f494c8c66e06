#ifndef GENWATCH_TESTS_CHAOS_HARNESS_LEDGER_READER_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_LEDGER_READER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "job_service/mariadb/connection.h"

namespace genwatch::chaos {

class Cluster;

struct AttemptRow {
  uint32_t attempt;
  uint32_t version;
  std::string instance;
  std::string outcome;  // empty while it runs
  std::string reason;
};

struct JobRow {
  std::string status;
  uint32_t version;
  uint32_t failures;
  std::string reason;
  std::string answer;    // the kept text
  std::string thinking;  // likewise
  uint32_t answer_bytes;
  uint32_t thinking_bytes;
  std::vector<AttemptRow> attempts;
};

// Reads the ledger's tables as an operator would, by SQL on a connection of its own, past all our
// services. Connects again when the connection is lost. Not thread-safe.
class LedgerReader {
 public:
  explicit LedgerReader(Cluster& cluster);

  absl::StatusOr<std::vector<mariadb::Row>> Query(std::string_view sql,
                                                  absl::Span<const mariadb::Param> params = {});
  // The first cell of the first row; 0 if there is none.
  absl::StatusOr<uint64_t> Number(std::string_view sql,
                                  absl::Span<const mariadb::Param> params = {});

  // How many jobs are in each state, by its word.
  absl::StatusOr<std::map<std::string, int>> States();
  // Jobs that have ended.
  absl::StatusOr<int> Ended();
  // Everything about every job, by job_id.
  absl::StatusOr<std::map<std::string, JobRow>> AllJobs();
  // Jobs that the instance holds now, by job_id, with the version of the lease.
  absl::StatusOr<std::map<std::string, uint32_t>> HeldBy(const std::string& instance);

 private:
  absl::Status Connect();

  const mariadb::ConnectionOptions options_;
  std::unique_ptr<mariadb::Connection> connection_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_LEDGER_READER_H_

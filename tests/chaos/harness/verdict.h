#ifndef GENWATCH_TESTS_CHAOS_HARNESS_VERDICT_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_VERDICT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/report.h"

namespace genwatch::chaos {

class Cluster;

// What became of the jobs. A job is counted once in each kind of wrong.
struct Verdict {
  int jobs = 0;
  int completed = 0;
  int cancelled = 0;
  // Acknowledged, and not in the ledger or not ended.
  int lost = 0;
  // Ended as COMPLETED by other than exactly one attempt, or with a history of attempts that does
  // not add up: numbers or versions that do not rise, attempts left open.
  int doubled = 0;
  // Ended as FAILED or EXPIRED, though nothing was wrong with the job.
  int failed = 0;
  // The kept text of a completed job is not, byte for byte, what the simulator made; or that of a
  // cancelled one is no beginning of it.
  int wrong_text = 0;
  // Failures charged to jobs, in all.
  int failures_charged = 0;
  // Attempts, in all.
  int attempts = 0;
  // Left over: jobs in the queue of Redis or being leased, leases in the ledger.
  int left_in_queue = 0;
  int left_leases = 0;
  // Of the jobs, for further looks.
  std::map<std::string, JobRow> rows;
};

// Waits until all jobs of the ledger have ended. DEADLINE_EXCEEDED, with the counts of the states,
// if they have not in time.
absl::Status AwaitAllEnded(LedgerReader& ledger, int jobs, absl::Duration deadline);

// Looks at the stores, and says on the report's stderr what is wrong with which job (the first few
// of each kind). Which jobs may be CANCELLED is said by `cancelled`: those of which the cancel was
// asked for.
absl::StatusOr<Verdict> Judge(Cluster& cluster, const std::vector<SubmittedJob>& jobs,
                              Report& report,
                              const std::vector<std::string>& may_be_cancelled = {});

// Judge, and the figures <prefix>_lost, _doubled and _failed (jobs that failed or whose text is
// wrong), each at most 0; and that the queue and the leases are empty.
absl::StatusOr<Verdict> JudgeAndReport(Cluster& cluster, const std::vector<SubmittedJob>& jobs,
                                       Report& report, const std::string& prefix,
                                       const std::vector<std::string>& may_be_cancelled = {});

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_VERDICT_H_

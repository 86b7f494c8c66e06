#ifndef GENWATCH_JOB_SERVICE_BOOKKEEPER_H_
#define GENWATCH_JOB_SERVICE_BOOKKEEPER_H_

#include "common/log_every.h"
#include "job_service/job_store.h"

namespace genwatch {

// Counts the jobs that have ended into the statistics of their models, and deletes lengths that
// nobody reads any more: afterwards and in pages, so that the ends of jobs cost nothing more. Each
// replica has one; the ledger lets one count at a time, and two that delete are harmless. Run() is
// called each few seconds by one thread, and takes a second or two at most.
class Bookkeeper {
 public:
  // Jobs are counted when they ended so long ago: transactions that were committed out of order are
  // in by then, and what the estimates were worth has been told.
  static constexpr absl::Duration kSettled = absl::Seconds(15);

  explicit Bookkeeper(JobStore* store, absl::Duration settled = kSettled)
      : store_(store), settled_(settled), trouble_(absl::Minutes(1)) {}

  void Run();

 private:
  absl::Status RunOnce();

  JobStore* const store_;
  const absl::Duration settled_;
  LengthKind pruned_;  // the last kind of lengths that was looked at
  LogEvery trouble_;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_BOOKKEEPER_H_

#ifndef GENWATCH_PROGRESS_SERVICE_RECORDER_H_
#define GENWATCH_PROGRESS_SERVICE_RECORDER_H_

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/mutex.h"
#include "common/periodic.h"
#include "progress_service/ledger_client.h"
#include "progress_service/progress_hub.h"
#include "progress_service/progress_metrics.h"

namespace genwatch {

// The console's line about a running job:
// "Progress: 150 tokens | 12.5 tok/s | 25% | 12.0s elapsed | job_...". Pure.
std::string ProgressLine(const v1::ProgressRecord& record);

// Twice a second stores the numbers of all running jobs that changed, in one call, and prints a
// line for each. A recording that fails is not repeated as it was: the next one has newer numbers.
// Tells how right the estimates of jobs were that have ended.
// Thread-safe. The hub outlives it.
class Recorder {
 public:
  // `target` is job_service; `console`: print the lines on stdout.
  Recorder(const std::string& target, ProgressHub* hub, bool console, ProgressMetrics metrics);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

 private:
  void Run();
  void RecordScores();
  void Record(std::vector<ProgressHub::Unrecorded> records);

  ProgressHub* const hub_;
  const bool console_;
  ProgressMetrics metrics_;
  Mutex mutex_;
  int recording_ ABSL_GUARDED_BY(mutex_) = 0;  // calls in flight
  LedgerClient client_;
  Periodic periodic_;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_RECORDER_H_

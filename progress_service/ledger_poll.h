#ifndef GENWATCH_PROGRESS_SERVICE_LEDGER_POLL_H_
#define GENWATCH_PROGRESS_SERVICE_LEDGER_POLL_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/log_every.h"
#include "common/mutex.h"
#include "common/periodic.h"
#include "progress_service/active_jobs.h"
#include "progress_service/ledger_client.h"
#include "progress_service/progress_hub.h"
#include "progress_service/progress_metrics.h"

namespace genwatch {

// Keeps the hub in step with the ledger: each half second one batch about all watched jobs that no
// live worker reports, and at once about those that somebody has a question about; reads the texts
// that watchers lack; each second asks for the active jobs of those who watch all of theirs. While
// job_service is away it goes on asking, and watchers keep what they have. Thread-safe. What it is
// given outlives it; whoever else uses the hub is gone before it.
class LedgerPoll {
 public:
  struct Parts {
    ProgressHub* hub = nullptr;
    ActiveJobs* active = nullptr;
    const Clock* clock = nullptr;
  };

  // `target` is job_service. Becomes the one whom the hub and the active jobs call when there is
  // something to ask. `on_answer` is called once, when the ledger answered for the first time.
  LedgerPoll(const std::string& target, const Parts& parts, std::function<void()> on_answer,
             ProgressMetrics metrics);
  ~LedgerPoll();
  LedgerPoll(const LedgerPoll&) = delete;
  LedgerPoll& operator=(const LedgerPoll&) = delete;

 private:
  void Kick() ABSL_LOCKS_EXCLUDED(mutex_);
  void Run();
  void AskStates(std::vector<ProgressHub::Question> questions, bool full);
  void ReadTexts();
  void ListActive(bool all);
  void OnStates(const std::vector<ProgressHub::Question>& questions, bool full,
                const absl::StatusOr<v1::GetJobStatesResponse>& response);
  void NoteAnswer(const absl::Status& status);

  const Parts parts_;
  const std::function<void()> on_answer_;
  ProgressMetrics metrics_;
  LogEvery failures_;

  Mutex mutex_;
  bool answered_ ABSL_GUARDED_BY(mutex_) = false;
  int asking_ ABSL_GUARDED_BY(mutex_) = 0;       // batches in flight
  int asking_full_ ABSL_GUARDED_BY(mutex_) = 0;  // of these, about all unreported jobs
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  int listing_ ABSL_GUARDED_BY(mutex_) = 0;

  absl::Duration next_full_;  // the periodic thread's own
  absl::Duration next_list_;
  LedgerClient client_;
  std::unique_ptr<Periodic> periodic_;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_LEDGER_POLL_H_

#ifndef GENWATCH_PROGRESS_SERVICE_TRACKED_JOB_H_
#define GENWATCH_PROGRESS_SERVICE_TRACKED_JOB_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "genwatch/v1/generation_service.pb.h"
#include "genwatch/v1/job_feed_service.pb.h"
#include "genwatch/v1/progress.pb.h"
#include "progress_service/estimate_trace.h"
#include "progress_service/job_texts.h"
#include "progress_service/progress_estimator.h"

namespace genwatch {

// What can be watched of one job: its newest snapshot and its texts, merged from the workers' and
// the ledger's words in whatever order they are heard. The order of things said is (version,
// sequence): what is smaller than what is held is dropped, so a zombie's words, an old replica's
// news and a late message are all the same case. Not thread-safe.
class TrackedJob {
 public:
  // How right the estimates were when a job whose model is done now had made kScoredShares of its
  // tokens.
  struct Score {
    std::string model;
    // Of the shown fraction, in points.
    std::array<double, kScoredShares.size()> percent_error = {};
    std::array<std::optional<RemainingScore>, kScoredShares.size()> remaining;
  };

  struct Outcome {
    bool changed = false;        // watchers have something to look at
    bool ask = false;            // the ledger knows more: ask it at once
    bool conflict = false;       // a worker's text contradicted what is held, and was not taken
    std::optional<Score> score;  // the model is done, and something had been estimated
  };

  explicit TrackedJob(std::string job_id);

  // `now` is stamped on the snapshot.
  Outcome MergeWorker(const v1::WorkerState& state, absl::Time now);
  Outcome MergeLedger(const v1::JobStateEntry& entry, absl::Time now);
  // A text as it was read from the ledger, while the texts' epoch was as given.
  Outcome MergeStored(const v1::TextSlice& slice, uint64_t epoch);

  const std::string& job_id() const { return job_id_; }
  uint64_t hash() const { return hash_; }

  // Something is known about it: `progress` can be shown.
  bool known() const { return progress_.version() > 0; }
  // The ledger says that there is no such job.
  bool not_found() const { return not_found_; }
  void ForgetNotFound() { not_found_ = false; }
  // Null until the ledger told. Says whose job it is.
  const std::shared_ptr<const v1::JobFixed>& fixed() const { return fixed_; }

  const v1::Progress& progress() const { return progress_; }
  // Raised by every change of `progress`.
  uint64_t snapshot() const { return snapshot_; }
  uint32_t version() const { return progress_.version(); }
  uint32_t sequence() const { return progress_.sequence(); }
  bool running() const { return progress_.state() == v1::Job::STATE_PROCESSING; }
  bool terminal() const;
  // The worker has seen the end of the attempt; only the ledger knows what became of it.
  bool ended() const { return ended_; }
  // The ledger's own snapshot of this version was heard (start time, failures, priority).
  bool has_ledger_facts() const { return has_ledger_facts_; }
  // The worker's fixed facts about this lease were heard.
  bool has_lease_facts() const { return has_lease_facts_; }

  const JobTexts& texts() const { return texts_; }
  void DiscardTexts() { texts_.Discard(); }
  void ResumeTexts() { texts_.Resume(); }

  // Questions to the ledger are numbered, so that a watcher can tell whether an answer to one that
  // was asked after its coming is in.
  uint64_t asked() const { return asked_; }
  uint64_t NextQuestion() { return ++asked_; }
  // After the answer itself was merged. True if watchers have something to look at.
  bool NoteAnswer(uint64_t question);
  uint64_t answered() const { return answered_; }

  // Bytes held for it, texts and fixed fields.
  size_t bytes() const { return texts_.bytes() + fixed_bytes_; }

 private:
  void BeginLease(const v1::WorkerState& state);
  bool SpeaksOfOlderText(const v1::WorkerState& state);
  void TakeNumbers(const v1::WorkerState& state);
  v1::ResumeMode ModeOfLease(v1::ResumeMode told);
  void SnapshotChanged(absl::Time now);
  Outcome TakeNewer(const v1::JobStateEntry& entry, absl::Time now);
  bool TakeEqual(const v1::JobStateEntry& entry, absl::Time now);
  std::optional<Score> ScoreOf(const v1::JobNumbers& last);

  const std::string job_id_;
  const uint64_t hash_;
  v1::Progress progress_;  // version 0: nothing known
  uint64_t snapshot_ = 0;
  std::shared_ptr<const v1::JobFixed> fixed_;
  size_t fixed_bytes_ = 0;
  bool not_found_ = false;
  bool ended_ = false;
  bool has_ledger_facts_ = false;
  bool has_lease_facts_ = false;
  bool had_text_ = false;         // the running lease found kept text
  TextLengths worker_base_ = {};  // of the running lease, by the worker's last word
  std::unique_ptr<const ProgressEstimator> estimator_;  // of the running lease
  EstimateTrace trace_;                                 // likewise
  std::optional<uint32_t> generated_ms_;                // into the lease the last token was there
  bool scored_ = false;
  JobTexts texts_;
  uint64_t asked_ = 0;
  uint64_t answered_ = 0;

  // While the running lease's base may still fall, a text read from the ledger may already be
  // another one; it is taken when the ledger, asked after the reading, still has the same base.
  struct Unconfirmed {
    v1::TextPiece piece;
    uint64_t epoch = 0;
    uint64_t question = 0;
  };
  std::array<std::optional<Unconfirmed>, kChannels> unconfirmed_;
};

bool IsTerminal(v1::Job::State state);

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_TRACKED_JOB_H_

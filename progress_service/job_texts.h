#ifndef GENWATCH_PROGRESS_SERVICE_JOB_TEXTS_H_
#define GENWATCH_PROGRESS_SERVICE_JOB_TEXTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "genwatch/v1/job.pb.h"
#include "progress_service/growing_text.h"
#include "progress_service/lease_bases.h"

namespace genwatch {

// The texts of one job as far as they are known here, and what of a watcher's texts still stands.
// Fed from three sides: pieces from the worker, pieces read from the ledger, and the ledger's word
// on how much it keeps. Not thread-safe.
class JobTexts {
 public:
  using Leases = google::protobuf::RepeatedPtrField<v1::LeaseBase>;

  // The job runs under the lease `version`; its texts may grow past what is kept. `leases` are all
  // that were heard of, or none if nothing new. What no longer stands is forgotten. True if the
  // leases were news.
  bool Running(uint32_t version, const Leases& leases);

  // The job does not run, and the ledger keeps exactly this much: the rest is forgotten, what is
  // missing is to be read. `leases` have all ended.
  void NotRunning(const Leases& leases, const TextLengths& kept);

  // The job runs, and the ledger keeps at least this much.
  void KeptAtLeast(const TextLengths& kept);

  // A worker's piece, under the running lease. False if it contradicts what is held
  // and nothing was taken.
  bool MergePiece(const v1::TextPiece& piece);

  // The whole lengths that the worker speaks of, after its pieces were merged.
  void NoteWorkerLengths(const TextLengths& lengths);

  // A piece read from the ledger while `epoch()` was as given; ignored if it is another now.
  void MergeStored(const v1::TextPiece& piece, uint64_t epoch);

  // Raised whenever text may have fallen: what was asked before says nothing about the text of now.
  uint64_t epoch() const { return epoch_; }

  // The last lease whose bases can't change any more; 0 if there is none. Watchers are given bases
  // up to here.
  uint32_t text_version() const { return text_version_; }
  const LeaseBases& bases() const { return bases_; }

  // What still stands of `offset` bytes that a watcher holds since the lease `text_version`.
  uint32_t Standing(size_t channel, uint32_t offset, uint32_t text_version) const;

  // From the start, without gaps.
  std::string_view held(size_t channel) const { return texts_[channel].held(); }
  bool IsCharacterBorder(size_t channel, uint32_t offset) const {
    return texts_[channel].IsCharacterBorder(offset);
  }

  // How far the text is known to go beyond what is held: to be read from the ledger up to there.
  bool Missing(size_t channel) const { return missing_until_[channel] > texts_[channel].size(); }
  bool Missing() const { return Missing(0) || Missing(1); }

  // Stored lengths of a job that does not run.
  const std::optional<TextLengths>& kept() const { return kept_; }

  // To save memory: forgets the texts and lets new ones pass by, until Resume.
  void Discard();
  void Resume();
  bool discarding() const { return discarding_; }

  // What a worker need not send again, under the current lease.
  uint32_t NeedlessBytes(size_t channel) const {
    return discarding_ ? worker_lengths_[channel] : texts_[channel].size();
  }

  size_t bytes() const { return texts_[0].bytes() + texts_[1].bytes(); }

 private:
  bool MergeBases(const Leases& leases);
  void Truncate(size_t channel, uint32_t length);
  void Settle();

  LeaseBases bases_;
  std::array<GrowingText, kChannels> texts_;
  uint32_t lease_version_ = 0;  // 0: the job does not run, as far as we know
  uint32_t text_version_ = 0;
  std::optional<TextLengths> kept_;
  TextLengths missing_until_ = {};
  TextLengths worker_lengths_ = {};
  bool discarding_ = false;
  uint64_t epoch_ = 0;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_JOB_TEXTS_H_

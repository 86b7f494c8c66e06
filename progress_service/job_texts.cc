#include "progress_service/job_texts.h"

#include <algorithm>

namespace genwatch {

bool JobTexts::Running(uint32_t version, const Leases& leases) {
  if (version != lease_version_) {
    lease_version_ = version;
    kept_.reset();
    worker_lengths_ = {};
  }
  return MergeBases(leases);
}

void JobTexts::NotRunning(const Leases& leases, const TextLengths& kept) {
  lease_version_ = 0;
  // First what stood when the leases began, then what the last of them left.
  MergeBases(leases);
  kept_ = kept;
  worker_lengths_ = {};
  for (size_t channel = 0; channel < kChannels; ++channel) {
    Truncate(channel, kept[channel]);
    missing_until_[channel] = kept[channel];
  }
  Settle();
}

void JobTexts::KeptAtLeast(const TextLengths& kept) {
  for (size_t channel = 0; channel < kChannels; ++channel) {
    missing_until_[channel] = std::max(missing_until_[channel], kept[channel]);
  }
}

bool JobTexts::MergePiece(const v1::TextPiece& piece) {
  const size_t channel = ChannelIndex(piece.channel());
  if (channel == kChannels || discarding_) return true;
  if (texts_[channel].Merge(piece.offset(), piece.text())) return true;
  if (text_version_ >= lease_version_) return false;
  // The lease's base was lowered, and the piece is the first to tell.
  TextLengths lowered = {UINT32_MAX, UINT32_MAX};
  lowered[channel] = piece.offset();
  bases_.Merge(lease_version_, lowered);
  Truncate(channel, piece.offset());
  return texts_[channel].Merge(piece.offset(), piece.text());
}

void JobTexts::NoteWorkerLengths(const TextLengths& lengths) {
  for (size_t channel = 0; channel < kChannels; ++channel) {
    worker_lengths_[channel] = std::max(worker_lengths_[channel], lengths[channel]);
    missing_until_[channel] = std::max(missing_until_[channel], texts_[channel].gap_end());
  }
  Settle();
}

void JobTexts::MergeStored(const v1::TextPiece& piece, uint64_t epoch) {
  const size_t channel = ChannelIndex(piece.channel());
  if (channel == kChannels || discarding_ || epoch != epoch_) return;
  texts_[channel].Merge(piece.offset(), piece.text());
  if (kept_.has_value()) Truncate(channel, (*kept_)[channel]);
}

uint32_t JobTexts::Standing(size_t channel, uint32_t offset, uint32_t text_version) const {
  offset = bases_.Standing(channel, offset, text_version);
  return kept_.has_value() ? std::min(offset, (*kept_)[channel]) : offset;
}

void JobTexts::Discard() {
  for (size_t channel = 0; channel < kChannels; ++channel) {
    worker_lengths_[channel] = std::max(worker_lengths_[channel], texts_[channel].size());
    Truncate(channel, 0);
  }
  ++epoch_;
  discarding_ = true;
}

void JobTexts::Resume() {
  if (!discarding_) return;
  discarding_ = false;
  for (size_t channel = 0; channel < kChannels; ++channel) {
    missing_until_[channel] = std::max(missing_until_[channel], worker_lengths_[channel]);
  }
}

bool JobTexts::MergeBases(const Leases& leases) {
  if (!bases_.Merge(leases)) return false;
  ++epoch_;
  for (size_t channel = 0; channel < kChannels; ++channel) {
    Truncate(channel, bases_.Standing(channel, texts_[channel].size(), text_version_));
    missing_until_[channel] = bases_.Standing(channel, missing_until_[channel], text_version_);
    worker_lengths_[channel] = bases_.Standing(channel, worker_lengths_[channel], text_version_);
  }
  Settle();
  return true;
}

void JobTexts::Truncate(size_t channel, uint32_t length) {
  if (texts_[channel].size() > length) ++epoch_;
  texts_[channel].Truncate(length);
}

void JobTexts::Settle() {
  // A base is final when another lease follows, when the lease has ended, when there is nothing
  // left to lower, and when text of the lease was shown.
  for (const LeaseBases::Lease& lease : bases_.leases()) {
    if (lease.version <= text_version_) continue;
    bool settled = lease.version != lease_version_ || lease.bases == TextLengths{};
    for (size_t channel = 0; channel < kChannels; ++channel) {
      settled |= texts_[channel].size() > lease.bases[channel] ||
                 worker_lengths_[channel] > lease.bases[channel];
    }
    if (!settled) break;
    text_version_ = lease.version;
  }
}

}  // namespace genwatch

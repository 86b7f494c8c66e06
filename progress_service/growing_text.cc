#include "progress_service/growing_text.h"

#include <algorithm>
#include <utility>

namespace genwatch {
namespace {

// Appends to `text`, which begins at `text_offset`, what `run` has beyond it. The run begins inside
// or at the end of the text. False, and no change, if they differ where they overlap.
bool Extend(std::string& text, uint32_t text_offset, uint32_t offset, std::string_view run) {
  const size_t skipped = offset - text_offset;
  const size_t overlap = std::min(run.size(), text.size() - skipped);
  const std::string_view known = std::string_view(text).substr(skipped, overlap);
  if (known != run.substr(0, overlap)) return false;
  text.append(run.substr(overlap));
  return true;
}

}  // namespace

bool GrowingText::Merge(uint32_t offset, std::string_view run) {
  if (run.empty()) return true;
  if (offset <= size()) {
    if (!Extend(held_, 0, offset, run)) return false;
    JoinAhead();
    return true;
  }
  const uint64_t ahead_end = uint64_t{ahead_offset_} + ahead_.size();
  if (!ahead_.empty() && offset >= ahead_offset_ && offset <= ahead_end) {
    return Extend(ahead_, ahead_offset_, offset, run);
  }
  if (ahead_.empty() || offset < ahead_offset_) {
    ahead_offset_ = offset;
    ahead_.assign(run);
  }
  return true;
}

void GrowingText::Truncate(uint32_t length) {
  if (length < held_.size()) {
    held_.resize(length);
    // A long text that was dropped gives its memory back.
    if (held_.capacity() > 4096 && held_.capacity() / 4 > held_.size()) held_.shrink_to_fit();
  }
  if (ahead_.empty()) return;
  if (length <= ahead_offset_) {
    ahead_ = std::string();
  } else if (length - ahead_offset_ < ahead_.size()) {
    ahead_.resize(length - ahead_offset_);
  }
}

bool GrowingText::IsCharacterBorder(uint32_t offset) const {
  return offset >= held_.size() || (static_cast<unsigned char>(held_[offset]) & 0xC0) != 0x80;
}

void GrowingText::JoinAhead() {
  if (ahead_.empty() || ahead_offset_ > size()) return;
  const std::string ahead = std::move(ahead_);
  ahead_ = std::string();
  // The filler read the same text from the ledger; where the two differ what is stored wins, and
  // the rest of the run is not to be trusted.
  Extend(held_, 0, ahead_offset_, ahead);
}

}  // namespace genwatch

#include "progress_service/watch_position.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "progress_service/cursor.h"

namespace genwatch {
namespace {

constexpr std::string_view kRestarted = "RESTARTED";
constexpr std::string_view kContinued = "CONTINUED";
constexpr std::string_view kCursorInvalid = "CURSOR_INVALID";

void AddReset(size_t channel, uint32_t offset, std::string_view reason, v1::JobUpdate* update) {
  v1::TextReset* const reset = update->add_resets();
  reset->set_channel(kAllChannels[channel]);
  reset->set_offset(offset);
  reset->set_reason(std::string(reason));
}

// The longest prefix of at most `limit` bytes that ends at a character border, but at least one
// character.
std::string_view Cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  const auto inside_character = [text](size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  size_t end = limit;
  while (end > 0 && inside_character(end)) --end;
  if (end == 0) {
    end = 1;
    while (end < text.size() && inside_character(end)) ++end;
  }
  return text.substr(0, end);
}

// What the ledger, or the text itself, contradicts.
bool Disproved(const Cursor& cursor, const TextLengths& offsets, const TrackedJob& job) {
  const JobTexts& texts = job.texts();
  if (cursor.version > job.version()) return true;
  if (cursor.text_version != 0 && texts.bases().Find(cursor.text_version) == nullptr) return true;
  for (size_t channel = 0; channel < kChannels; ++channel) {
    const uint32_t offset = offsets[channel];
    if (texts.kept().has_value() && cursor.version == job.version() &&
        offset > (*texts.kept())[channel]) {
      return true;
    }
    const uint32_t standing = texts.Standing(channel, offset, cursor.text_version);
    if (standing == offset && !texts.IsCharacterBorder(channel, offset)) return true;
  }
  return false;
}

}  // namespace

WatchPosition::WatchPosition(bool text, std::string cursor)
    : text_(text), cursor_(std::move(cursor)) {}

WatchPosition::Result WatchPosition::Collect(const TrackedJob& job, size_t text_budget,
                                             v1::JobUpdate* update) {
  Result result;
  result.done = done_;
  if (done_ || !job.known()) return result;
  const bool first = !started_;
  // Text that the ledger has and we don't is shown before the state that says so.
  const bool texts_pending = text_ && !job.running() && job.texts().Missing();
  if (first) {
    if (texts_pending) return result;
    if (!Start(job, update)) {
      result.behind = true;
      return result;
    }
  }
  if (text_) {
    ResetFallen(job, update);
    const size_t budget = first && job.terminal() ? kMaxUpdateBytes : text_budget;
    result.more = AddPieces(job, budget, update);
  }
  AddBases(job, update);
  const bool ends = job.terminal() && !texts_pending && !result.more;
  const bool hold_back = texts_pending || (job.terminal() && result.more);
  if (first || ends || (!hold_back && job.snapshot() != snapshot_)) {
    *update->mutable_progress() = job.progress();
    if (!first && job.snapshot() > snapshot_) result.conflated = job.snapshot() - snapshot_ - 1;
    snapshot_ = job.snapshot();
    version_ = job.version();
    sequence_ = job.sequence();
  }
  result.has_update = update->has_progress() || update->resets_size() > 0 ||
                      update->pieces_size() > 0 || update->bases_size() > 0;
  if (!result.has_update) return result;
  update->set_job_id(job.job_id());
  update->set_cursor(CursorOf(job, ends));
  update->set_terminal(ends);
  done_ = result.done = ends;
  return result;
}

bool WatchPosition::Start(const TrackedJob& job, v1::JobUpdate* update) {
  if (!cursor_.empty()) {
    const std::optional<Cursor> cursor = ParseCursor(cursor_);
    bool valid = cursor.has_value() && cursor->job_hash == job.hash();
    // Somebody told this watcher of a version, or of a base that can't change any more, before we
    // heard of it. The ledger, asked now, knows.
    const bool ahead = valid && (cursor->version > job.version() ||
                                 cursor->text_version > job.texts().text_version());
    if (ahead && (question_ == 0 || job.answered() < question_)) return false;
    if (valid) {
      offsets_ = {cursor->answer.value_or(0), cursor->thinking.value_or(0)};
      text_version_ = cursor->text_version;
      valid = !Disproved(*cursor, offsets_, job);
    }
    if (!valid) {
      offsets_ = {};
      text_version_ = 0;
      for (size_t channel = 0; text_ && channel < kChannels; ++channel) {
        AddReset(channel, 0, kCursorInvalid, update);
      }
    }
  }
  started_ = true;
  cursor_ = std::string();
  return true;
}

void WatchPosition::ResetFallen(const TrackedJob& job, v1::JobUpdate* update) {
  const JobTexts& texts = job.texts();
  for (size_t channel = 0; channel < kChannels; ++channel) {
    const uint32_t standing = texts.Standing(channel, offsets_[channel], text_version_);
    if (standing < offsets_[channel]) {
      AddReset(channel, standing, standing == 0 ? kRestarted : kContinued, update);
      offsets_[channel] = standing;
    }
    // An offset that was ahead of us, and that nobody can have been given.
    if (!texts.IsCharacterBorder(channel, offsets_[channel])) {
      AddReset(channel, 0, kCursorInvalid, update);
      offsets_[channel] = 0;
    }
  }
  text_version_ = std::max(text_version_, texts.text_version());
}

bool WatchPosition::AddPieces(const TrackedJob& job, size_t budget, v1::JobUpdate* update) {
  // Thinking comes before the answer, in time as well.
  constexpr std::array<size_t, kChannels> kOrder = {1, 0};
  for (const size_t channel : kOrder) {
    const std::string_view held = job.texts().held(channel);
    uint32_t& offset = offsets_[channel];
    while (offset < held.size()) {
      if (budget == 0) return true;
      const std::string_view text = Cut(held.substr(offset), std::min(kMaxPieceBytes, budget));
      v1::TextPiece* const piece = update->add_pieces();
      piece->set_channel(kAllChannels[channel]);
      piece->set_offset(offset);
      piece->set_text(std::string(text));
      offset += static_cast<uint32_t>(text.size());
      budget -= std::min(budget, text.size());
    }
  }
  return false;
}

void WatchPosition::AddBases(const TrackedJob& job, v1::JobUpdate* update) {
  const uint32_t text_version = job.texts().text_version();
  if (bases_given_ == text_version) return;
  bases_given_ = text_version;
  text_version_ = std::max(text_version_, text_version);
  for (const LeaseBases::Lease& lease : job.texts().bases().leases()) {
    if (lease.version > text_version) break;
    v1::LeaseBase* const base = update->add_bases();
    base->set_version(lease.version);
    base->set_answer(lease.bases[0]);
    base->set_thinking(lease.bases[1]);
  }
}

std::string WatchPosition::CursorOf(const TrackedJob& job, bool terminal) const {
  Cursor cursor = {.job_hash = job.hash(),
                   .version = version_,
                   .sequence = sequence_,
                   .text_version = text_version_,
                   .terminal = terminal};
  if (text_) {
    cursor.answer = offsets_[0];
    cursor.thinking = offsets_[1];
  }
  return FormatCursor(cursor);
}

}  // namespace genwatch

#include "tests/chaos/harness/shown_job.h"

#include <tuple>

#include "absl/strings/str_cat.h"

namespace genwatch::chaos {
namespace {

// More would be of one cause.
constexpr size_t kMostWords = 20;

}  // namespace

void Breaches::Note(int& kind, const std::string& word) {
  ++kind;
  if (words.size() < kMostWords) words.push_back(word);
}

void Breaches::Add(const Breaches& more) {
  gaps += more.gaps;
  repeats += more.repeats;
  others += more.others;
  for (const std::string& word : more.words) {
    if (words.size() < kMostWords) words.push_back(word);
  }
}

void ShownJob::TakeOrder(uint32_t version, uint32_t sequence, Breaches& breaches) {
  if (std::tuple(version, sequence) < std::tuple(version_, sequence_)) {
    breaches.Note(breaches.others,
                  absl::StrCat(job_id, ": (version, sequence) falls from (", version_, ", ",
                               sequence_, ") to (", version, ", ", sequence, ")"));
  }
  version_ = version;
  sequence_ = sequence;
}

void ShownJob::TakeReset(bool thinking, size_t offset, Breaches& breaches) {
  std::string& text = thinking ? thinking_ : answer_;
  if (offset > text.size()) {
    breaches.Note(breaches.gaps,
                  absl::StrCat(job_id, ": a reset to ", offset, " of ", text.size(), " bytes"));
    return;
  }
  text.resize(offset);
}

void ShownJob::TakePiece(bool thinking, size_t offset, std::string_view text, Breaches& breaches) {
  std::string& shown = thinking ? thinking_ : answer_;
  if (offset != shown.size()) {
    breaches.Note(
        offset > shown.size() ? breaches.gaps : breaches.repeats,
        absl::StrCat(job_id, ": text from ", offset, " on after ", shown.size(), " bytes"));
    shown.resize(offset);
  }
  shown.append(text);
}

}  // namespace genwatch::chaos

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status.h"
#include "job_service/job_rows.h"
#include "job_service/job_state.h"
#include "job_service/kept_text.h"
#include "job_service/mariadb/error.h"
#include "job_service/mariadb_job_store.h"
#include "job_service/queries.h"

// Reads of the texts.

namespace genwatch {
namespace {

// Readings of the attempts that a lease or a lowered base came in between are made anew.
constexpr int kMostTries = 5;

struct Piece {
  uint32_t start = 0;
  std::string body;
};

// What one attempt has of a text.
struct AttemptText {
  TextRead read;
  // Of all attempts so far, oldest first.
  std::vector<uint32_t> bases;
  std::vector<Piece> pieces;
};

AttemptText ReadAttemptText(std::vector<mariadb::Row> rows) {
  AttemptText text;
  {
    mariadb::RowReader reader(rows.front());
    text.read.version = reader.Uint32();
    text.read.state = StateFromWord(reader.Text());
    text.read.text_length = reader.Uint32();
    for (const auto base : absl::StrSplit(reader.Text(), ',', absl::SkipEmpty())) {
      uint32_t bytes = 0;
      if (absl::SimpleAtoi(base, &bytes)) text.bases.push_back(bytes);
    }
  }
  for (const mariadb::Row& row : rows) {
    mariadb::RowReader reader(row, 4);
    const uint32_t start = reader.Uint32();
    text.pieces.push_back({.start = start, .body = reader.Text()});
  }
  return text;
}

// The bytes of [from, to) that the pieces hold, which follow each other.
std::string Join(const std::vector<Piece>& pieces, uint64_t from, uint64_t to) {
  std::string text;
  for (const Piece& piece : pieces) {
    const uint64_t begin = std::max<uint64_t>(from, piece.start);
    const uint64_t end = std::min<uint64_t>(to, piece.start + piece.body.size());
    if (begin < end) text.append(piece.body, begin - piece.start, end - begin);
  }
  return text;
}

}  // namespace

absl::StatusOr<TextRead> MariaDbJobStore::ReadText(const std::string& job_id, v1::Channel channel,
                                                   uint32_t offset, size_t limit) {
  if (!MayBeJobId(job_id)) return JobNotFound(job_id);
  const auto number = static_cast<uint32_t>(channel);
  // One byte more tells whether the last character is whole.
  const uint64_t end = uint64_t{offset} + limit + 1;
  for (int tries = 0; tries < kMostTries; ++tries) {
    // From the newest attempt back to the one that has the offset: mostly the first.
    AttemptText newest;
    std::string text;
    uint64_t stands_to = end;
    bool changed = false;
    for (uint32_t back = 0;; ++back) {
      auto rows = Query(pool_, queries::kReadText,
                        {number, number, back, number, back, number, offset, end, job_id});
      if (!rows.ok()) return rows.status();
      if (rows->empty()) return JobNotFound(job_id);
      AttemptText attempt = ReadAttemptText(*std::move(rows));
      if (back == 0) {
        newest = attempt;
        if (offset > newest.read.text_length) {
          return Error(absl::StatusCode::kOutOfRange, "OFFSET_PAST_END",
                       absl::StrCat("the text has ", newest.read.text_length, " bytes"));
        }
        stands_to = std::min<uint64_t>(end, newest.read.text_length);
      } else {
        changed = attempt.read.version != newest.read.version || attempt.bases != newest.bases;
      }
      // It never ran, or this one has it all.
      if (changed || back >= newest.bases.size()) break;
      const uint32_t base = newest.bases[newest.bases.size() - 1 - back];
      text.insert(0, Join(attempt.pieces, std::max(offset, base), stands_to));
      stands_to = std::min<uint64_t>(stands_to, base);
      if (base <= offset || back + 1 == newest.bases.size()) break;
    }
    if (changed) continue;
    const TextCut cut = CutAtBorders(text, limit);
    newest.read.offset = offset + static_cast<uint32_t>(cut.skipped);
    newest.read.text = std::string(cut.text);
    return std::move(newest.read);
  }
  return Error(absl::StatusCode::kAborted, mariadb::kConflict,
               "the text has changed again and again while it was read");
}

}  // namespace genwatch

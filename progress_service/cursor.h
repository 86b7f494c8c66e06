#ifndef GENWATCH_PROGRESS_SERVICE_CURSOR_H_
#define GENWATCH_PROGRESS_SERVICE_CURSOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace genwatch {

// Where a watcher stands: what it was last told about a job, and how much of the job's texts it
// holds. On the wire `c1.<hash>.<version>.<sequence>.<text version>.<answer>.<thinking>[.e]`; the
// whole story is in docs/cursor.md. Pure values; thread-safe.
struct Cursor {
  uint64_t job_hash = 0;
  // Of the last snapshot.
  uint32_t version = 0;
  uint32_t sequence = 0;
  // Version of the last lease whose bases the watcher was given; 0: none. It says which text the
  // offsets are about.
  uint32_t text_version = 0;
  // UTF-8 bytes held of each text; absent: it holds no text of that channel.
  std::optional<uint32_t> answer;
  std::optional<uint32_t> thinking;
  // The last snapshot was the job's last one.
  bool terminal = false;

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// FNV-1a, 64 bits, of the job id: ties a cursor to its job without telling the id.
uint64_t JobHash(std::string_view job_id);

std::string FormatCursor(const Cursor& cursor);

// Nullopt for anything that FormatCursor could not have written.
std::optional<Cursor> ParseCursor(std::string_view text);

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_CURSOR_H_

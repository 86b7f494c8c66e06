#ifndef GENWATCH_PROGRESS_SERVICE_GROWING_TEXT_H_
#define GENWATCH_PROGRESS_SERVICE_GROWING_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace genwatch {

// One append-only text, put together from runs of bytes that may come twice, overlap, or come with
// a gap before them. Bytes are UTF-8; runs are cut at character borders. Not thread-safe.
class GrowingText {
 public:
  // Takes in what is new of `run`, which begins at `offset`. False, and nothing is taken, if it
  // contradicts what is held: then somebody's base of the text is not the one we know.
  bool Merge(uint32_t offset, std::string_view run);

  // Forgets what comes after `length`.
  void Truncate(uint32_t length);

  // From the start, without gaps.
  std::string_view held() const { return held_; }
  uint32_t size() const { return static_cast<uint32_t>(held_.size()); }

  // A run came with a gap before it; this is where the gap ends. `size()` if there is none.
  uint32_t gap_end() const { return ahead_.empty() ? size() : ahead_offset_; }

  size_t bytes() const { return held_.size() + ahead_.size(); }

  // `offset` is not inside a character. True for offsets past the end, which nobody can tell yet.
  bool IsCharacterBorder(uint32_t offset) const;

 private:
  void JoinAhead();

  std::string held_;
  // A run past the end of `held_`, kept until the gap is filled. A feed tells its text in order, so
  // one run is enough; one that doesn't touch it replaces it if it begins earlier.
  uint32_t ahead_offset_ = 0;
  std::string ahead_;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_GROWING_TEXT_H_

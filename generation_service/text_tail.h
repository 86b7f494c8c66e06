#ifndef GENWATCH_GENERATION_SERVICE_TEXT_TAIL_H_
#define GENWATCH_GENERATION_SERVICE_TEXT_TAIL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "genwatch/v1/job.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace genwatch {

using TextPieces = google::protobuf::RepeatedPtrField<v1::TextPiece>;

// A piece is a row of the ledger and a frame of a watcher.
inline constexpr size_t kMaxPieceBytes = 16 << 10;

// Adds `text`, which starts at `offset` of its channel, in pieces of at most kMaxPieceBytes, cut at
// character borders, at most `budget` bytes in all. How many bytes were added. `text` is valid
// UTF-8.
size_t AddPieces(v1::Channel channel, uint32_t offset, std::string_view text, size_t budget,
                 TextPieces* out);

// The end of one text of a job: what the ledger has not yet said to have kept. Pure; not
// thread-safe.
class TextTail {
 public:
  // `base` bytes are kept from earlier attempts.
  TextTail(v1::Channel channel, uint32_t base) : channel_(channel), begin_(base) {}

  // Valid UTF-8.
  void Append(std::string_view text) { text_.append(text); }

  // The ledger keeps `length` bytes of this text. False if it keeps less than it said before, which
  // leaves a gap that nobody can fill; nothing changes then.
  bool SetKept(uint32_t length);

  // Whole length of the text.
  uint32_t end() const { return begin_ + static_cast<uint32_t>(text_.size()); }
  bool empty() const { return text_.empty(); }
  size_t size() const { return text_.size(); }

  // As AddPieces above, from the first byte that is not kept.
  size_t AddTo(size_t budget, TextPieces* out) const;

 private:
  v1::Channel channel_;
  uint32_t begin_;  // the kept length
  std::string text_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_TEXT_TAIL_H_

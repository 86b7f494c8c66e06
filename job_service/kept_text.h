#ifndef GENWATCH_JOB_SERVICE_KEPT_TEXT_H_
#define GENWATCH_JOB_SERVICE_KEPT_TEXT_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "genwatch/v1/job.pb.h"

namespace genwatch {

// A run of text that comes right after what is kept. Refers to the piece that it is from.
struct NewText {
  v1::Channel channel = v1::CHANNEL_UNSPECIFIED;
  uint32_t offset = 0;
  std::string_view text;
};

struct TextTail {
  // In order; empty ones are left out.
  std::vector<NewText> pieces;
  // Bytes kept with them.
  uint32_t answer = 0;
  uint32_t thinking = 0;
  // A piece began after the end of what is kept: it and those behind it are left out.
  bool gap = false;
};

// What of `pieces` is new where `answer` and `thinking` bytes are kept: pieces may repeat what is
// kept, because an answer to their sender may have been lost. Pure.
TextTail NewTail(uint32_t answer, uint32_t thinking,
                 const google::protobuf::RepeatedPtrField<v1::TextPiece>& pieces);
TextTail NewTail(uint32_t answer, uint32_t thinking, const std::vector<v1::TextPiece>& pieces);

struct TextCut {
  // Bytes before the first character border.
  size_t skipped = 0;
  std::string_view text;
};

// Where the character begins that the byte at `offset` is of; `offset` itself past the end.
uint32_t CharacterBeginIn(std::string_view text, uint32_t offset);

// Of text from some offset on: the whole characters of its first `limit` bytes. `text` is to have
// one byte more than that, if there is any.
TextCut CutAtBorders(std::string_view text, size_t limit);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_KEPT_TEXT_H_

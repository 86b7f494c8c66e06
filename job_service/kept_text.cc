#include "job_service/kept_text.h"

#include <algorithm>
#include <limits>

#include "common/utf8.h"

namespace genwatch {
namespace {

bool ContinuesCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

template <typename Pieces>
TextTail Tail(uint32_t answer, uint32_t thinking, const Pieces& pieces) {
  TextTail tail{.answer = answer, .thinking = thinking};
  bool answer_gap = false;
  bool thinking_gap = false;
  for (const v1::TextPiece& piece : pieces) {
    if (piece.channel() != v1::CHANNEL_ANSWER && piece.channel() != v1::CHANNEL_THINKING) continue;
    const bool is_answer = piece.channel() == v1::CHANNEL_ANSWER;
    uint32_t& kept = is_answer ? tail.answer : tail.thinking;
    bool& gap = is_answer ? answer_gap : thinking_gap;
    if (piece.offset() > kept) gap = true;
    if (gap) continue;
    const std::string_view text = piece.text();
    const size_t repeated = kept - piece.offset();
    // Offsets have 32 bits; the cap on output is far below.
    const uint32_t room = std::numeric_limits<uint32_t>::max() - kept;
    if (repeated >= text.size() || text.size() - repeated > room) continue;
    const std::string_view fresh = text.substr(repeated);
    tail.pieces.push_back({.channel = piece.channel(), .offset = kept, .text = fresh});
    kept += static_cast<uint32_t>(fresh.size());
  }
  tail.gap = answer_gap || thinking_gap;
  return tail;
}

}  // namespace

TextTail NewTail(uint32_t answer, uint32_t thinking,
                 const google::protobuf::RepeatedPtrField<v1::TextPiece>& pieces) {
  return Tail(answer, thinking, pieces);
}

TextTail NewTail(uint32_t answer, uint32_t thinking, const std::vector<v1::TextPiece>& pieces) {
  return Tail(answer, thinking, pieces);
}

uint32_t CharacterBeginIn(std::string_view text, uint32_t offset) {
  if (offset >= text.size()) return offset;
  while (offset > 0 && ContinuesCharacter(text[offset])) --offset;
  return offset;
}

TextCut CutAtBorders(std::string_view text, size_t limit) {
  TextCut cut;
  while (cut.skipped < text.size() && ContinuesCharacter(text[cut.skipped])) ++cut.skipped;
  cut.text = TruncateUtf8(text.substr(cut.skipped), limit - std::min(limit, cut.skipped));
  return cut;
}

}  // namespace genwatch

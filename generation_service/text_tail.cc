#include "generation_service/text_tail.h"

#include <algorithm>

#include "common/utf8.h"

namespace genwatch {

size_t AddPieces(v1::Channel channel, uint32_t offset, std::string_view text, size_t budget,
                 TextPieces* out) {
  size_t added = 0;
  while (added < text.size()) {
    const std::string_view piece =
        TruncateUtf8(text.substr(added), std::min(kMaxPieceBytes, budget - added));
    if (piece.empty()) break;
    v1::TextPiece* target = out->Add();
    target->set_channel(channel);
    target->set_offset(offset + static_cast<uint32_t>(added));
    target->set_text(piece.data(), piece.size());
    added += piece.size();
  }
  return added;
}

bool TextTail::SetKept(uint32_t length) {
  if (length < begin_) return false;
  const size_t kept = std::min<size_t>(length - begin_, text_.size());
  text_.erase(0, kept);
  begin_ += static_cast<uint32_t>(kept);
  return true;
}

size_t TextTail::AddTo(size_t budget, TextPieces* out) const {
  return AddPieces(channel_, begin_, text_, budget, out);
}

}  // namespace genwatch

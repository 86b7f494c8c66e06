#include "job_service/kept_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace genwatch {
namespace {

v1::TextPiece Piece(v1::Channel channel, uint32_t offset, const std::string& text) {
  v1::TextPiece piece;
  piece.set_channel(channel);
  piece.set_offset(offset);
  piece.set_text(text);
  return piece;
}

std::string Joined(const TextTail& tail, v1::Channel channel) {
  std::string text;
  for (const NewText& piece : tail.pieces) {
    if (piece.channel == channel) text.append(piece.text);
  }
  return text;
}

// Whatever of a text was kept, and however the rest is cut and repeated, the text comes out.
TEST(NewTail, EveryOverlapGivesTheSameText) {
  const std::string text = "0123456789";
  for (uint32_t kept = 0; kept <= text.size(); ++kept) {
    for (uint32_t from = 0; from <= kept; ++from) {
      for (uint32_t cut = from; cut <= text.size(); ++cut) {
        const std::vector<v1::TextPiece> pieces = {
            Piece(v1::CHANNEL_ANSWER, from, text.substr(from, cut - from)),
            Piece(v1::CHANNEL_ANSWER, cut, text.substr(cut))};
        const TextTail tail = NewTail(kept, 0, pieces);
        EXPECT_FALSE(tail.gap);
        EXPECT_EQ(text.substr(0, kept) + Joined(tail, v1::CHANNEL_ANSWER), text);
        EXPECT_EQ(tail.answer, text.size());
      }
    }
  }
}

TEST(NewTail, GapStopsItsChannelOnly) {
  const std::vector<v1::TextPiece> pieces = {
      Piece(v1::CHANNEL_ANSWER, 2, "cd"), Piece(v1::CHANNEL_ANSWER, 0, "ab"),
      Piece(v1::CHANNEL_THINKING, 0, "t"), Piece(v1::CHANNEL_UNSPECIFIED, 0, "?")};
  const TextTail tail = NewTail(0, 0, pieces);
  EXPECT_TRUE(tail.gap);
  EXPECT_EQ(tail.answer, 0u);
  EXPECT_EQ(tail.thinking, 1u);
}

TEST(CutAtBorders, NeverSplitsACharacter) {
  const std::string text = "a\xC3\xB6\xE2\x82\xAC\xF0\x9F\x98\x80z";
  for (size_t from = 0; from <= text.size(); ++from) {
    for (size_t limit = 0; limit <= text.size() + 1; ++limit) {
      const std::string_view rest = std::string_view(text).substr(from, limit + 1);
      const TextCut cut = CutAtBorders(rest, limit);
      EXPECT_LE(cut.skipped + cut.text.size(), std::max(limit, cut.skipped));
      if (!cut.text.empty()) {
        EXPECT_NE(static_cast<unsigned char>(cut.text[0]) & 0xC0, 0x80);
      }
      const size_t end = from + cut.skipped + cut.text.size();
      if (end < text.size() && !cut.text.empty()) {
        EXPECT_NE(static_cast<unsigned char>(text[end]) & 0xC0, 0x80) << from << " " << limit;
      }
    }
  }
}

}  // namespace
}  // namespace genwatch

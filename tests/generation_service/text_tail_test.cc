#include "generation_service/text_tail.h"

#include <gtest/gtest.h>

#include <string>

#include "common/utf8.h"

namespace genwatch {
namespace {

std::string Join(const TextPieces& pieces) {
  std::string text;
  uint32_t next = pieces.empty() ? 0 : pieces[0].offset();
  for (const v1::TextPiece& piece : pieces) {
    EXPECT_EQ(piece.offset(), next);
    EXPECT_LE(piece.text().size(), kMaxPieceBytes);
    EXPECT_TRUE(IsValidUtf8(piece.text()));
    text += piece.text();
    next += piece.text().size();
  }
  return text;
}

TEST(TextTailTest, GivesWhatIsNotKept) {
  TextTail tail(v1::CHANNEL_THINKING, /*base=*/100);
  tail.Append("hello ");
  tail.Append("world");
  EXPECT_EQ(tail.end(), 111u);
  EXPECT_TRUE(tail.SetKept(106));
  TextPieces pieces;
  EXPECT_EQ(tail.AddTo(1000, &pieces), 5u);
  ASSERT_EQ(pieces.size(), 1);
  EXPECT_EQ(pieces[0].channel(), v1::CHANNEL_THINKING);
  EXPECT_EQ(pieces[0].offset(), 106u);
  EXPECT_EQ(pieces[0].text(), "world");
  EXPECT_TRUE(tail.SetKept(111));
  EXPECT_TRUE(tail.empty());
  EXPECT_EQ(tail.end(), 111u);
}

TEST(TextTailTest, ALateAnswerThatKeepsLessIsRefused) {
  TextTail tail(v1::CHANNEL_ANSWER, 0);
  tail.Append("abcdef");
  EXPECT_TRUE(tail.SetKept(4));
  EXPECT_FALSE(tail.SetKept(2));
  TextPieces pieces;
  tail.AddTo(1000, &pieces);
  EXPECT_EQ(Join(pieces), "ef");
}

TEST(TextTailTest, KeptBeyondTheEndDropsOnlyWhatIsThere) {
  TextTail tail(v1::CHANNEL_ANSWER, 0);
  tail.Append("abc");
  EXPECT_TRUE(tail.SetKept(10));
  EXPECT_TRUE(tail.empty());
  EXPECT_EQ(tail.end(), 3u);
}

TEST(TextTailTest, PiecesAreCutAtCharacterBorders) {
  std::string text = "x";
  while (text.size() < 3 * kMaxPieceBytes) text += "\xF0\x9F\x98\x80";
  TextPieces pieces;
  EXPECT_EQ(AddPieces(v1::CHANNEL_ANSWER, 7, text, 10 << 20, &pieces), text.size());
  EXPECT_EQ(pieces[0].offset(), 7u);
  EXPECT_EQ(Join(pieces), text);
}

TEST(TextTailTest, BudgetIsKept) {
  const std::string text(50'000, 'a');
  TextPieces pieces;
  EXPECT_EQ(AddPieces(v1::CHANNEL_ANSWER, 0, text, 20'000, &pieces), 20'000u);
  EXPECT_EQ(Join(pieces).size(), 20'000u);
  TextPieces none;
  EXPECT_EQ(AddPieces(v1::CHANNEL_ANSWER, 0, "\xC3\xA9", 1, &none), 0u);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace genwatch

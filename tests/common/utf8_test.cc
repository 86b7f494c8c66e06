#include "common/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace genwatch {
namespace {

// A plain encoder, to have something to compare with.
std::string Encode(uint32_t code) {
  std::string out;
  const auto add = [&out](uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
  return out;
}

TEST(Utf8Test, EveryCodePointExceptSurrogatesIsValid) {
  for (uint32_t code = 0; code <= 0x110000; ++code) {
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    ASSERT_EQ(IsValidUtf8(Encode(code)), !surrogate && code <= 0x10FFFF) << code;
  }
}

TEST(Utf8Test, OverlongFormsAreInvalid) {
  EXPECT_FALSE(IsValidUtf8("\xC0\x80"));
  EXPECT_FALSE(IsValidUtf8("\xC1\xBF"));
  EXPECT_FALSE(IsValidUtf8("\xE0\x9F\xBF"));
  EXPECT_FALSE(IsValidUtf8("\xF0\x8F\xBF\xBF"));
}

TEST(Utf8Test, CutCharactersAreInvalid) {
  const std::string text = Encode(0x1F600);
  for (size_t length = 1; length < text.size(); ++length) {
    EXPECT_FALSE(IsValidUtf8(text.substr(0, length)));
    EXPECT_FALSE(IsValidUtf8(text.substr(length)));
  }
  EXPECT_TRUE(IsValidUtf8(""));
}

TEST(Utf8Test, EachMaximalInvalidPartIsReplacedOnce) {
  const std::string fffd = "\xEF\xBF\xBD";
  EXPECT_EQ(ReplaceInvalidUtf8("plain \xC3\xA4"), "plain \xC3\xA4");
  EXPECT_EQ(ReplaceInvalidUtf8(std::string("a\xFF") + "b"), "a" + fffd + "b");
  EXPECT_EQ(ReplaceInvalidUtf8("\xE2\x82"), fffd);  // a cut euro sign
  EXPECT_EQ(ReplaceInvalidUtf8(std::string("\xE2\x82") + "x"), fffd + "x");
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xA0\x80"), fffd + fffd + fffd);  // a surrogate
  EXPECT_EQ(ReplaceInvalidUtf8("\xF0\x80\x80\x41"), fffd + fffd + fffd + "A");
  EXPECT_EQ(ReplaceInvalidUtf8("\x80\x80"), fffd + fffd);
  EXPECT_EQ(ReplaceInvalidUtf8(std::string("\0", 1)), std::string("\0", 1));
}

TEST(Utf8Test, WhatWasReplacedIsValid) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text = {'\xF1', static_cast<char>(first), static_cast<char>(second), 'x'};
      ASSERT_TRUE(IsValidUtf8(ReplaceInvalidUtf8(text)));
    }
  }
}

TEST(Utf8Test, TruncatesAtACharacterBorder) {
  const std::string text = "a" + Encode(0xE4) + Encode(0x20AC) + Encode(0x1F600);  // 1+2+3+4
  EXPECT_EQ(TruncateUtf8(text, 100), text);
  EXPECT_EQ(TruncateUtf8(text, 10), text);
  EXPECT_EQ(TruncateUtf8(text, 9).size(), 6u);
  EXPECT_EQ(TruncateUtf8(text, 6).size(), 6u);
  EXPECT_EQ(TruncateUtf8(text, 5).size(), 3u);
  EXPECT_EQ(TruncateUtf8(text, 2).size(), 1u);
  EXPECT_EQ(TruncateUtf8(text, 0), "");
}

}  // namespace
}  // namespace genwatch

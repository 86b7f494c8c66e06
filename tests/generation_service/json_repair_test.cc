#include "generation_service/json_repair.h"

#include <gtest/gtest.h>

namespace genwatch {
namespace {

TEST(JsonRepairTest, LoneSurrogatesAreReplacedAndPairsAreKept) {
  EXPECT_EQ(RepairJson(R"("a\ud83db")"), R"("a\ufffdb")");
  EXPECT_EQ(RepairJson(R"("\ude00")"), R"("\ufffd")");
  EXPECT_EQ(RepairJson(R"("\uD83D\uDE00")"), R"("\uD83D\uDE00")");
  EXPECT_EQ(RepairJson(R"("\ud83d\ud83d\ude00")"), R"("\ufffd\ud83d\ude00")");
  EXPECT_EQ(RepairJson(R"("\ud83d\u0041")"), R"("\ufffd\u0041")");
  EXPECT_EQ(RepairJson(R"("\ud83d\n")"), R"("\ufffd\n")");
}

TEST(JsonRepairTest, EscapedBackslashBeforeUIsNoEscape) {
  EXPECT_EQ(RepairJson(R"("\\ud83d")"), R"("\\ud83d")");
  EXPECT_EQ(RepairJson(R"("\"\ud83d")"), R"("\"\ufffd")");
}

TEST(JsonRepairTest, InvalidBytesAreReplaced) {
  EXPECT_EQ(RepairJson("\"a\xff\""), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(RepairJson("\"\xC3\xA9\""), "\"\xC3\xA9\"");
}

TEST(JsonRepairTest, OnlyIntegersThatMayNotFitGetAFraction) {
  EXPECT_EQ(RepairJson("{\"a\":12345678901234567890123}"), "{\"a\":12345678901234567890123.0}");
  EXPECT_EQ(RepairJson("{\"a\":1234567890,\"b\":1.5e10}"), "{\"a\":1234567890,\"b\":1.5e10}");
  EXPECT_EQ(RepairJson("[\"12345678901234567890123\"]"), "[\"12345678901234567890123\"]");
}

TEST(JsonRepairTest, EveryCutOfATextIsSafe) {
  const std::string text = R"({"a":"\ud83d\ude00\ud83d","b":123456789012345678901})";
  for (size_t length = 0; length <= text.size(); ++length) {
    EXPECT_GE(RepairJson(text.substr(0, length)).size(), length);
  }
}

}  // namespace
}  // namespace genwatch

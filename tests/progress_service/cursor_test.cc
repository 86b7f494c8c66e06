#include "progress_service/cursor.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace genwatch {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

const Struct& Vectors() {
  static const Struct* const vectors = [] {
    std::ifstream file(GENWATCH_CURSOR_VECTORS);
    std::stringstream text;
    text << file.rdbuf();
    auto* parsed = new Struct;
    const auto status = google::protobuf::util::JsonStringToMessage(text.str(), parsed);
    if (!status.ok()) {
      ADD_FAILURE() << GENWATCH_CURSOR_VECTORS << ": " << status.ToString();
    }
    return parsed;
  }();
  return *vectors;
}

const auto& List(const std::string& name) {
  return Vectors().fields().at(name).list_value().values();
}

const Value& Field(const Value& object, const std::string& name) {
  return object.struct_value().fields().at(name);
}

uint32_t Number(const Value& object, const std::string& name) {
  return static_cast<uint32_t>(Field(object, name).number_value());
}

std::optional<uint32_t> OptionalNumber(const Value& object, const std::string& name) {
  if (Field(object, name).kind_case() == Value::kNullValue) return std::nullopt;
  return Number(object, name);
}

TEST(CursorTest, HashesOfJobIdsAreThoseOfTheVectors) {
  ASSERT_GE(List("hashes").size(), 4);
  for (const Value& vector : List("hashes")) {
    const std::string& job_id = Field(vector, "job_id").string_value();
    EXPECT_EQ(absl::StrCat(absl::Hex(JobHash(job_id), absl::kZeroPad16)),
              Field(vector, "hash").string_value())
        << job_id;
  }
}

TEST(CursorTest, ValidVectorsParseToTheirFieldsAndBack) {
  ASSERT_GE(List("valid").size(), 8);
  for (const Value& vector : List("valid")) {
    const std::string& text = Field(vector, "cursor").string_value();
    const std::optional<Cursor> parsed = ParseCursor(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    const Cursor expected = {.job_hash = JobHash(Field(vector, "job_id").string_value()),
                             .version = Number(vector, "version"),
                             .sequence = Number(vector, "sequence"),
                             .text_version = Number(vector, "text_version"),
                             .answer = OptionalNumber(vector, "answer"),
                             .thinking = OptionalNumber(vector, "thinking"),
                             .terminal = Field(vector, "terminal").bool_value()};
    EXPECT_EQ(*parsed, expected) << text;
    EXPECT_EQ(FormatCursor(expected), text);
  }
}

TEST(CursorTest, InvalidVectorsAreRefused) {
  ASSERT_GE(List("invalid").size(), 30);
  for (const Value& vector : List("invalid")) {
    EXPECT_FALSE(ParseCursor(Field(vector, "cursor").string_value()).has_value())
        << Field(vector, "cursor").string_value() << ": " << Field(vector, "why").string_value();
  }
}

TEST(CursorTest, WhateverParsesIsWhatFormatWrites) {
  std::mt19937 random(7);
  const std::string seed = "c1.85944171f73967e8.3.118.2.512.-.e";
  const std::string alphabet = "c1.0123456789abcdefE-+ x\n";
  int parsed_count = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = seed;
    for (uint32_t edits = random() % 3 + 1; edits > 0; --edits) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = alphabet[random() % alphabet.size()];
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, alphabet[random() % alphabet.size()]);
      }
    }
    const std::optional<Cursor> cursor = ParseCursor(text);
    if (!cursor.has_value()) continue;
    ++parsed_count;
    ASSERT_EQ(FormatCursor(*cursor), text);
  }
  EXPECT_GT(parsed_count, 100);
}

}  // namespace
}  // namespace genwatch

#include "generation_service/header_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace genwatch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(HeaderFileTest, LinesAreHeaders) {
  const auto headers = ParseHeaders(
      "# for the proxy\r\n"
      "Authorization: Bearer abc.def\r\n"
      "\n"
      "  Host: ollama.internal  \n"
      "X-Empty:");
  ASSERT_TRUE(headers.ok());
  EXPECT_THAT(*headers,
              ElementsAre("Authorization: Bearer abc.def", "Host: ollama.internal", "X-Empty:"));
}

TEST(HeaderFileTest, WhatIsNoHeaderIsRefusedWithoutRepeatingIt) {
  for (const std::string line : {"secret-without-colon", "Bad Name: x", ": x", "Name: a\x01 b"}) {
    const absl::Status status = ParseHeaders("A: b\n" + line).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << line;
    EXPECT_THAT(std::string(status.message()), HasSubstr("line 2"));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(line)));
  }
}

TEST(HeaderFileTest, FileIsRead) {
  TempDir dir;
  std::ofstream(dir.File("headers")) << "Authorization: Bearer t\n";
  const auto headers = ReadHeaderFile(dir.File("headers"));
  ASSERT_TRUE(headers.ok()) << headers.status();
  EXPECT_THAT(*headers, ElementsAre("Authorization: Bearer t"));
}

TEST(HeaderFileTest, MissingFileIsNamed) {
  const absl::Status status = ReadHeaderFile("/nowhere/headers").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere/headers"));
}

}  // namespace
}  // namespace genwatch

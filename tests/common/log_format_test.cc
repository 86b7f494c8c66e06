#include "common/log_format.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "common/status.h"

namespace genwatch {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kTime = absl::FromUnixMillis(1'704'067'200'123);

google::protobuf::Struct Parse(const std::string& json) {
  google::protobuf::Struct result;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &result);
  EXPECT_TRUE(status.ok()) << json;
  return result;
}

TEST(FormatJsonTest, HasTheFixedKeysFirst) {
  EXPECT_EQ(FormatJson(kTime, LogLevel::kWarning, "job_service", "lost", {}),
            R"({"ts":"2024-01-01T00:00:00.123Z","severity":"WARNING","service":"job_service",)"
            R"("msg":"lost"})");
}

TEST(FormatJsonTest, FieldsKeepTheirTypes) {
  const std::string id = "job_1";
  const std::string line = FormatJson(kTime, LogLevel::kInfo, "s", "m",
                                      {{"job_id", id},
                                       {"literal", "text"},
                                       {"attempt", 3},
                                       {"big", std::numeric_limits<uint64_t>::max()},
                                       {"negative", int64_t{-5}},
                                       {"rate", 12.5},
                                       {"ok", true},
                                       {"wait", absl::Microseconds(1500)}});
  EXPECT_THAT(line, EndsWith(R"("job_id":"job_1","literal":"text","attempt":3,)"
                             R"("big":18446744073709551615,"negative":-5,"rate":12.5,"ok":true,)"
                             R"("wait_ms":1.5})"));
  EXPECT_EQ(Parse(line).fields().at("rate").number_value(), 12.5);
}

TEST(FormatJsonTest, AStatusIsCodeReasonAndMessage) {
  const absl::Status status = Error(absl::StatusCode::kUnavailable, "DB_DOWN", "connection lost");
  const auto line = Parse(FormatJson(kTime, LogLevel::kError, "s", "m", {ErrorField(status)}));
  EXPECT_EQ(line.fields().at("error").string_value(), "UNAVAILABLE (DB_DOWN): connection lost");
}

TEST(FormatJsonTest, NumbersThatJsonLacksBecomeStrings) {
  const auto line = Parse(FormatJson(kTime, LogLevel::kInfo, "s", "m",
                                     {{"nan", std::numeric_limits<double>::quiet_NaN()},
                                      {"inf", std::numeric_limits<double>::infinity()},
                                      {"wait", absl::InfiniteDuration()}}));
  EXPECT_EQ(line.fields().at("nan").string_value(), "nan");
  EXPECT_EQ(line.fields().at("inf").string_value(), "inf");
  EXPECT_EQ(line.fields().at("wait_ms").string_value(), "inf");
}

TEST(FormatJsonTest, EveryByteStaysInsideItsString) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string value = {'a', static_cast<char>(byte), 'b'};
    const std::string line = FormatJson(kTime, LogLevel::kInfo, "s", value, {{value, value}});
    ASSERT_EQ(line.find('\n'), std::string::npos);
    const std::string read = Parse(line).fields().at("msg").string_value();
    if (byte < 0x80) {
      EXPECT_EQ(read, value);
    } else {
      EXPECT_EQ(read,
                "a\xEF\xBF\xBD"
                "b");
    }
  }
}

TEST(FormatTextTest, ReadsWellOnATerminal) {
  EXPECT_THAT(FormatText(kTime, LogLevel::kInfo, "job leased",
                         {{"job_id", "job_1"}, {"attempt", 3}, {"wait", absl::Seconds(2)}}),
              EndsWith(" INFO    job leased  job_id=job_1 attempt=3 wait=2s"));
}

TEST(FormatTextTest, StringsWithSpacesAreQuoted) {
  EXPECT_THAT(FormatText(kTime, LogLevel::kInfo, "m", {{"a", "two words"}, {"b", ""}}),
              EndsWith(R"(m  a="two words" b="")"));
}

TEST(FormatTextTest, NothingCanForgeALineOrCommandATerminal) {
  for (const std::string evil : {"x\n12:00:00.000 ERROR forged", "\r", "\x1B[2J", "\x7F",
                                 "\xC2\x9B"
                                 "2J",
                                 "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
    const std::string line = FormatText(kTime, LogLevel::kInfo, evil, {{evil, evil}});
    EXPECT_THAT(line, Not(HasSubstr(evil)));
    for (const char c : line) EXPECT_GE(static_cast<uint8_t>(c), 0x20);
  }
  EXPECT_THAT(FormatText(kTime, LogLevel::kInfo, "a\nb \x1B \xC2\x9B \xE2\x80\xA8", {}),
              EndsWith(R"(a\nb \u001b \u009b \u2028)"));
}

}  // namespace
}  // namespace genwatch

#include "generation_service/ndjson_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/utf8.h"

namespace genwatch {
namespace {

// Everything that an answer said.
struct Heard {
  std::string answer;
  std::string thinking;
  std::vector<std::string> order;
  std::string error;
  AnswerStatistics statistics;

  void operator()(const AnswerEvent& event) {
    if (const auto* text = std::get_if<AnswerText>(&event)) {
      EXPECT_TRUE(IsValidUtf8(text->answer));
      EXPECT_TRUE(IsValidUtf8(text->thinking));
      answer.append(text->answer);
      thinking.append(text->thinking);
      order.push_back("text");
    } else if (const auto* done = std::get_if<AnswerDone>(&event)) {
      statistics = done->statistics;
      order.push_back("done");
    } else if (const auto* failure = std::get_if<AnswerError>(&event)) {
      error = failure->text;
      order.push_back("error");
    } else if (const auto* malformed = std::get_if<AnswerMalformed>(&event)) {
      order.push_back(malformed->kind == AnswerMalformed::Kind::kLineTooLong ? "too long"
                                                                             : "not json");
    }
  }
};

Heard Read(NdjsonParser& parser, const std::vector<std::string>& pieces) {
  Heard heard;
  for (const std::string& piece : pieces) parser.Feed(piece, std::ref(heard));
  parser.Finish(std::ref(heard));
  return heard;
}

Heard Read(const std::string& body) {
  NdjsonParser parser;
  return Read(parser, {body});
}

TEST(NdjsonParserTest, SeedDefect13LineSplitAtABufferBorderLosesNothing) {
  NdjsonParser parser;
  const Heard heard = Read(parser, {R"({"response":"whole)", R"( line","done":fal)", "se}",
                                    "\n{\"response\":\"!\",\"done\":true}\n"});
  EXPECT_EQ(heard.answer, "whole line!");
  EXPECT_EQ(parser.state(), NdjsonParser::State::kDone);
}

TEST(NdjsonParserTest, SeedDefect14ThinkingIsHeardBesidesTheAnswer) {
  const Heard heard = Read(
      "{\"response\":\"\",\"thinking\":\"hm\",\"done\":false}\n"
      "{\"message\":{\"content\":\"yes\",\"thinking\":\" so\"},\"done\":false}\n");
  EXPECT_EQ(heard.thinking, "hm so");
  EXPECT_EQ(heard.answer, "yes");
}

TEST(NdjsonParserTest, SeedDefect15ErrorInTheStreamIsNoSuccess) {
  NdjsonParser parser;
  const Heard heard = Read(parser, {"{\"response\":\"kept\",\"done\":false}\n"
                                    "{\"error\":\"unexpected EOF\"}\n"
                                    "{\"response\":\"\",\"done\":true}\n"});
  EXPECT_EQ(parser.state(), NdjsonParser::State::kFailed);
  EXPECT_EQ(heard.error, "unexpected EOF");
  EXPECT_EQ(heard.answer, "kept");
  EXPECT_THAT(heard.order, testing::ElementsAre("text", "error"));
}

TEST(NdjsonParserTest, SeedDefect15EndWithoutDoneIsNoSuccess) {
  NdjsonParser parser;
  EXPECT_EQ(Read(parser, {"{\"response\":\"cut\",\"done\":false}\n"}).answer, "cut");
  EXPECT_EQ(parser.state(), NdjsonParser::State::kReading);
}

TEST(NdjsonParserTest, TextOfTheFinalObjectComesBeforeDone) {
  const Heard heard = Read(R"({"response":"end","done":true,"done_reason":"stop"})");
  EXPECT_EQ(heard.answer, "end");
  EXPECT_THAT(heard.order, testing::ElementsAre("text", "done"));
}

TEST(NdjsonParserTest, StatisticsAreRead) {
  const AnswerStatistics statistics =
      Read(R"({"done":true,"done_reason":"length","total_duration":5043500667,)"
           R"("load_duration":5025959,"prompt_eval_count":26,"prompt_eval_duration":1.25e8,)"
           R"("eval_count":2.98e2,"eval_duration":9223372036854775807})")
          .statistics;
  EXPECT_EQ(statistics.done_reason, "length");
  EXPECT_EQ(statistics.total, absl::Nanoseconds(5'043'500'667));
  EXPECT_EQ(statistics.load, absl::Nanoseconds(5'025'959));
  EXPECT_EQ(statistics.prompt_eval, absl::Milliseconds(125));
  EXPECT_EQ(statistics.prompt_tokens, 26);
  EXPECT_EQ(statistics.completion_tokens, 298);
  EXPECT_NEAR(absl::ToDoubleHours(statistics.eval), 2'562'047.788, 0.001);
}

TEST(NdjsonParserTest, AbsentStatisticsAreUnknown) {
  const AnswerStatistics statistics = Read("{\"done\":true,\"eval_count\":null}").statistics;
  EXPECT_EQ(statistics.done_reason, "");
  EXPECT_FALSE(statistics.prompt_tokens.has_value());
  EXPECT_FALSE(statistics.completion_tokens.has_value());
  EXPECT_EQ(statistics.eval, absl::ZeroDuration());
}

TEST(NdjsonParserTest, NegativeOrWrongCountsAreUnknown) {
  const AnswerStatistics statistics =
      Read(R"({"done":true,"eval_count":-3,"prompt_eval_count":"7","eval_duration":-1})")
          .statistics;
  EXPECT_FALSE(statistics.prompt_tokens.has_value());
  EXPECT_FALSE(statistics.completion_tokens.has_value());
  EXPECT_EQ(statistics.eval, absl::ZeroDuration());
}

TEST(NdjsonParserTest, ErrorObjectOfAProxyIsRead) {
  EXPECT_EQ(Read(R"({"error":{"message":"no such model","code":404}})").error, "no such model");
  EXPECT_EQ(Read(R"({"error":{"code":404}})").error, R"({"code":404})");
}

TEST(NdjsonParserTest, IntegerOfAnySizeInAnUnknownFieldIsNoFault) {
  const Heard heard = Read(
      R"({"response":"12345678901234567890123","huge":12345678901234567890123456,"done":true})");
  EXPECT_EQ(heard.answer, "12345678901234567890123");
  EXPECT_THAT(heard.order, testing::ElementsAre("text", "done"));
}

TEST(NdjsonParserTest, LineOfAMegabyteIsRead) {
  const std::string text(1'000'000, 'x');
  const std::string body = absl::StrCat("{\"response\":\"", text, "\",\"done\":false}\n",
                                        "{\"response\":\"y\",\"done\":true}\n");
  NdjsonParser parser;
  Heard heard;
  for (size_t i = 0; i < body.size(); i += 16'384) {
    parser.Feed(std::string_view(body).substr(i, 16'384), std::ref(heard));
  }
  EXPECT_EQ(heard.answer, text + "y");
}

TEST(NdjsonParserTest, LineOverTheCapEndsTheAnswer) {
  for (const bool ended : {true, false}) {
    NdjsonParser parser(/*max_line_bytes=*/40);
    const std::string line = absl::StrCat("{\"response\":\"", std::string(40, 'x'), "\"}");
    const Heard heard = Read(parser, {"{\"response\":\"ok\"}\n", line.substr(0, 30),
                                      line.substr(30), ended ? "\n" : ""});
    EXPECT_EQ(heard.answer, "ok");
    EXPECT_THAT(heard.order, testing::ElementsAre("text", "too long"));
    EXPECT_EQ(parser.state(), NdjsonParser::State::kFailed);
  }
}

TEST(NdjsonParserTest, LineOfExactlyTheCapIsRead) {
  const std::string line = R"({"response":"0123456789"})";
  NdjsonParser parser(line.size());
  EXPECT_EQ(Read(parser, {line + "\n"}).answer, "0123456789");
}

TEST(NdjsonParserTest, ReaderTakesLinesAfterAVeryLongOne) {
  const std::string text(300'000, 'z');
  const Heard heard = Read(absl::StrCat("{\"response\":\"", text, "\"}\n{\"response\":\"1\"}\n",
                                        "{\"response\":\"2\"}\n"));
  EXPECT_EQ(heard.answer, text + "12");
}

}  // namespace
}  // namespace genwatch

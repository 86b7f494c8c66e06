// Feeds the parser with the hand-written bodies of tests/ollama_sim/stream_files, cut everywhere.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "common/utf8.h"
#include "generation_service/ndjson_parser.h"

namespace genwatch {
namespace {

namespace fs = std::filesystem;

// What an expected.json says; its README has the meaning of the keys.
struct Verdict {
  std::string text;
  std::string thinking;
  bool done = false;
  std::optional<std::string> done_reason;
  std::optional<std::string> error;
  bool malformed = false;
  std::optional<double> eval_count;
  std::optional<double> prompt_eval_count;

  bool operator==(const Verdict&) const = default;

  friend std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
    return out << "text: " << testing::PrintToString(verdict.text)
               << "\nthinking: " << testing::PrintToString(verdict.thinking)
               << "\ndone: " << verdict.done
               << "\ndone_reason: " << testing::PrintToString(verdict.done_reason)
               << "\nerror: " << testing::PrintToString(verdict.error)
               << "\nmalformed: " << verdict.malformed
               << "\neval_count: " << testing::PrintToString(verdict.eval_count)
               << "\nprompt_eval_count: " << testing::PrintToString(verdict.prompt_eval_count);
  }
};

std::optional<std::string> OptionalString(const simdjson::dom::element& value) {
  if (value.is_null()) return std::nullopt;
  return std::string(value.get_string().value());
}

std::optional<double> OptionalCount(const simdjson::dom::element& value) {
  if (value.is_null()) return std::nullopt;
  return value.get_double().value();
}

Verdict ExpectedVerdict(const fs::path& path) {
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.load(path.string()).value();
  Verdict verdict;
  verdict.text = std::string(root["text"].get_string().value());
  verdict.thinking = std::string(root["thinking"].get_string().value());
  verdict.done = root["done"].get_bool().value();
  verdict.done_reason = OptionalString(root["done_reason"].value());
  verdict.error = OptionalString(root["error"].value());
  verdict.malformed = root["malformed"].get_bool().value();
  verdict.eval_count = OptionalCount(root["eval_count"].value());
  verdict.prompt_eval_count = OptionalCount(root["prompt_eval_count"].value());
  return verdict;
}

Verdict VerdictOf(const std::vector<std::string_view>& pieces) {
  Verdict verdict;
  const auto sink = [&verdict](const AnswerEvent& event) {
    if (const auto* text = std::get_if<AnswerText>(&event)) {
      EXPECT_TRUE(IsValidUtf8(text->answer));
      EXPECT_TRUE(IsValidUtf8(text->thinking));
      verdict.text.append(text->answer);
      verdict.thinking.append(text->thinking);
    } else if (const auto* done = std::get_if<AnswerDone>(&event)) {
      EXPECT_FALSE(verdict.done);
      verdict.done = true;
      if (!done->statistics.done_reason.empty()) verdict.done_reason = done->statistics.done_reason;
      verdict.eval_count = done->statistics.completion_tokens;
      verdict.prompt_eval_count = done->statistics.prompt_tokens;
    } else if (const auto* error = std::get_if<AnswerError>(&event)) {
      verdict.error = error->text;
    } else {
      verdict.malformed = true;
    }
  };
  NdjsonParser parser;
  for (const std::string_view piece : pieces) parser.Feed(piece, sink);
  parser.Finish(sink);
  EXPECT_EQ(parser.state() == NdjsonParser::State::kDone, verdict.done);
  return verdict;
}

std::vector<fs::path> StreamFiles() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(GENWATCH_STREAM_FILES)) {
    if (entry.path().extension() == ".ndjson") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class StreamFileTest : public testing::TestWithParam<fs::path> {
 protected:
  StreamFileTest() {
    std::ifstream in(GetParam(), std::ios::binary);
    body_.assign(std::istreambuf_iterator<char>(in), {});
    expected_ = ExpectedVerdict(fs::path(GetParam()).replace_extension(".expected.json"));
  }

  std::string body_;
  Verdict expected_;
};

TEST_P(StreamFileTest, Whole) { EXPECT_EQ(VerdictOf({body_}), expected_); }

TEST_P(StreamFileTest, ByteByByte) {
  std::vector<std::string_view> pieces;
  for (size_t i = 0; i < body_.size(); ++i) pieces.push_back(std::string_view(body_).substr(i, 1));
  EXPECT_EQ(VerdictOf(pieces), expected_);
}

TEST_P(StreamFileTest, CutInTwoAtEveryPlace) {
  for (size_t cut = 0; cut <= body_.size(); ++cut) {
    const std::string_view body = body_;
    ASSERT_EQ(VerdictOf({body.substr(0, cut), body.substr(cut)}), expected_) << "cut at " << cut;
  }
}

std::string NameOf(const testing::TestParamInfo<fs::path>& info) {
  return info.param.stem().string();
}

INSTANTIATE_TEST_SUITE_P(All, StreamFileTest, testing::ValuesIn(StreamFiles()), NameOf);

TEST(StreamFilesTest, AreThere) { EXPECT_GE(StreamFiles().size(), 30u); }

}  // namespace
}  // namespace genwatch

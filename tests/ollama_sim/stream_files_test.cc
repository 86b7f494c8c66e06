// The stream files are for other programs' parsers; here a simple reader checks that each of them
// says what the expectation beside it claims.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/ollama_sim/test_support.h"

namespace genwatch::ollama_sim {
namespace {

const std::filesystem::path kFolder = OLLAMA_SIM_STREAM_FILES_DIR;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::string OrNull(const std::string& text) { return text.empty() ? "null" : text; }
std::string OrNull(double number) {
  return number < 0 ? "null" : std::to_string(static_cast<int64_t>(number));
}

class StreamFileTest : public testing::TestWithParam<std::string> {};

TEST_P(StreamFileTest, AReaderOfWholeBodiesFindsWhatIsExpected) {
  const BodyFacts facts = ReadBody(ReadFile(kFolder / (GetParam() + ".ndjson")));
  const std::string expected = ReadFile(kFolder / (GetParam() + ".expected.json"));
  EXPECT_EQ(facts.text, Member(expected, "text"));
  EXPECT_EQ(facts.thinking, Member(expected, "thinking"));
  EXPECT_EQ(facts.done ? "true" : "false", Member(expected, "done"));
  EXPECT_EQ(facts.malformed ? "true" : "false", Member(expected, "malformed"));
  EXPECT_EQ(OrNull(facts.done_reason), Member(expected, "done_reason"));
  EXPECT_EQ(OrNull(facts.error), Member(expected, "error"));
  EXPECT_EQ(OrNull(facts.eval_count), Member(expected, "eval_count"));
  EXPECT_EQ(OrNull(facts.prompt_eval_count), Member(expected, "prompt_eval_count"));
}

std::vector<std::string> StreamNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".ndjson") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, StreamFileTest, testing::ValuesIn(StreamNames()),
                         [](const testing::TestParamInfo<std::string>& test) {
                           return test.param;
                         });

}  // namespace
}  // namespace genwatch::ollama_sim

// Compares what is sent over a real socket with the files in golden/, see the README there.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/ollama_sim/test_support.h"

namespace genwatch::ollama_sim {
namespace {

const std::filesystem::path kFolder = OLLAMA_SIM_GOLDEN_DIR;

struct Golden {
  std::string request;
  std::string pattern;  // a regular expression for the whole response
};

std::string PatternOf(std::string_view text) {
  static const std::vector<std::pair<std::string_view, std::string_view>> masks = {
      {"<DATE>", "[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"},
      {"<TIME>", "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{0,8}[1-9])?Z"},
      {"<NS>", "[1-9][0-9]*"},
      {"<INTS>", "[0-9]+(?:,[0-9]+)*"},
      {"<SIZE>", "[1-9a-f][0-9a-f]*"},
      {"<WORD>", "[^\"]+"},
  };
  std::string out;
  while (!text.empty()) {
    bool masked = false;
    for (const auto& [mask, pattern] : masks) {
      if (!text.starts_with(mask)) continue;
      out += pattern;
      text.remove_prefix(mask.size());
      masked = true;
    }
    if (masked) continue;
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\' && (text.starts_with('r') || text.starts_with('n'))) {
      out += text.front() == 'r' ? '\r' : '\n';
      text.remove_prefix(1);
      continue;
    }
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string RequestOf(const std::string& line) {
  std::istringstream words(line);
  std::string mark, method, path, body;
  words >> mark >> method >> path;
  std::getline(words >> std::ws, body);
  return method + " " + path +
         " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

Golden ReadGolden(const std::filesystem::path& path) {
  Golden golden;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    if (line.starts_with("> ")) {
      golden.request = RequestOf(line);
    } else {
      golden.pattern += PatternOf(line);
    }
  }
  return golden;
}

class GoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, TheBytesAreAsTheFileSays) {
  const Golden golden = ReadGolden(kFolder / (GetParam() + ".txt"));
  ASSERT_FALSE(golden.request.empty());
  const TestServer server;
  TestConnection connection(server.port());
  connection.Send(golden.request);
  const std::string bytes = connection.ReadToEnd();
  EXPECT_TRUE(std::regex_match(bytes, std::regex(golden.pattern))) << "got:\n" << bytes;
  // A regular expression can't check <SIZE>; decoding by it does.
  const TestResponse response = DecodeResponse(bytes);
  EXPECT_TRUE(response.complete || golden.request.starts_with("HEAD")) << bytes;
}

std::vector<std::string> GoldenNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenTest, testing::ValuesIn(GoldenNames()),
                         [](const testing::TestParamInfo<std::string>& test) {
                           return test.param;
                         });

}  // namespace
}  // namespace genwatch::ollama_sim

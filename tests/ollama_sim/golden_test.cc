// Compares what is sent over a real socket with the files in golden/; see the README there.
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/ollama_sim/test_support.h"

namespace genwatch::ollama_sim {
namespace {

const std::filesystem::path kFolder = OLLAMA_SIM_GOLDEN_DIR;

struct Golden {
  std::string request;
  std::string expected;  // the whole response, with masks
};

// A mask stands for the longest run of its characters, which must then have its form ('9' a digit,
// 'A' a letter, others themselves; empty: any).
struct Mask {
  std::string_view name;
  std::string_view characters;
  std::string_view form;
};

constexpr std::string_view kDigits = "0123456789";
constexpr Mask kMasks[] = {
    {"<DATE>", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz:, ",
     "AAA, 99 AAA 9999 99:99:99 GMT"},
    {"<TIME>", "0123456789T:.-Z", ""},
    {"<NS>", kDigits, ""},
    {"<INTS>", "0123456789,", ""},
    {"<SIZE>", "0123456789abcdef", ""},
    {"<WORD>", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz, ", ""},
};

bool HasForm(std::string_view text, std::string_view form) {
  if (text.size() != form.size()) return false;
  for (size_t i = 0; i < form.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool fits = form[i] == '9'   ? std::isdigit(c)
                      : form[i] == 'A' ? std::isalpha(c)
                                       : text[i] == form[i];
    if (!fits) return false;
  }
  return true;
}

// RFC 3339 in UTC, with a fraction of up to 9 digits that doesn't end in 0, or none.
bool IsTime(std::string_view text) {
  constexpr std::string_view kSeconds = "9999-99-99T99:99:99";
  if (text.size() <= kSeconds.size() || text.back() != 'Z') return false;
  if (!HasForm(text.substr(0, kSeconds.size()), kSeconds)) return false;
  const std::string_view fraction = text.substr(kSeconds.size(), text.size() - kSeconds.size() - 1);
  if (fraction.empty()) return true;
  const std::string_view digits = fraction.substr(1);
  return fraction[0] == '.' && !digits.empty() && digits.size() <= 9 && digits.back() != '0' &&
         digits.find_first_not_of(kDigits) == std::string_view::npos;
}

bool Fits(const Mask& mask, std::string_view text) {
  if (text.empty()) return false;
  if (mask.name == "<TIME>") return IsTime(text);
  if (mask.name == "<NS>") return text.front() != '0';
  return mask.form.empty() || HasForm(text, mask.form);
}

const Mask* MaskAt(std::string_view expected) {
  for (const Mask& mask : kMasks) {
    if (expected.starts_with(mask.name)) return &mask;
  }
  return nullptr;
}

// Nothing if `bytes` are what `expected` says, else the first difference in words.
std::string Difference(std::string_view expected, std::string_view bytes) {
  const size_t all = bytes.size();
  const auto place = [&] {
    return " at byte " + std::to_string(all - bytes.size()) +
           ", before: " + std::string(bytes.substr(0, 60));
  };
  while (!expected.empty()) {
    if (const Mask* const mask = MaskAt(expected)) {
      const size_t length = std::min(bytes.find_first_not_of(mask->characters), bytes.size());
      if (!Fits(*mask, bytes.substr(0, length))) return "no " + std::string(mask->name) + place();
      expected.remove_prefix(mask->name.size());
      bytes.remove_prefix(length);
    } else if (bytes.empty() || bytes.front() != expected.front()) {
      return "no '" + std::string(expected.substr(0, 30)) + "'" + place();
    } else {
      expected.remove_prefix(1);
      bytes.remove_prefix(1);
    }
  }
  return bytes.empty() ? "" : "more than expected" + place();
}

// The bytes that a line of the file stands for, masks as they are.
std::string Unescaped(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    const char next = i + 1 < line.size() ? line[i + 1] : ' ';
    if (line[i] == '\\' && (next == 'r' || next == 'n')) {
      out += next == 'r' ? '\r' : '\n';
      ++i;
    } else {
      out += line[i];
    }
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
      golden.expected += Unescaped(line);
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
  EXPECT_EQ(Difference(golden.expected, bytes), "");
  // A mask can't check <SIZE>; decoding by it does.
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

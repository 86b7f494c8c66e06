#include "generation_service/header_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/string_view.h"

namespace genwatch {
namespace {

// Of a token, besides letters and digits: RFC 9110.
constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";

bool IsToken(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool IsText(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '\t';
  });
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseHeaders(std::string_view text) {
  std::vector<std::string> headers;
  int number = 0;
  for (const absl::string_view raw : absl::StrSplit(ToAbsl(text), '\n')) {
    ++number;
    const std::string_view line = ToStd(absl::StripAsciiWhitespace(raw));
    if (line.empty() || line.front() == '#') continue;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon)) ||
        !IsText(line.substr(colon + 1))) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, " is no HTTP header (Name: value)"));
    }
    headers.emplace_back(line);
  }
  return headers;
}

absl::StatusOr<std::vector<std::string>> ReadHeaderFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  absl::StatusOr<std::vector<std::string>> headers = ParseHeaders(text);
  if (headers.ok()) return headers;
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": ", ToAbsl(ToStd(headers.status().message()))));
}

}  // namespace genwatch

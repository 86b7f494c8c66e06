#include "generation_service/model_patterns.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "common/string_view.h"

namespace genwatch {
namespace {

// As a shell does it, `*` only: linear in the length of the text for one star, and there are few.
bool Fits(std::string_view pattern, std::string_view text) {
  size_t at = 0;
  size_t from = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (at < text.size()) {
    if (from < pattern.size() && pattern[from] == '*') {
      star = from++;
      resume = at;
    } else if (from < pattern.size() && pattern[from] == text[at]) {
      ++from;
      ++at;
    } else if (star != std::string_view::npos) {
      from = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (from < pattern.size() && pattern[from] == '*') ++from;
  return from == pattern.size();
}

}  // namespace

const char kContinuingModels[] =
    "qwen3-vl*,qwen3.5*,qwen3-coder*,lfm2*,laguna*,command-a*,command-r*,olmo-3*,gemma4*,"
    "deepseek-v3*,cogito*,ministral-3*,nemotron*,sim-*";

ModelPatterns::ModelPatterns(std::string_view list) {
  for (absl::string_view part : absl::StrSplit(ToAbsl(list), ',')) {
    std::string pattern = absl::AsciiStrToLower(absl::StripAsciiWhitespace(part));
    if (!pattern.empty()) patterns_.push_back(std::move(pattern));
  }
}

bool ModelPatterns::Match(std::string_view model) const {
  const std::string whole = absl::AsciiStrToLower(ToAbsl(model));
  std::string_view name = whole;
  if (const size_t slash = name.rfind('/'); slash != std::string_view::npos) {
    name.remove_prefix(slash + 1);
  }
  const std::string_view family = name.substr(0, name.find(':'));
  for (const std::string& pattern : patterns_) {
    const bool tagged = pattern.find(':') != std::string::npos;
    if (Fits(pattern, tagged ? name : family)) return true;
  }
  return false;
}

}  // namespace genwatch

#include "job_service/page_token.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/status.h"
#include "job_service/stable_hash.h"

namespace genwatch {
namespace {

std::string HashOf(const JobFilter& filter) {
  std::string text = absl::StrCat(filter.owner_id, "\n", filter.model);
  for (JobState state : filter.states) absl::StrAppend(&text, "\n", static_cast<int>(state));
  for (const auto& [key, value] : filter.labels) absl::StrAppend(&text, "\n", key, "=", value);
  for (const std::string& key : filter.label_keys) absl::StrAppend(&text, "\n", key);
  return StableHash(text).substr(0, 8);
}

}  // namespace

std::string MakePageToken(const JobFilter& filter, uint64_t before) {
  return absl::WebSafeBase64Escape(absl::StrCat("1.", HashOf(filter), ".", before));
}

absl::StatusOr<uint64_t> ReadPageToken(const JobFilter& filter, const std::string& token) {
  if (token.empty()) return 0;
  std::string text;
  uint64_t before = 0;
  if (absl::WebSafeBase64Unescape(token, &text)) {
    const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
    if (parts.size() == 3 && parts[0] == "1" && parts[1] == HashOf(filter) &&
        absl::SimpleAtoi(parts[2], &before) && before > 0) {
      return before;
    }
  }
  return WithFieldViolation(
      Error(absl::StatusCode::kInvalidArgument, "BAD_PAGE_TOKEN",
            "page_token is not from the last answer to the same list; begin without one"),
      "page_token", "is not from the last answer to the same list");
}

}  // namespace genwatch

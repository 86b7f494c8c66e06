#include "common/problems.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status.h"

namespace genwatch {

void Problems::Add(std::string_view field, std::string_view text) {
  problems_.emplace_back(field, text);
}

absl::Status Problems::ToStatus(std::string_view reason) const {
  if (problems_.empty()) return absl::OkStatus();
  absl::Status status = Error(absl::StatusCode::kInvalidArgument, reason,
                              absl::StrJoin(problems_, "; ", absl::PairFormatter(": ")));
  for (const auto& [field, text] : problems_) {
    status = WithFieldViolation(std::move(status), field, text);
  }
  return status;
}

}  // namespace genwatch

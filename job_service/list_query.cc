#include "job_service/list_query.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/string_view.h"
#include "job_service/job_state.h"
#include "job_service/labels_json.h"
#include "job_service/queries.h"

namespace genwatch {
namespace {

bool WantsKind(const JobFilter& filter) {
  return std::any_of(filter.labels.begin(), filter.labels.end(),
                     [](const auto& label) { return label.first == kKindLabel; }) ||
         std::find(filter.label_keys.begin(), filter.label_keys.end(), kKindLabel) !=
             filter.label_keys.end();
}

std::string_view IndexOf(const JobFilter& filter) {
  if (filter.owner_id.empty()) return "";
  if (!filter.states.empty() &&
      std::none_of(filter.states.begin(), filter.states.end(), IsTerminal)) {
    return " FORCE INDEX (k_owner_status)";
  }
  return WantsKind(filter) ? " FORCE INDEX (k_owner_kind)" : " FORCE INDEX (k_owner)";
}

}  // namespace

ListQuery::ListQuery(const JobFilter& filter, uint64_t before, size_t limit) {
  std::string conditions = "TRUE";
  if (!filter.owner_id.empty()) {
    absl::StrAppend(&conditions, " AND l.owner_id = ?");
    params_.emplace_back(filter.owner_id);
  }
  if (WantsKind(filter)) absl::StrAppend(&conditions, " AND l.has_kind = TRUE");
  if (before > 0) {
    absl::StrAppend(&conditions, " AND l.id < ?");
    params_.emplace_back(before);
  }
  if (!filter.states.empty()) {
    absl::StrAppend(&conditions, " AND l.status IN (?");
    for (size_t i = 1; i < filter.states.size(); ++i) absl::StrAppend(&conditions, ", ?");
    absl::StrAppend(&conditions, ")");
    for (const JobState state : filter.states) params_.emplace_back(StatusWord(state));
  }
  if (!filter.model.empty()) {
    absl::StrAppend(&conditions, " AND l.model = ?");
    params_.emplace_back(filter.model);
  }
  if (!filter.labels.empty()) {
    absl::StrAppend(&conditions, " AND JSON_CONTAINS(l.labels, ?)");
    params_.emplace_back(texts_.emplace_back(LabelsJson(filter.labels)));
  }
  for (const std::string& key : filter.label_keys) {
    absl::StrAppend(&conditions, " AND JSON_CONTAINS_PATH(l.labels, 'one', ?)");
    params_.emplace_back(texts_.emplace_back(absl::StrCat("$.\"", key, "\"")));
  }
  params_.emplace_back(uint64_t{limit});
  sql_ = absl::StrReplaceAll(queries::kListJobs,
                             {{"{index}", ToAbsl(IndexOf(filter))}, {"{conditions}", conditions}});
}

}  // namespace genwatch

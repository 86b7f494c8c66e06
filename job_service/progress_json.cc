#include "job_service/progress_json.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "job_service/job_change.h"
#include "job_service/job_rows.h"

namespace genwatch {

std::string ProgressJson(absl::Span<const v1::ProgressRecord> records) {
  std::vector<const v1::ProgressRecord*> sorted;
  for (const v1::ProgressRecord& record : records) {
    if (MayBeJobId(record.job_id())) sorted.push_back(&record);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return a->job_id() < b->job_id(); });
  std::string json = "[";
  for (const v1::ProgressRecord* const record : sorted) {
    // The same rules as for a record in memory.
    JobRecord running;
    ApplyProgress(record->numbers(), absl::UnixEpoch(), running);
    const v1::JobNumbers& numbers = running.numbers;
    absl::StrAppend(&json, json.size() > 1 ? "," : "", "{\"job_id\":\"", record->job_id(),
                    "\",\"version\":", record->version(), ",\"sequence\":", record->sequence(),
                    ",\"percent\":", absl::StrFormat("%.2f", numbers.percent()),
                    ",\"current_tokens\":", numbers.current_tokens(),
                    ",\"estimated\":", numbers.tokens_estimated() ? 1 : 0,
                    ",\"tokens_per_second\":", absl::StrFormat("%.2f", numbers.tokens_per_second()),
                    ",\"chars_per_second\":", absl::StrFormat("%.2f", numbers.chars_per_second()),
                    ",\"elapsed\":", numbers.elapsed_ms());
    const auto add = [&json](const char* key, bool has, uint32_t value) {
      if (has) absl::StrAppend(&json, ",\"", key, "\":", value);
    };
    add("remaining", numbers.has_remaining_ms(), numbers.remaining_ms());
    add("remaining_low", numbers.has_remaining_low_ms(), numbers.remaining_low_ms());
    add("remaining_high", numbers.has_remaining_high_ms(), numbers.remaining_high_ms());
    add("prompt_tokens", numbers.has_prompt_tokens(), numbers.prompt_tokens());
    add("completion_tokens", numbers.has_completion_tokens(), numbers.completion_tokens());
    add("total_tokens", numbers.has_total_tokens(), numbers.total_tokens());
    add("first_token", numbers.has_first_token_ms(), numbers.first_token_ms());
    json += "}";
  }
  json += "]";
  return json;
}

}  // namespace genwatch

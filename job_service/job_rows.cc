#include "job_service/job_rows.h"

#include <algorithm>
#include <array>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status.h"
#include "job_service/job_change.h"
#include "job_service/job_state.h"
#include "job_service/mariadb/error.h"
#include "job_service/queries.h"

namespace genwatch {
namespace {

constexpr size_t kMostIdBytes = 64;

// "version:answer:thinking:had text:once more,...", as the query concatenates them.
void ParseAttempts(const std::string& text, JobRecord& job) {
  for (const auto entry : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(entry, ':');
    std::array<uint32_t, 5> values = {};
    bool numbers = parts.size() == values.size();
    for (size_t i = 0; numbers && i < values.size(); ++i) {
      numbers = absl::SimpleAtoi(parts[i], &values[i]);
    }
    if (!numbers) continue;
    v1::LeaseBase& base = job.bases.emplace_back();
    base.set_version(values[0]);
    base.set_answer(values[1]);
    base.set_thinking(values[2]);
    job.resume_mode = ResumeModeOf(values[3] != 0, base);
    job.once_more += values[4];
  }
}

v1::JobNumbers ReadNumbers(mariadb::RowReader& reader) {
  v1::JobNumbers numbers;
  const auto set = [&numbers, &reader](void (v1::JobNumbers::*setter)(uint32_t)) {
    if (const auto value = reader.OptionalUint32()) (numbers.*setter)(*value);
  };
  numbers.set_percent(reader.Double());
  numbers.set_current_tokens(reader.Uint32());
  numbers.set_tokens_estimated(reader.Bool());
  numbers.set_tokens_per_second(reader.Double());
  numbers.set_chars_per_second(reader.Double());
  numbers.set_elapsed_ms(reader.Uint32());
  set(&v1::JobNumbers::set_remaining_ms);
  set(&v1::JobNumbers::set_remaining_low_ms);
  set(&v1::JobNumbers::set_remaining_high_ms);
  set(&v1::JobNumbers::set_prompt_tokens);
  set(&v1::JobNumbers::set_completion_tokens);
  set(&v1::JobNumbers::set_total_tokens);
  set(&v1::JobNumbers::set_first_token_ms);
  numbers.set_answer_bytes(reader.Uint32());
  numbers.set_thinking_bytes(reader.Uint32());
  numbers.set_done_reason(reader.Text());
  return numbers;
}

}  // namespace

JobRecord ReadJob(const mariadb::Row& row, absl::Time* now) {
  mariadb::RowReader reader(row);
  JobRecord job;
  job.row_id = reader.Uint64();
  job.job_id = reader.Text();
  job.owner_id = reader.Text();
  job.request_id = reader.Text();
  job.state = StateFromWord(reader.Text());
  job.version = reader.Uint32();
  job.reason = reader.Text();
  job.error_message = reader.Text();
  const std::string& model = reader.Text();
  const std::string& prompt = reader.Text();
  // Written by us; if it were damaged, what follows still is the job's.
  job.spec.ParseFromString(reader.Text());
  job.spec.set_model(model);
  job.spec.set_prompt(prompt);
  job.spec.set_priority(static_cast<v1::Priority>(reader.Uint32()));
  job.spec.set_job_class(reader.Text());
  job.spec.set_think(static_cast<v1::Thinking>(reader.Uint32()));
  job.created_at = reader.Time();
  job.started_at = reader.OptionalTime();
  job.completed_at = reader.OptionalTime();
  job.not_before = reader.OptionalTime();
  job.waiting_deadline = reader.OptionalTime();
  job.attempt = reader.Uint32();
  job.failures = reader.Uint32();
  job.max_failures = reader.Uint32();
  job.losses = reader.Uint32();
  job.losses_alone = reader.Uint32();
  job.retry_of = reader.Text();
  job.retried_as = reader.Text();
  job.numbers = ReadNumbers(reader);
  job.progress_sequence = reader.Uint32();
  job.last_update_at = reader.OptionalTime();
  job.instance = reader.Text();
  job.worker_address = reader.Text();
  job.server_url = reader.Text();
  job.alone = reader.Bool();
  job.score = reader.OptionalDouble();
  job.state_since = reader.Time();
  ParseAttempts(reader.Text(), job);
  const absl::Time read_at = reader.Time();
  if (now != nullptr) *now = read_at;
  return job;
}

bool MayBeJobId(std::string_view text) {
  return !text.empty() && text.size() <= kMostIdBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '_' || c == '-';
         });
}

bool IsLedgerWord(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

IdQuery WithIds(std::string_view sql, absl::Span<const std::string> job_ids) {
  constexpr std::string_view kMark = "{ids}";
  IdQuery query;
  for (const std::string& job_id : job_ids) {
    if (MayBeJobId(job_id)) query.params.emplace_back(job_id);
  }
  if (query.params.empty()) return query;
  size_t width = 1;
  while (width < query.params.size()) width *= 2;
  query.params.resize(width, query.params.back());
  std::string list = "?";
  for (size_t i = 1; i < width; ++i) list += ",?";
  const size_t mark = sql.find(kMark);
  query.sql =
      std::string(sql.substr(0, mark)) + list + std::string(sql.substr(mark + kMark.size()));
  return query;
}

absl::StatusOr<LockedJobs> LockJobs(mariadb::Connection& connection,
                                    absl::Span<const std::string> job_ids) {
  LockedJobs locked;
  const IdQuery query = WithIds(queries::kLockJobs, job_ids);
  if (query.params.empty()) return locked;
  const auto rows = connection.Query(query.sql, query.params);
  if (!rows.ok()) return rows.status();
  for (const mariadb::Row& row : *rows) {
    JobRecord job = ReadJob(row, &locked.now);
    if (job.bases.size() != job.attempt) {
      // The lock was waited for, and what the subqueries saw is from before.
      return Error(absl::StatusCode::kAborted, mariadb::kConflict,
                   "a lease came in between; read again");
    }
    locked.jobs.emplace(job.job_id, std::move(job));
  }
  return locked;
}

}  // namespace genwatch

#include "job_service/row_writes.h"

#include <utility>

#include "common/status.h"
#include "job_service/job_state.h"
#include "job_service/queries.h"

namespace genwatch {
namespace {

using mariadb::Bytes;
using mariadb::Param;

#define GENWATCH_OPTIONAL(NUMBERS, FIELD) \
  ((NUMBERS).has_##FIELD() ? Param((NUMBERS).FIELD()) : Param(std::nullopt))

}  // namespace

Param RowWrites::OwnOrNull(const std::string& text) {
  return text.empty() ? Param(std::nullopt) : Param(Own(text));
}

void RowWrites::StoreChange(const JobRecord& before, const JobRecord& after, absl::Time now,
                            const std::optional<LeaseColumns>& lease) {
  const v1::JobNumbers& numbers = after.numbers;
  changes_.push_back({
      StatusWord(after.state),
      after.version,
      Own(after.reason),
      OwnOrNull(after.error_message),
      after.attempt,
      after.failures,
      after.losses,
      after.losses_alone,
      numbers.percent(),
      numbers.current_tokens(),
      numbers.tokens_estimated(),
      numbers.tokens_per_second(),
      numbers.chars_per_second(),
      numbers.elapsed_ms(),
      GENWATCH_OPTIONAL(numbers, remaining_ms),
      GENWATCH_OPTIONAL(numbers, remaining_low_ms),
      GENWATCH_OPTIONAL(numbers, remaining_high_ms),
      GENWATCH_OPTIONAL(numbers, prompt_tokens),
      GENWATCH_OPTIONAL(numbers, completion_tokens),
      GENWATCH_OPTIONAL(numbers, total_tokens),
      GENWATCH_OPTIONAL(numbers, first_token_ms),
      numbers.answer_bytes(),
      numbers.thinking_bytes(),
      Own(numbers.done_reason()),
      after.progress_sequence,
      after.last_update_at,
      after.started_at,
      after.completed_at,
      now,
      after.not_before,
      after.waiting_deadline,
      OwnOrNull(after.instance),
      OwnOrNull(after.worker_address),
      OwnOrNull(after.server_url),
      lease ? Param(lease->server_model_id) : Param(std::nullopt),
      lease ? Param(lease->heartbeat_number) : Param(std::nullopt),
      after.alone,
      after.score,
      after.row_id,
      before.version,
      StatusWord(before.state),
  });
  if (IsWaitingSuspect(before) == IsWaitingSuspect(after)) return;
  (IsWaitingSuspect(after) ? new_suspects_ : old_suspects_).push_back({after.row_id});
}

#undef GENWATCH_OPTIONAL

void RowWrites::OpenAttempt(const JobRecord& job, bool had_text, absl::Time now) {
  const v1::LeaseBase& base = job.bases.back();
  opened_.push_back({job.row_id, job.attempt, job.version, Own(job.spec.model()), Own(job.instance),
                     Own(job.worker_address), Own(job.server_url), job.alone, base.answer(),
                     base.thinking(), had_text, now});
}

void RowWrites::CloseAttempt(const JobRecord& job, std::string_view outcome,
                             const v1::AttemptFacts& facts, absl::Time now) {
  closed_.push_back({now, outcome, Own(job.reason), OwnOrNull(job.error_message),
                     Bytes{Own(job.numbers.SerializeAsString())},
                     Bytes{Own(facts.SerializeAsString())}, job.row_id, job.attempt});
}

void RowWrites::InsertTexts(uint64_t row_id, uint32_t attempt, const std::vector<NewText>& pieces) {
  for (const NewText& piece : pieces) {
    texts_.push_back(
        {row_id, attempt, static_cast<uint32_t>(piece.channel), piece.offset, Bytes{piece.text}});
  }
}

void RowWrites::InsertLesson(const LengthLesson& lesson) {
  lessons_.push_back({Own(lesson.model), Own(lesson.job_class), static_cast<uint32_t>(lesson.think),
                      lesson.tokens, lesson.censored, lesson.chunks, lesson.eval_ms,
                      lesson.first_token_ms, lesson.load_ms, lesson.prompt_bytes,
                      lesson.prompt_tokens, lesson.prompt_eval_ms});
}

absl::Status RowWrites::Flush(mariadb::Connection& connection) {
  const auto changed = connection.ExecuteMany(queries::kStoreChange, changes_);
  if (!changed.ok()) return changed.status();
  if (*changed != changes_.size()) {
    return Error(absl::StatusCode::kAborted, "VERSION_CHANGED", "a job has changed meanwhile");
  }
  const std::pair<std::string_view, const Rows*> others[] = {
      {queries::kAddSuspect, &new_suspects_}, {queries::kDropSuspect, &old_suspects_},
      {queries::kInsertAttempt, &opened_},    {queries::kInsertText, &texts_},
      {queries::kCloseAttempt, &closed_},     {queries::kInsertLesson, &lessons_}};
  for (const auto& [sql, rows] : others) {
    if (auto written = connection.ExecuteMany(sql, *rows); !written.ok()) return written.status();
  }
  for (Rows* rows :
       {&changes_, &new_suspects_, &old_suspects_, &opened_, &texts_, &closed_, &lessons_}) {
    rows->clear();
  }
  owned_.clear();
  return absl::OkStatus();
}

}  // namespace genwatch

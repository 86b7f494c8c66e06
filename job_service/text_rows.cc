#include "job_service/text_rows.h"

#include "absl/status/statusor.h"
#include "job_service/job_change.h"
#include "job_service/kept_text.h"
#include "job_service/queries.h"

namespace genwatch {
namespace {

// Where the character begins that the byte at `offset` of a kept text is of.
absl::StatusOr<uint32_t> CharacterBegin(mariadb::Connection& connection, uint64_t row_id,
                                        v1::Channel channel, uint32_t offset) {
  if (offset == 0) return 0;
  const auto rows = connection.Query(queries::kTextAround,
                                     {row_id, static_cast<uint32_t>(channel), offset, offset});
  if (!rows.ok()) return rows.status();
  // Between two pieces: they are cut at character borders.
  if (rows->empty()) return offset;
  mariadb::RowReader reader(rows->front());
  const uint32_t start = reader.Uint32();
  return start + CharacterBeginIn(reader.Text(), offset - start);
}

absl::Status DropTextsFrom(mariadb::Connection& connection, uint64_t row_id, v1::Channel channel,
                           uint32_t offset) {
  return connection
      .Execute(queries::kDropTextsFrom, {row_id, static_cast<uint32_t>(channel), offset})
      .status();
}

}  // namespace

absl::Status DropTexts(mariadb::Connection& connection, uint64_t row_id) {
  return connection.Execute(queries::kDropTexts, {row_id}).status();
}

absl::Status LowerBase(mariadb::Connection& connection, uint64_t row_id, uint32_t attempt,
                       const v1::LeaseBase& asked, TextLength& kept) {
  const auto rows = connection.Query(queries::kBaseOf, {row_id, attempt});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return absl::InternalError("the row of an attempt vanished");
  mariadb::RowReader reader(rows->front());
  JobRecord job;
  v1::LeaseBase& base = job.bases.emplace_back();
  base.set_answer(reader.Uint32());
  base.set_thinking(reader.Uint32());
  job.numbers.set_answer_bytes(kept.answer);
  job.numbers.set_thinking_bytes(kept.thinking);
  const v1::LeaseBase before = base;

  v1::LeaseBase at_borders = asked;
  if (asked.answer() < before.answer()) {
    const auto begin = CharacterBegin(connection, row_id, v1::CHANNEL_ANSWER, asked.answer());
    if (!begin.ok()) return begin.status();
    at_borders.set_answer(*begin);
  }
  if (asked.thinking() < before.thinking()) {
    const auto begin = CharacterBegin(connection, row_id, v1::CHANNEL_THINKING, asked.thinking());
    if (!begin.ok()) return begin.status();
    at_borders.set_thinking(*begin);
  }
  if (!ApplyLowerBase(at_borders, job)) return absl::OkStatus();

  absl::Status status;
  if (base.answer() < before.answer()) {
    status = DropTextsFrom(connection, row_id, v1::CHANNEL_ANSWER, base.answer());
  }
  if (status.ok() && base.thinking() < before.thinking()) {
    status = DropTextsFrom(connection, row_id, v1::CHANNEL_THINKING, base.thinking());
  }
  if (!status.ok()) return status;
  kept = {.answer = job.numbers.answer_bytes(), .thinking = job.numbers.thinking_bytes()};
  return connection.Execute(queries::kStoreBase, {base.answer(), base.thinking(), row_id, attempt})
      .status();
}

}  // namespace genwatch

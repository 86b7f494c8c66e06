#include "job_service/job_change.h"

#include <algorithm>
#include <cmath>

#include "common/utf8.h"
#include "job_service/serving_order.h"

namespace genwatch {
namespace {

constexpr size_t kMostReasonBytes = 64;
constexpr size_t kMostMessageBytes = 4096;
// Of DECIMAL(10,2): no rate comes near.
constexpr double kMostRate = 99'999'999.0;
// 100 is shown only once the result is stored.
constexpr double kMostRunningPercent = 99.0;

double TwoDecimals(double value, double most) {
  if (!std::isfinite(value)) return 0;
  return std::round(std::clamp(value, 0.0, most) * 100.0) / 100.0;
}

void EndLease(JobRecord& job) {
  job.instance.clear();
  job.worker_address.clear();
  job.server_url.clear();
  job.alone = false;
  job.progress_sequence = 0;
  job.numbers.clear_remaining_ms();
  job.numbers.clear_remaining_low_ms();
  job.numbers.clear_remaining_high_ms();
}

}  // namespace

void ApplyLease(const LeaseTerms& terms, absl::Time now, JobRecord& job) {
  ++job.version;
  ++job.attempt;
  job.state = v1::Job::STATE_PROCESSING;
  job.state_since = now;
  job.reason.clear();
  job.error_message.clear();
  if (!job.started_at.has_value()) job.started_at = now;
  job.not_before.reset();
  job.waiting_deadline.reset();
  job.instance = terms.worker.instance();
  job.worker_address = terms.worker.address();
  job.server_url = terms.worker.server_url();
  job.alone = terms.alone;
  job.score = terms.score;
  job.progress_sequence = 0;
  const v1::JobNumbers before = job.numbers;
  job.numbers.Clear();
  job.numbers.set_elapsed_ms(before.elapsed_ms());
  v1::LeaseBase base;
  base.set_version(job.version);
  if (terms.continues && job.spec.resume_policy() != v1::RESUME_POLICY_RESTART) {
    base.set_answer(before.answer_bytes());
    base.set_thinking(before.thinking_bytes());
  }
  job.numbers.set_answer_bytes(base.answer());
  job.numbers.set_thinking_bytes(base.thinking());
  job.resume_mode = ResumeModeOf(HasText(before), base);
  job.bases.push_back(base);
}

bool ApplyLowerBase(const v1::LeaseBase& base, JobRecord& job) {
  if (job.bases.empty()) return false;
  v1::LeaseBase& current = job.bases.back();
  const bool lower_answer = base.answer() < current.answer();
  const bool lower_thinking = base.thinking() < current.thinking();
  if (lower_answer) {
    current.set_answer(base.answer());
    job.numbers.set_answer_bytes(base.answer());
  }
  if (lower_thinking) {
    current.set_thinking(base.thinking());
    job.numbers.set_thinking_bytes(base.thinking());
  }
  job.resume_mode = ResumeModeOf(job.resume_mode != v1::RESUME_MODE_UNSPECIFIED, current);
  return lower_answer || lower_thinking;
}

v1::ResumeMode ResumeModeOf(bool had_text, const v1::LeaseBase& base) {
  if (!had_text) return v1::RESUME_MODE_UNSPECIFIED;
  return base.answer() > 0 || base.thinking() > 0 ? v1::RESUME_MODE_CONTINUED
                                                  : v1::RESUME_MODE_RESTARTED;
}

void ApplyChange(const Change& change, absl::Time now, JobRecord& job) {
  ++job.version;
  if (job.state == v1::Job::STATE_PROCESSING) EndLease(job);
  job.state = change.to;
  job.state_since = now;
  if (change.failure) ++job.failures;
  job.reason = StorableReason(change.reason);
  job.error_message = StorableMessage(change.error_message);
  job.not_before.reset();
  switch (change.to) {
    case v1::Job::STATE_QUEUED:
      // To the microsecond, as the ledger's columns hold it.
      if (change.delay.has_value()) {
        job.not_before = now + absl::Floor(*change.delay, absl::Microseconds(1));
      }
      job.numbers.set_percent(0);
      job.numbers.set_tokens_per_second(0);
      job.numbers.set_chars_per_second(0);
      break;
    case v1::Job::STATE_PAUSED:
      // It comes back as a new arrival.
      job.score.reset();
      break;
    case v1::Job::STATE_COMPLETED:
      job.numbers.set_percent(100);
      job.numbers.set_remaining_ms(0);
      [[fallthrough]];
    default:
      job.completed_at = now;
      job.waiting_deadline.reset();
      break;
  }
}

void ApplyLoss(const Change& change, bool stored_new_text, absl::Time now, JobRecord& job) {
  ++job.losses;
  if (job.alone && !stored_new_text) ++job.losses_alone;
  ApplyChange(change, now, job);
}

void ApplyLossTakenBack(JobRecord& job) {
  --job.failures;
  --job.losses_alone;
}

void ApplyPriority(v1::Priority priority, JobRecord& job) {
  if (job.score.has_value()) {
    *job.score += PriorityBonus(job.spec.priority()) - PriorityBonus(priority);
  }
  job.spec.set_priority(priority);
}

void ApplyProgress(const v1::JobNumbers& reported, absl::Time now, JobRecord& job) {
  v1::JobNumbers numbers = reported;
  numbers.set_percent(std::min(numbers.percent(), kMostRunningPercent));
  numbers.set_elapsed_ms(std::max(numbers.elapsed_ms(), job.numbers.elapsed_ms()));
  numbers.set_answer_bytes(job.numbers.answer_bytes());
  numbers.set_thinking_bytes(job.numbers.thinking_bytes());
  job.numbers = Storable(std::move(numbers));
  job.last_update_at = now;
}

void ApplyFinalNumbers(const v1::JobNumbers& reported, absl::Time now, JobRecord& job) {
  v1::JobNumbers numbers = reported;
  numbers.set_percent(job.numbers.percent());
  numbers.clear_remaining_ms();
  numbers.clear_remaining_low_ms();
  numbers.clear_remaining_high_ms();
  if (!numbers.has_total_tokens() && numbers.has_prompt_tokens() &&
      numbers.has_completion_tokens()) {
    numbers.set_total_tokens(numbers.prompt_tokens() + numbers.completion_tokens());
  }
  ApplyProgress(numbers, now, job);
}

bool HasText(const v1::JobNumbers& numbers) {
  return numbers.answer_bytes() > 0 || numbers.thinking_bytes() > 0;
}

bool StoredNewText(const JobRecord& job) {
  return !job.bases.empty() && StoredNewText(job.numbers, job.bases.back());
}

bool StoredNewText(const v1::JobNumbers& numbers, const v1::LeaseBase& base) {
  return numbers.answer_bytes() > base.answer() || numbers.thinking_bytes() > base.thinking();
}

v1::JobNumbers Storable(v1::JobNumbers numbers) {
  numbers.set_percent(TwoDecimals(numbers.percent(), 100.0));
  numbers.set_tokens_per_second(TwoDecimals(numbers.tokens_per_second(), kMostRate));
  numbers.set_chars_per_second(TwoDecimals(numbers.chars_per_second(), kMostRate));
  numbers.set_done_reason(std::string(TruncateUtf8(numbers.done_reason(), kMostReasonBytes)));
  return numbers;
}

std::string StorableReason(std::string_view reason) {
  std::string word(reason.substr(0, kMostReasonBytes));
  std::replace_if(
      word.begin(), word.end(), [](char c) { return c <= ' ' || c > '~'; }, '_');
  return word;
}

std::string StorableMessage(std::string_view message) {
  const std::string text = ReplaceInvalidUtf8(message);
  return std::string(TruncateUtf8(text, kMostMessageBytes));
}

}  // namespace genwatch

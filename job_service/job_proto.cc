#include "job_service/job_proto.h"

#include <algorithm>
#include <limits>
#include <string>

#include "common/utf8.h"

namespace genwatch {
namespace {

constexpr size_t kPromptPreviewBytes = 200;
constexpr uint32_t kDefaultRunningMs = 60 * 60 * 1000;
constexpr uint32_t kDefaultSilenceMs = 120 * 1000;

v1::JobSpec BasicSpec(const v1::JobSpec& spec) {
  v1::JobSpec basic;
  basic.set_model(spec.model());
  basic.set_priority(spec.priority());
  basic.set_job_class(spec.job_class());
  *basic.mutable_labels() = spec.labels();
  std::string_view text = spec.prompt();
  // For a chat, what people would call its prompt: the last thing that the user said.
  for (const v1::ChatMessage& message : spec.messages()) {
    if (message.role() == "user") text = message.content();
  }
  basic.set_prompt(std::string(TruncateUtf8(text, kPromptPreviewBytes)));
  return basic;
}

}  // namespace

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

v1::Job ToJob(const JobRecord& record, v1::JobView view) {
  v1::Job job;
  job.set_job_id(record.job_id);
  job.set_owner_id(record.owner_id);
  job.set_state(record.state);
  job.set_version(record.version);
  *job.mutable_spec() = view == v1::JOB_VIEW_BASIC ? BasicSpec(record.spec) : record.spec;
  *job.mutable_create_time() = ToTimestamp(record.created_at);
  if (record.started_at) *job.mutable_start_time() = ToTimestamp(*record.started_at);
  if (record.completed_at) *job.mutable_end_time() = ToTimestamp(*record.completed_at);
  if (record.not_before) *job.mutable_retry_time() = ToTimestamp(*record.not_before);
  job.set_attempt(record.attempt);
  job.set_failures(record.failures);
  job.set_max_failures(record.max_failures);
  job.set_reason(record.reason);
  job.set_error_message(record.error_message);
  *job.mutable_numbers() = record.numbers;
  job.set_retry_of(record.retry_of);
  job.set_retried_as(record.retried_as);
  job.set_request_id(record.request_id);
  job.set_resume_mode(record.resume_mode);
  return job;
}

v1::Job ToOthersJob(const JobRecord& record) {
  v1::Job job;
  job.set_job_id(record.job_id);
  job.set_state(record.state);
  job.set_version(record.version);
  job.mutable_spec()->set_model(record.spec.model());
  job.mutable_spec()->set_priority(record.spec.priority());
  *job.mutable_create_time() = ToTimestamp(record.created_at);
  if (record.started_at) *job.mutable_start_time() = ToTimestamp(*record.started_at);
  if (record.completed_at) *job.mutable_end_time() = ToTimestamp(*record.completed_at);
  job.set_reason(record.reason);
  return job;
}

v1::Attempt ToAttempt(const AttemptRecord& record) {
  v1::Attempt attempt;
  attempt.set_attempt(record.attempt);
  attempt.set_version(record.version);
  attempt.set_instance(record.instance);
  attempt.set_server_url(record.server_url);
  *attempt.mutable_lease_time() = ToTimestamp(record.leased_at);
  if (record.ended_at) *attempt.mutable_end_time() = ToTimestamp(*record.ended_at);
  attempt.set_outcome(record.outcome);
  attempt.set_reason(record.reason);
  attempt.set_error_message(record.error_message);
  attempt.set_base_answer(record.base.answer);
  attempt.set_base_thinking(record.base.thinking);
  attempt.set_alone(record.alone);
  attempt.mutable_phases()->Assign(record.phases.begin(), record.phases.end());
  return attempt;
}

void AddAttempts(const JobRecord& record, const std::vector<AttemptRecord>& attempts,
                 v1::Job& job) {
  // Each waited since the one before it had ended.
  absl::Time since = record.created_at;
  for (const AttemptRecord& one : attempts) {
    v1::Attempt& attempt = *job.add_attempts();
    attempt = ToAttempt(one);
    const int64_t queued = absl::ToInt64Milliseconds(one.leased_at - since);
    attempt.set_queued_ms(static_cast<uint32_t>(
        std::clamp<int64_t>(queued, 0, std::numeric_limits<uint32_t>::max())));
    since = one.ended_at.value_or(one.leased_at);
  }
}

v1::Progress ToProgress(const JobRecord& record, absl::Time now) {
  v1::Progress progress;
  progress.set_job_id(record.job_id);
  progress.set_version(record.version);
  progress.set_state(record.state);
  *progress.mutable_numbers() = record.numbers;
  progress.set_attempt(record.attempt);
  progress.set_failures(record.failures);
  progress.set_max_failures(record.max_failures);
  progress.set_reason(record.reason);
  progress.set_error_message(record.error_message);
  if (record.not_before) *progress.mutable_retry_time() = ToTimestamp(*record.not_before);
  progress.set_priority(record.spec.priority());
  progress.set_model(record.spec.model());
  *progress.mutable_create_time() = ToTimestamp(record.created_at);
  if (record.started_at) *progress.mutable_start_time() = ToTimestamp(*record.started_at);
  if (record.completed_at) *progress.mutable_end_time() = ToTimestamp(*record.completed_at);
  progress.set_retry_of(record.retry_of);
  progress.set_retried_as(record.retried_as);
  progress.set_resume_mode(record.resume_mode);
  *progress.mutable_state_time() = ToTimestamp(record.state_since);
  *progress.mutable_server_time() = ToTimestamp(now);
  return progress;
}

v1::JobFixed ToJobFixed(const JobRecord& record) {
  v1::JobFixed fixed;
  fixed.set_owner_id(record.owner_id);
  *fixed.mutable_spec() = record.spec;
  fixed.set_max_failures(record.max_failures);
  *fixed.mutable_create_time() = ToTimestamp(record.created_at);
  fixed.set_retry_of(record.retry_of);
  return fixed;
}

v1::JobSpec WithDefaults(v1::JobSpec spec) {
  v1::Deadlines& deadlines = *spec.mutable_deadlines();
  if (deadlines.running_ms() == 0) deadlines.set_running_ms(kDefaultRunningMs);
  if (deadlines.silence_ms() == 0) deadlines.set_silence_ms(kDefaultSilenceMs);
  if (spec.priority() == v1::PRIORITY_UNSPECIFIED) spec.set_priority(v1::PRIORITY_NORMAL);
  if (spec.resume_policy() == v1::RESUME_POLICY_UNSPECIFIED) {
    spec.set_resume_policy(v1::RESUME_POLICY_CONTINUE_ELSE_RESTART);
  }
  return spec;
}

}  // namespace genwatch

// The side of ActiveJobs that begins with text of an earlier attempt: goes on from it, or starts
// over.

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "generation_service/active_jobs.h"

namespace genwatch {
namespace {

// So long text is held back at most while it is not clear whether the model goes on. A model that
// goes on is known by its first words.
constexpr absl::Duration kLongestHold = absl::Seconds(10);
// What is left for an attempt that starts over when its time is nearly up.
constexpr absl::Duration kShortestRun = absl::Seconds(1);

using Base = ActiveJob::Base;
using Verdict = ContinuationGuard::Verdict;

}  // namespace

void ActiveJobs::BeginWithKeptText(ActiveJob& job, const v1::LeasedJob& lease) {
  const ContinuationPlan plan = PlanContinuation(lease, options_.continuing);
  job.kept_tokens = plan.kept_tokens;
  if (!plan.continues) {
    LogInfo("job starts over", {{"job_id", job.key.job_id}, {"why", plan.why_not}});
    return WantLowerBase(job);
  }
  job.continuing = std::make_unique<ActiveJob::Continuing>(
      ActiveJob::Continuing{.guard = ContinuationGuard(lease.answer()), .own_spec = lease.spec()});
  job.request.spec = ContinuedSpec(lease, plan, server_->Thinks(job.model));
  job.attempt.TryToContinue(plan.kept_tokens);
}

// Whether the text that came is the rest of the kept one shows in its first words, or not at all.
void ActiveJobs::HearContinuation(ActiveJob& job, const AnswerText& text) {
  if (!text.thinking.empty()) {
    return StartOver(job, "the model thinks instead of going on");
  }
  if (text.answer.empty()) return;
  if (job.hold_timer == 0) {
    job.hold_timer = loop_->RunAfter(kLongestHold, [this, key = job.key] {
      ActiveJob* held = Find(key);
      if (held == nullptr) return;
      held->hold_timer = 0;
      if (held->continuing != nullptr) StartOver(*held, "it took too long to be clear");
    });
  }
  ++job.continuing->held_chunks;
  TakeVerdict(job, job.continuing->guard.Add(text.answer));
}

// False if the attempt does not end here.
bool ActiveJobs::EndContinuation(ActiveJob& job) {
  TakeVerdict(job, job.continuing->guard.End());
  return job.stage == ActiveJob::Stage::kRunning && job.base_state == Base::kStands;
}

void ActiveJobs::TakeVerdict(ActiveJob& job, Verdict verdict) {
  switch (verdict) {
    case Verdict::kHold:
      return;
    case Verdict::kGoOn:
      return GoOn(job);
    case Verdict::kStartOver:
      return StartOver(job, "the model did not go on");
  }
}

void ActiveJobs::GoOn(ActiveJob& job) {
  const std::unique_ptr<ActiveJob::Continuing> decided = std::move(job.continuing);
  loop_->Cancel(std::exchange(job.hold_timer, 0));
  LogInfo("job goes on from its kept text",
          {{"job_id", job.key.job_id}, {"bytes", job.base.answer()}});
  metrics_->Resumed(job.model_label, "continued");
  job.attempt.Continue();
  TakeText(job, AnswerText{decided->guard.continuation(), ""}, decided->held_chunks);
}

void ActiveJobs::StartOver(ActiveJob& job, const char* why) {
  LogInfo("job starts over", {{"job_id", job.key.job_id}, {"why", why}});
  const std::unique_ptr<ActiveJob::Continuing> dropped = std::move(job.continuing);
  loop_->Cancel(std::exchange(job.hold_timer, 0));
  // Its connection is closed before the next one is made: the model may serve one at a time.
  CloseConversation(job);
  job.request.spec = std::move(dropped->own_spec);
  job.request.running_timeout =
      std::max(job.request.running_timeout - job.attempt.Elapsed(loop_->Now()), kShortestRun);
  WantLowerBase(job);
  Touch(job);
  Converse(job);
}

// The kept text is dropped from the ledger when there is new text, not before: an attempt that
// fails without any leaves the kept one.
void ActiveJobs::WantLowerBase(ActiveJob& job) {
  metrics_->Resumed(job.model_label, "restarted");
  job.attempt.StartOver();
  job.answer = TextTail(v1::CHANNEL_ANSWER, 0);
  job.thinking = TextTail(v1::CHANNEL_THINKING, 0);
  job.base_state = Base::kToLower;
}

void ActiveJobs::TakeBaseLowered(const LeaseKey& key) {
  ActiveJob* job = Find(key);
  if (job == nullptr || job->base_state != Base::kToLower) return;
  job->base_state = Base::kLowered;
  v1::LeaseBase base;
  base.set_version(key.version);
  feed_->LowerBase(key.job_id, base);
  Touch(*job);
}

// The attempt ended otherwise before anything of its new text was kept: the old one is worth more.
void ActiveJobs::ReturnToKept(ActiveJob& job) {
  job.base_state = Base::kGivenUp;
  job.attempt.ReturnToKept(job.base, job.kept_tokens);
  job.answer = TextTail(v1::CHANNEL_ANSWER, job.base.answer());
  job.thinking = TextTail(v1::CHANNEL_THINKING, job.base.thinking());
  job.new_answer.clear();
  job.new_thinking.clear();
}

}  // namespace genwatch

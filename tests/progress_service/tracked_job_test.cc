#include "progress_service/tracked_job.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace genwatch {
namespace {

constexpr char kJob[] = "job_00000000000000000000000000000001";
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

v1::WorkerState StateOf(uint32_t version, uint32_t sequence, uint32_t tokens = 0) {
  v1::WorkerState state;
  state.set_job_id(kJob);
  state.set_version(version);
  state.set_sequence(sequence);
  state.set_phase(v1::PHASE_GENERATING);
  state.set_tokens(tokens);
  return state;
}

v1::WorkerState FirstStateOf(uint32_t version, uint32_t base = 0) {
  v1::WorkerState state = StateOf(version, 1);
  state.mutable_fixed()->set_model("m");
  v1::LeaseBase* const lease = state.mutable_fixed()->add_bases();
  lease->set_version(version);
  lease->set_answer(base);
  return state;
}

v1::WorkerState WithText(v1::WorkerState state, uint32_t offset, const std::string& text) {
  v1::TextPiece* const piece = state.add_pieces();
  piece->set_channel(v1::CHANNEL_ANSWER);
  piece->set_offset(offset);
  piece->set_text(text);
  state.set_answer_bytes(offset + text.size());
  return state;
}

v1::JobStateEntry EntryOf(uint32_t version, v1::Job::State state, uint32_t answer_bytes = 0,
                          const std::vector<uint32_t>& leases = {2}) {
  v1::JobStateEntry entry;
  entry.set_job_id(kJob);
  entry.mutable_progress()->set_version(version);
  entry.mutable_progress()->set_state(state);
  entry.mutable_progress()->mutable_numbers()->set_answer_bytes(answer_bytes);
  for (const uint32_t lease : leases) entry.add_bases()->set_version(lease);
  return entry;
}

TEST(TrackedJobTest, BaseOfTheLeaseTellsWhetherAnAttemptGoesOn) {
  TrackedJob job(kJob);
  job.MergeWorker(FirstStateOf(2), kNow);
  EXPECT_EQ(job.progress().resume_mode(), v1::RESUME_MODE_UNSPECIFIED);
  job.MergeWorker(FirstStateOf(4, /*base=*/10), kNow);
  EXPECT_EQ(job.progress().resume_mode(), v1::RESUME_MODE_CONTINUED);
  // The model did not go on: the base is lowered.
  const uint64_t before = job.snapshot();
  v1::WorkerState lowered = FirstStateOf(4, /*base=*/0);
  EXPECT_TRUE(job.MergeWorker(lowered, kNow).changed);
  EXPECT_EQ(job.progress().resume_mode(), v1::RESUME_MODE_RESTARTED);
  EXPECT_GT(job.snapshot(), before);
}

TEST(TrackedJobTest, LedgerTellsWhetherALeaseThatBeginsAtZeroDroppedText) {
  TrackedJob job(kJob);
  job.MergeWorker(FirstStateOf(4), kNow);
  v1::JobStateEntry entry = EntryOf(4, v1::Job::STATE_PROCESSING, 0, {2, 4});
  job.MergeLedger(entry, kNow);
  EXPECT_EQ(job.progress().resume_mode(), v1::RESUME_MODE_UNSPECIFIED);
  entry.mutable_progress()->set_resume_mode(v1::RESUME_MODE_RESTARTED);
  job.MergeLedger(entry, kNow);
  EXPECT_EQ(job.progress().resume_mode(), v1::RESUME_MODE_RESTARTED);
  // The worker's next word does not know that, and does not change it.
  job.MergeWorker(StateOf(4, 2, 5), kNow);
  EXPECT_EQ(job.progress().resume_mode(), v1::RESUME_MODE_RESTARTED);
}

TEST(TrackedJobTest, EndedJobKeepsTheModeThatTheLedgerTells) {
  TrackedJob job(kJob);
  v1::JobStateEntry entry = EntryOf(5, v1::Job::STATE_FAILED, 7, {2, 4});
  entry.mutable_progress()->set_resume_mode(v1::RESUME_MODE_CONTINUED);
  job.MergeLedger(entry, kNow);
  EXPECT_EQ(job.progress().resume_mode(), v1::RESUME_MODE_CONTINUED);
  job.MergeLedger(entry, kNow);
  EXPECT_EQ(job.progress().resume_mode(), v1::RESUME_MODE_CONTINUED);
}

TEST(TrackedJobTest, WhatIsSmallerThanWhatIsHeldIsDropped) {
  struct Case {
    const char* what;
    v1::WorkerState state;
    bool changes;
  };
  const std::vector<Case> cases = {
      {"an older lease", StateOf(2, 99, 99), false},
      {"an older lease that introduces itself", FirstStateOf(2), false},
      {"the same lease, an older sequence", StateOf(4, 4, 99), false},
      {"the same state again", StateOf(4, 5, 99), false},
      {"the same lease, a newer sequence", StateOf(4, 6, 99), true},
      {"a newer lease that nobody introduced", StateOf(6, 1, 99), false},
      {"a newer lease", FirstStateOf(6), true},
      {"no version at all", StateOf(0, 99, 99), false},
  };
  for (const Case& one : cases) {
    TrackedJob job(kJob);
    job.MergeWorker(FirstStateOf(4), kNow);
    job.MergeWorker(StateOf(4, 5, 10), kNow);
    EXPECT_EQ(job.MergeWorker(one.state, kNow).changed, one.changes) << one.what;
    if (!one.changes) {
      EXPECT_EQ(job.progress().numbers().current_tokens(), 10) << one.what;
    }
  }
}

TEST(TrackedJobTest, AZombiesTextIsNotTaken) {
  TrackedJob job(kJob);
  job.MergeWorker(WithText(FirstStateOf(4), 0, "true"), kNow);

  job.MergeWorker(WithText(FirstStateOf(2), 0, "false and longer"), kNow);

  EXPECT_EQ(job.texts().held(0), "true");
}

TEST(TrackedJobTest, AWorkerSaysNothingAboutWhatTheLedgerEnded) {
  for (const v1::Job::State state :
       {v1::Job::STATE_QUEUED, v1::Job::STATE_PAUSED, v1::Job::STATE_COMPLETED,
        v1::Job::STATE_FAILED, v1::Job::STATE_CANCELLED}) {
    TrackedJob job(kJob);
    job.MergeWorker(WithText(FirstStateOf(2), 0, "12345"), kNow);
    job.MergeLedger(EntryOf(3, state, 5), kNow);

    EXPECT_FALSE(job.MergeWorker(WithText(StateOf(2, 9, 9), 5, "678"), kNow).changed);

    EXPECT_EQ(job.progress().state(), state);
    EXPECT_EQ(job.texts().held(0), "12345");
  }
}

TEST(TrackedJobTest, AnOldAnswerOfTheLedgerChangesNothing) {
  TrackedJob job(kJob);
  job.MergeLedger(EntryOf(5, v1::Job::STATE_QUEUED), kNow);

  EXPECT_FALSE(job.MergeLedger(EntryOf(4, v1::Job::STATE_PROCESSING), kNow).changed);

  EXPECT_EQ(job.progress().state(), v1::Job::STATE_QUEUED);
}

TEST(TrackedJobTest, TheSameSnapshotAgainIsNoChangeAndAnotherPlaceIsOne) {
  TrackedJob job(kJob);
  v1::JobStateEntry entry = EntryOf(1, v1::Job::STATE_QUEUED, 0, {});
  entry.mutable_progress()->set_queue_position(3);
  job.MergeLedger(entry, kNow);

  EXPECT_FALSE(job.MergeLedger(entry, kNow).changed);
  entry.mutable_progress()->set_queue_position(2);
  EXPECT_TRUE(job.MergeLedger(entry, kNow).changed);
  EXPECT_EQ(job.progress().queue_position(), 2);
}

TEST(TrackedJobTest, TheEndOfAnAttemptIsAHintAndNoState) {
  TrackedJob job(kJob);
  job.MergeWorker(FirstStateOf(2), kNow);
  v1::WorkerState end = StateOf(2, 2, 10);
  end.set_ended(true);
  end.set_done_reason("stop");

  const TrackedJob::Outcome outcome = job.MergeWorker(end, kNow);

  EXPECT_TRUE(outcome.ask);
  EXPECT_EQ(job.progress().state(), v1::Job::STATE_PROCESSING);
  EXPECT_EQ(job.progress().phase(), v1::PHASE_FINALIZING);
  EXPECT_LT(job.progress().numbers().percent(), 100);
}

TEST(TrackedJobTest, OnlyCompletedIsAHundredPercent) {
  for (int value = v1::Job::STATE_QUEUED; value <= v1::Job::STATE_EXPIRED; ++value) {
    const auto state = static_cast<v1::Job::State>(value);
    TrackedJob job(kJob);
    v1::JobStateEntry entry = EntryOf(3, state);
    entry.mutable_progress()->mutable_numbers()->set_percent(100);
    job.MergeLedger(entry, kNow);
    EXPECT_EQ(job.progress().numbers().percent() == 100, state == v1::Job::STATE_COMPLETED)
        << v1::Job::State_Name(state);
  }
}

TEST(TrackedJobTest, NumbersNeverFallWithinALeaseAndMayInTheNext) {
  TrackedJob job(kJob);
  job.MergeWorker(FirstStateOf(2), kNow);
  job.MergeWorker(StateOf(2, 2, 100), kNow);
  const double percent = job.progress().numbers().percent();
  // The model's own count is smaller than our estimate was.
  v1::WorkerState exact = StateOf(2, 3, 90);
  exact.set_tokens_exact(true);

  job.MergeWorker(exact, kNow);
  EXPECT_EQ(job.progress().numbers().current_tokens(), 100);
  EXPECT_EQ(job.progress().numbers().completion_tokens(), 90);
  EXPECT_GE(job.progress().numbers().percent(), percent);

  job.MergeWorker(FirstStateOf(4), kNow);
  EXPECT_EQ(job.progress().numbers().current_tokens(), 0);
  EXPECT_LT(job.progress().numbers().percent(), percent);
}

TEST(TrackedJobTest, TheEndOfALeaseFillsUpToWhatIsKept) {
  TrackedJob job(kJob);
  job.MergeWorker(WithText(FirstStateOf(2), 0, "0123"), kNow);

  job.MergeLedger(EntryOf(3, v1::Job::STATE_COMPLETED, 8), kNow);

  ASSERT_TRUE(job.texts().Missing(0));
  v1::TextSlice slice;
  slice.set_job_id(kJob);
  slice.set_version(3);
  slice.set_text_length(8);
  slice.mutable_piece()->set_channel(v1::CHANNEL_ANSWER);
  slice.mutable_piece()->set_offset(4);
  slice.mutable_piece()->set_text("4567");
  EXPECT_TRUE(job.MergeStored(slice, job.texts().epoch()).changed);
  EXPECT_EQ(job.texts().held(0), "01234567");
  EXPECT_FALSE(job.texts().Missing());
}

TEST(TrackedJobTest, ATextReadUnderANewerVersionIsAQuestionAndNoText) {
  TrackedJob job(kJob);
  job.MergeLedger(EntryOf(3, v1::Job::STATE_QUEUED, 4), kNow);
  v1::TextSlice slice;
  slice.set_job_id(kJob);
  slice.set_version(4);
  slice.mutable_piece()->set_channel(v1::CHANNEL_ANSWER);
  slice.mutable_piece()->set_text("other");

  const TrackedJob::Outcome outcome = job.MergeStored(slice, job.texts().epoch());

  EXPECT_TRUE(outcome.ask);
  EXPECT_EQ(job.texts().held(0), "");
}

TEST(TrackedJobTest, AJobThatIsNotThereIsKnownNotToBe) {
  TrackedJob job(kJob);
  v1::JobStateEntry entry;
  entry.set_job_id(kJob);
  entry.set_not_found(true);

  EXPECT_TRUE(job.MergeLedger(entry, kNow).changed);
  EXPECT_TRUE(job.not_found());
}

TEST(TrackedJobTest, AJobThatWasDeletedIsStillShownToWhoWatchesIt) {
  TrackedJob job(kJob);
  job.MergeLedger(EntryOf(3, v1::Job::STATE_COMPLETED), kNow);
  v1::JobStateEntry entry;
  entry.set_job_id(kJob);
  entry.set_not_found(true);

  EXPECT_FALSE(job.MergeLedger(entry, kNow).changed);
  EXPECT_FALSE(job.not_found());
}

// All earlier answers had 100 tokens, and this one will, too, at ten tokens a second.
v1::WorkerState RegularStateOf(uint32_t tokens) {
  v1::WorkerState state = tokens == 0 ? FirstStateOf(2) : StateOf(2, 1 + tokens, tokens);
  if (tokens == 0) {
    for (int i = 0; i < 50; ++i) state.mutable_fixed()->mutable_history()->add_lengths(100);
  }
  state.set_tokens_per_second(10);
  state.set_first_token_ms(0);
  state.set_attempt_elapsed_ms(100 * tokens);
  return state;
}

v1::WorkerState RegularEnd() {
  v1::WorkerState end = RegularStateOf(100);
  end.set_phase(v1::PHASE_FINALIZING);
  end.set_tokens_exact(true);
  end.set_ended(true);
  return end;
}

TEST(TrackedJobTest, WhatTheEstimatesWereWorthIsKnownWhenTheModelIsDone) {
  TrackedJob job(kJob);
  for (uint32_t tokens = 0; tokens < 100; ++tokens) job.MergeWorker(RegularStateOf(tokens), kNow);

  const TrackedJob::Outcome outcome = job.MergeWorker(RegularEnd(), kNow);

  ASSERT_TRUE(outcome.score.has_value());
  EXPECT_EQ(outcome.score->model, "m");
  for (size_t i = 0; i < kScoredShares.size(); ++i) {
    EXPECT_NEAR(outcome.score->percent_error[i], 0, 1e-6);
    ASSERT_TRUE(outcome.score->remaining[i].has_value());
    EXPECT_NEAR(outcome.score->remaining[i]->log_error, 0, 0.02);
    EXPECT_TRUE(outcome.score->remaining[i]->inside);
  }
  // Once.
  v1::JobStateEntry stored = EntryOf(3, v1::Job::STATE_COMPLETED);
  stored.mutable_progress()->mutable_numbers()->set_completion_tokens(100);
  EXPECT_FALSE(job.MergeLedger(stored, kNow).score.has_value());
}

TEST(TrackedJobTest, TheLedgersWordIsEnoughToScoreThePercent) {
  TrackedJob job(kJob);
  job.MergeWorker(RegularStateOf(0), kNow);
  job.MergeWorker(RegularStateOf(10), kNow);
  v1::JobStateEntry end = EntryOf(3, v1::Job::STATE_COMPLETED);
  end.mutable_progress()->mutable_numbers()->set_completion_tokens(200);

  const TrackedJob::Outcome outcome = job.MergeLedger(end, kNow);

  ASSERT_TRUE(outcome.score.has_value());
  EXPECT_NEAR(outcome.score->percent_error[0], 25, 1e-6);
  EXPECT_FALSE(outcome.score->remaining[0].has_value());
}

TEST(TrackedJobTest, WhatWasNotEstimatedOrDidNotCompleteIsNotScored) {
  TrackedJob quick(kJob);
  v1::WorkerState begin = FirstStateOf(2);
  begin.set_phase(v1::PHASE_PROMPT);
  quick.MergeWorker(begin, kNow);
  EXPECT_FALSE(quick.MergeWorker(RegularEnd(), kNow).score.has_value());

  TrackedJob cancelled(kJob);
  cancelled.MergeWorker(RegularStateOf(0), kNow);
  cancelled.MergeWorker(RegularStateOf(50), kNow);
  v1::WorkerState end = RegularStateOf(60);
  end.set_ended(true);
  EXPECT_FALSE(cancelled.MergeWorker(end, kNow).score.has_value());
  EXPECT_FALSE(cancelled.MergeLedger(EntryOf(3, v1::Job::STATE_CANCELLED), kNow).score.has_value());
}

}  // namespace
}  // namespace genwatch

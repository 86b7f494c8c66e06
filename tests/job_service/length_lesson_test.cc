#include "job_service/length_lesson.h"

#include <gtest/gtest.h>

namespace genwatch {
namespace {

JobRecord Ended(JobState state, uint32_t counted, const std::string& done_reason) {
  JobRecord job;
  job.state = state;
  job.spec.set_model("llama");
  job.spec.set_prompt("12345");
  job.spec.set_system("678");
  job.spec.add_messages()->set_content("90");
  if (counted > 0) job.numbers.set_completion_tokens(counted);
  job.numbers.set_current_tokens(7);
  job.numbers.set_done_reason(done_reason);
  return job;
}

TEST(LengthLesson, OnlyWhatCameToItsEndIsNotCensored) {
  const auto censored = [](JobState state, const std::string& done_reason) {
    return LessonOf(Ended(state, 5, done_reason), {})->censored;
  };
  EXPECT_FALSE(censored(v1::Job::STATE_COMPLETED, "stop"));
  EXPECT_FALSE(censored(v1::Job::STATE_COMPLETED, ""));
  EXPECT_TRUE(censored(v1::Job::STATE_COMPLETED, "length"));
  EXPECT_TRUE(censored(v1::Job::STATE_COMPLETED, "output_limit"));
  EXPECT_TRUE(censored(v1::Job::STATE_FAILED, ""));
  EXPECT_TRUE(censored(v1::Job::STATE_CANCELLED, "stop"));
  EXPECT_TRUE(censored(v1::Job::STATE_QUEUED, ""));
}

TEST(LengthLesson, ModelsOwnCountGoesBeforeTheEstimate) {
  v1::AttemptFacts facts;
  facts.set_answer_chunks(3);
  facts.set_thinking_chunks(1);
  const auto counted = LessonOf(Ended(v1::Job::STATE_COMPLETED, 5, "stop"), facts);
  EXPECT_EQ(counted->tokens, 5u);
  EXPECT_EQ(counted->chunks, 4u);
  EXPECT_EQ(counted->prompt_bytes, 10u);
  const auto estimated = LessonOf(Ended(v1::Job::STATE_CANCELLED, 0, ""), facts);
  EXPECT_EQ(estimated->tokens, 7u);
  EXPECT_EQ(estimated->chunks, 0u);
}

TEST(LengthLesson, TimeToTheFirstTokenIsWithoutLoading) {
  JobRecord job = Ended(v1::Job::STATE_COMPLETED, 5, "stop");
  job.numbers.set_first_token_ms(4500);
  v1::AttemptFacts facts;
  v1::PhaseTime* const loading = facts.add_phases();
  loading->set_phase(v1::PHASE_LOADING);
  loading->set_duration_ms(4000);
  facts.add_phases()->set_phase(v1::PHASE_PROMPT);
  EXPECT_DOUBLE_EQ(LessonOf(job, facts)->first_token_ms, 500);
  EXPECT_DOUBLE_EQ(LessonOf(job, {})->first_token_ms, 4500);
}

TEST(LengthLesson, SortedLengthsKeepTheirCensoring) {
  v1::LengthHistory history;
  for (const uint32_t length : {30, 10, 20}) {
    history.add_lengths(length);
    history.add_censored(length == 10);
  }
  SortLengths(history);
  EXPECT_EQ(history.lengths(0), 10u);
  EXPECT_EQ(history.lengths(2), 30u);
  EXPECT_TRUE(history.censored(0));
  EXPECT_FALSE(history.censored(1));
}

TEST(LengthLesson, NothingGeneratedTeachesNothing) {
  EXPECT_FALSE(LessonOf(JobRecord(), {}).has_value());
}

TEST(LengthLesson, ModelFactsAreMediansAndRatios) {
  std::vector<LengthLesson> lessons(3);
  lessons[0] = {.tokens = 10, .chunks = 5, .eval_ms = 1000, .load_ms = 20};
  lessons[1] = {.tokens = 20, .chunks = 10, .eval_ms = 1000, .load_ms = 3000};
  lessons[2] = {.tokens = 300, .chunks = 0, .eval_ms = 1000, .prompt_bytes = 8, .prompt_tokens = 2};
  v1::LengthHistory history;
  FillModelFacts(lessons, history);
  EXPECT_DOUBLE_EQ(history.tokens_per_chunk(), 2.0);
  EXPECT_DOUBLE_EQ(history.tokens_per_second(), 20.0);
  // A model that was in memory says nothing about loading.
  EXPECT_DOUBLE_EQ(history.load_ms(), 3000.0);
  EXPECT_DOUBLE_EQ(history.prompt_tokens_per_byte(), 0.25);
  EXPECT_DOUBLE_EQ(history.first_token_ms(), 0.0);
}

}  // namespace
}  // namespace genwatch

#include "job_service/length_lesson.h"

#include <algorithm>
#include <utility>

namespace genwatch {
namespace {

// A model that is in memory "loads" in some milliseconds, which says nothing about loading.
constexpr double kLeastRealLoadMs = 200;

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double Ratio(double numerator, double denominator) {
  return denominator > 0 ? numerator / denominator : 0;
}

size_t PromptBytes(const v1::JobSpec& spec) {
  size_t bytes = spec.prompt().size() + spec.system().size();
  for (const v1::ChatMessage& message : spec.messages()) bytes += message.content().size();
  return bytes;
}

// Without the time that the model took to load, which is another lesson.
double FirstTokenMs(const v1::JobNumbers& numbers, const v1::AttemptFacts& facts) {
  double ms = numbers.first_token_ms();
  for (const v1::PhaseTime& phase : facts.phases()) {
    if (phase.phase() == v1::PHASE_LOADING) ms -= phase.duration_ms();
  }
  return std::max(0.0, ms);
}

}  // namespace

std::optional<LengthLesson> LessonOf(const JobRecord& job, const v1::AttemptFacts& facts) {
  const v1::JobNumbers& numbers = job.numbers;
  const bool counted = numbers.has_completion_tokens();
  // What was measured is of the rest only, the tokens are of the whole.
  const bool continued = job.resume_mode == v1::RESUME_MODE_CONTINUED;
  const uint32_t tokens = counted ? numbers.completion_tokens() : numbers.current_tokens();
  if (tokens == 0) return std::nullopt;
  const bool ran_to_its_end = job.state == v1::Job::STATE_COMPLETED &&
                              (numbers.done_reason().empty() || numbers.done_reason() == "stop");
  return LengthLesson{
      .model = job.spec.model(),
      .job_class = job.spec.job_class(),
      .think = job.spec.think(),
      .tokens = tokens,
      .censored = !ran_to_its_end,
      // Only the model's own count tells how many tokens a chunk has.
      .chunks = counted && !continued ? facts.answer_chunks() + facts.thinking_chunks() : 0,
      .eval_ms = continued ? 0 : facts.eval_ms(),
      .first_token_ms = continued ? 0 : FirstTokenMs(numbers, facts),
      .load_ms = facts.load_ms(),
      .prompt_bytes = static_cast<uint32_t>(PromptBytes(job.spec)),
      .prompt_tokens = continued ? 0 : numbers.prompt_tokens(),
      .prompt_eval_ms = continued ? 0 : facts.prompt_eval_ms()};
}

void FillLengths(v1::LengthHistory::Scope scope, const std::vector<LengthLesson>& lessons,
                 v1::LengthHistory& history) {
  if (lessons.empty()) return;
  history.set_scope(scope);
  for (const LengthLesson& lesson : lessons) {
    history.add_lengths(lesson.tokens);
    history.add_censored(lesson.censored);
  }
}

void SortLengths(v1::LengthHistory& history) {
  std::vector<std::pair<uint32_t, bool>> lengths;
  lengths.reserve(history.lengths_size());
  for (int i = 0; i < history.lengths_size(); ++i) {
    lengths.emplace_back(history.lengths(i), history.censored(i));
  }
  std::sort(lengths.begin(), lengths.end());
  for (int i = 0; i < history.lengths_size(); ++i) {
    history.set_lengths(i, lengths[i].first);
    history.set_censored(i, lengths[i].second);
  }
}

void FillModelFacts(const std::vector<LengthLesson>& lessons, v1::LengthHistory& history) {
  double chunks = 0;
  double tokens_of_chunks = 0;
  double prompt_bytes = 0;
  double prompt_tokens = 0;
  std::vector<double> speeds;
  std::vector<double> prompt_speeds;
  std::vector<double> first_tokens;
  std::vector<double> loads;
  for (const LengthLesson& lesson : lessons) {
    if (lesson.chunks > 0) {
      chunks += lesson.chunks;
      tokens_of_chunks += lesson.tokens;
    }
    if (lesson.eval_ms > 0) speeds.push_back(1000.0 * lesson.tokens / lesson.eval_ms);
    if (lesson.first_token_ms > 0) first_tokens.push_back(lesson.first_token_ms);
    if (lesson.load_ms >= kLeastRealLoadMs) loads.push_back(lesson.load_ms);
    if (lesson.prompt_tokens > 0 && lesson.prompt_bytes > 0) {
      prompt_tokens += lesson.prompt_tokens;
      prompt_bytes += lesson.prompt_bytes;
    }
    if (lesson.prompt_tokens > 0 && lesson.prompt_eval_ms > 0) {
      prompt_speeds.push_back(1000.0 * lesson.prompt_tokens / lesson.prompt_eval_ms);
    }
  }
  history.set_tokens_per_chunk(Ratio(tokens_of_chunks, chunks));
  history.set_tokens_per_second(Median(std::move(speeds)));
  history.set_first_token_ms(Median(std::move(first_tokens)));
  history.set_load_ms(Median(std::move(loads)));
  history.set_prompt_tokens_per_byte(Ratio(prompt_tokens, prompt_bytes));
  history.set_prompt_tokens_per_second(Median(std::move(prompt_speeds)));
}

}  // namespace genwatch

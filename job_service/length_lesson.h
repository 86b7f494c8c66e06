#ifndef GENWATCH_JOB_SERVICE_LENGTH_LESSON_H_
#define GENWATCH_JOB_SERVICE_LENGTH_LESSON_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "genwatch/v1/job.pb.h"
#include "genwatch/v1/job_lease_service.pb.h"
#include "job_service/job.h"

namespace genwatch {

// What an ended attempt teaches about answers to come.
struct LengthLesson {
  std::string model;
  std::string job_class;
  v1::Thinking think = v1::THINKING_UNSPECIFIED;
  uint32_t tokens = 0;
  // There would have been more: it was stopped, failed or was cut by a limit.
  bool censored = false;
  // As the model server counted; 0 while unknown.
  uint32_t chunks = 0;
  double eval_ms = 0;
  double first_token_ms = 0;
  double load_ms = 0;
  uint32_t prompt_bytes = 0;
  uint32_t prompt_tokens = 0;
  double prompt_eval_ms = 0;
};

// Most lessons that are looked at for lengths, and for what is typical of a model.
inline constexpr size_t kHistoryLengths = 512;
inline constexpr size_t kModelLessons = 64;
// So many are kept of a model, whatever the number of its classes, which are the callers' words.
inline constexpr size_t kModelLengths = 16'384;
// With fewer, the next wider scope is taken.
inline constexpr size_t kEnoughLengths = 10;

// `job` as the end of the attempt leaves it. None if nothing was generated.
std::optional<LengthLesson> LessonOf(const JobRecord& job, const v1::AttemptFacts& facts);

// Adds the lengths, newest first.
void FillLengths(v1::LengthHistory::Scope scope, const std::vector<LengthLesson>& lessons,
                 v1::LengthHistory& history);
// Puts the lengths into rising order: estimates are built from it, one for each lease.
void SortLengths(v1::LengthHistory& history);
// Adds what is typical of a model, of its newest lessons.
void FillModelFacts(const std::vector<LengthLesson>& lessons, v1::LengthHistory& history);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_LENGTH_LESSON_H_

#ifndef GENWATCH_JOB_SERVICE_JOB_ESTIMATE_H_
#define GENWATCH_JOB_SERVICE_JOB_ESTIMATE_H_

#include <cstdint>

#include "genwatch/v1/job_lease_service.pb.h"
#include "genwatch/v1/job_service.pb.h"

namespace genwatch {

// A job that nobody has submitted yet.
struct PlannedJob {
  uint32_t prompt_bytes = 0;
  // Not positive: no limit.
  int32_t num_predict = 0;
  // Of its model, in memory somewhere; 0 while unknown.
  uint32_t context_length = 0;
  bool loaded = false;
};

// What its answer and its attempt will come to, as far as the history tells: the same arithmetic
// that progress_service does when the attempt begins. Fills basis, past_jobs, tokens, speed,
// first_token_ms, load_ms and duration_ms with their bands. Pure.
void FillEstimate(const v1::LengthHistory& history, const PlannedJob& job,
                  v1::EstimateJobResponse& estimate);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_ESTIMATE_H_

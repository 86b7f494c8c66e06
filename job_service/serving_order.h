#ifndef GENWATCH_JOB_SERVICE_SERVING_ORDER_H_
#define GENWATCH_JOB_SERVICE_SERVING_ORDER_H_

#include "genwatch/v1/job.pb.h"

namespace genwatch {

// How far before its owner's turn a job is served, in jobs. Since V rises by at least 1/16 with
// each lease, a job of low priority is passed by at most (8 + 8) x 16 later ones of high priority
// more than its own turn asks for.
constexpr int PriorityBonus(v1::Priority priority) {
  switch (priority) {
    case v1::PRIORITY_HIGH:
      return 8;
    case v1::PRIORITY_LOW:
      return -8;
    default:
      return 0;
  }
}

// With each lease: V = max(V + kLeaseStep, score).
inline constexpr double kLeaseStep = 1.0 / 16;

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_SERVING_ORDER_H_

#ifndef GENWATCH_JOB_SERVICE_SERVING_ORDER_H_
#define GENWATCH_JOB_SERVICE_SERVING_ORDER_H_

#include "genwatch/v1/job.pb.h"

namespace genwatch {

// How far before its owner's turn a job is served, in places of its model's queue. docs/queue.md
// has the rule and its bounds.
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

inline constexpr double kMostBonus = 8;

// By so much V rises with each job of an owner who has nothing else there, so that of those that
// come later only a bounded number can pass a waiting job.
inline constexpr double kNewcomerStep = 1.0 / 16;

// How far behind the others a model's turn may fall while no worker serves it.
inline constexpr double kMostBehind = 32;

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_SERVING_ORDER_H_

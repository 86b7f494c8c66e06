#ifndef GENWATCH_JOB_SERVICE_LOG_HISTOGRAM_H_
#define GENWATCH_JOB_SERVICE_LOG_HISTOGRAM_H_

#include <cstdint>

#include "genwatch/v1/ledger.pb.h"

namespace genwatch {

// How often values came, in buckets that are 9 % wide: small, and can be added up. Pure.

void AddValue(double value, v1::LogHistogram& histogram);
void AddHistogram(const v1::LogHistogram& more, v1::LogHistogram& histogram);

uint32_t CountOf(const v1::LogHistogram& histogram);
// 0 without values.
double MeanOf(const v1::LogHistogram& histogram);
// Exact to 5 %; 0 without values, and where the median is below 1.
double MedianOf(const v1::LogHistogram& histogram);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_LOG_HISTOGRAM_H_

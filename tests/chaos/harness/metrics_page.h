#ifndef GENWATCH_TESTS_CHAOS_HARNESS_METRICS_PAGE_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_METRICS_PAGE_H_

#include <string>

#include "absl/status/statusor.h"

namespace genwatch::chaos {

// The sum of the metric over all its labels, from a page of Prometheus text; 0 if it is not there
// (yet). UNAVAILABLE when the page is not.
absl::StatusOr<double> ReadMetric(const std::string& url, const std::string& name);

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_METRICS_PAGE_H_

#ifndef GENWATCH_TESTS_CHAOS_HARNESS_PERCENTILE_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_PERCENTILE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace genwatch::chaos {

// The value that `share` of all (0 to 1) do not exceed; 0 of none.
inline double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  return values[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_PERCENTILE_H_

#ifndef GENWATCH_TESTS_BENCH_FANOUT_USAGE_H_
#define GENWATCH_TESTS_BENCH_FANOUT_USAGE_H_

#include <vector>

namespace genwatch::bench {

// What processes use, summed.
struct Usage {
  long rss_kb = 0;
  double cpu_seconds = 0;
};

// Processes that are gone count nothing.
Usage UsageOf(const std::vector<int>& pids);

double OwnCpuSeconds();

// What the kernel holds for all TCP sockets of the machine's network namespace, both ends.
long TcpMemoryKb();

}  // namespace genwatch::bench

#endif  // GENWATCH_TESTS_BENCH_FANOUT_USAGE_H_

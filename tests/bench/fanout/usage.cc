#include "tests/bench/fanout/usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace genwatch::bench {

Usage UsageOf(const std::vector<int>& pids) {
  Usage sum;
  const long page_kb = sysconf(_SC_PAGESIZE) / 1024;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  for (const int pid : pids) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    const std::string stat((std::istreambuf_iterator<char>(file)), {});
    const size_t close = stat.rfind(')');  // the command's name may hold spaces
    if (close == std::string::npos) continue;
    unsigned long user = 0, system = 0;
    long pages = 0;
    if (std::sscanf(stat.c_str() + close + 1,
                    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d "
                    "%*d %*u %*u %ld",
                    &user, &system, &pages) == 3) {
      sum.rss_kb += pages * page_kb;
      sum.cpu_seconds += static_cast<double>(user + system) / ticks;
    }
  }
  return sum;
}

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

long TcpMemoryKb() {
  std::ifstream file("/proc/net/sockstat");
  for (std::string line; std::getline(file, line);) {
    const size_t at = line.find(" mem ");
    if (line.compare(0, 4, "TCP:") == 0 && at != std::string::npos) {
      return std::stol(line.substr(at + 5)) * (sysconf(_SC_PAGESIZE) / 1024);
    }
  }
  return 0;
}

}  // namespace genwatch::bench

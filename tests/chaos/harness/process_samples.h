#ifndef GENWATCH_TESTS_CHAOS_HARNESS_PROCESS_SAMPLES_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_PROCESS_SAMPLES_H_

#include <sys/types.h>

#include <vector>

#include "absl/time/time.h"

namespace genwatch::chaos {

// What a process holds over time, from /proc. Not thread-safe.
class ProcessSamples {
 public:
  // Of the process now; nothing when it is gone.
  void Take(pid_t pid, absl::Duration at);

  // Of the resident memory, in MiB a minute, by least squares over the samples from `from` on; 0
  // for fewer than three.
  double RssSlope(absl::Duration from) const;
  double LastRss() const { return samples_.empty() ? 0 : samples_.back().rss_mib; }
  // Most open descriptors at a time in the last quarter of the samples from `from` on, less those
  // in the first quarter.
  int DescriptorGrowth(absl::Duration from) const;

 private:
  struct Sample {
    absl::Duration at;
    double rss_mib;
    int descriptors;
  };

  std::vector<Sample> From(absl::Duration from) const;

  std::vector<Sample> samples_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_PROCESS_SAMPLES_H_

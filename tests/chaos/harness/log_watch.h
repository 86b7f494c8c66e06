#ifndef GENWATCH_TESTS_CHAOS_HARNESS_LOG_WATCH_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_LOG_WATCH_H_

#include <cstddef>
#include <string>
#include <vector>

namespace genwatch::chaos {

class Cluster;

// Counts what services complain of: records of the severities WARNING and ERROR, in the logs of all
// of job_service, the workers and progress_service, since the last look. A failure that repeats
// must not flood them. Not thread-safe.
class LogWatch {
 public:
  explicit LogWatch(Cluster& cluster);

  // Also the whole lines, for the reader.
  std::vector<std::string> NewComplaints();

 private:
  struct File {
    std::string path;
    size_t read = 0;
  };
  std::vector<File> files_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_LOG_WATCH_H_

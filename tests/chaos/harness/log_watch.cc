#include "tests/chaos/harness/log_watch.h"

#include <fstream>

#include "absl/strings/match.h"
#include "tests/chaos/harness/cluster.h"

namespace genwatch::chaos {

LogWatch::LogWatch(Cluster& cluster) {
  for (int i = 0; i < cluster.job_services(); ++i) {
    files_.push_back({.path = cluster.job_service(i).log_path()});
  }
  for (int i = 0; i < cluster.workers(); ++i) {
    files_.push_back({.path = cluster.worker(i).log_path()});
  }
  for (int i = 0; i < cluster.progress_services(); ++i) {
    files_.push_back({.path = cluster.progress_service(i).log_path()});
  }
  NewComplaints();
}

std::vector<std::string> LogWatch::NewComplaints() {
  std::vector<std::string> complaints;
  for (File& file : files_) {
    std::ifstream in(file.path, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(file.read));
    std::string line;
    while (std::getline(in, line) && !in.eof()) {
      file.read += line.size() + 1;
      if (absl::StrContains(line, R"("severity":"WARNING")") ||
          absl::StrContains(line, R"("severity":"ERROR")")) {
        complaints.push_back(line);
      }
    }
  }
  return complaints;
}

}  // namespace genwatch::chaos

#include "tests/chaos/harness/process_samples.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace genwatch::chaos {

void ProcessSamples::Take(pid_t pid, absl::Duration at) {
  const std::string folder = absl::StrCat("/proc/", pid);
  // Pages: whole program, resident, ...
  double size = 0;
  double resident = 0;
  if (!(std::ifstream(folder + "/statm") >> size >> resident)) return;
  std::error_code error;
  const std::filesystem::directory_iterator open(folder + "/fd", error);
  if (error) return;
  samples_.push_back({.at = at,
                      .rss_mib = resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20),
                      .descriptors = static_cast<int>(std::distance(begin(open), end(open)))});
}

double ProcessSamples::RssSlope(absl::Duration from) const {
  const std::vector<Sample> samples = From(from);
  if (samples.size() < 3) return 0;
  const auto count = static_cast<double>(samples.size());
  double mean_at = 0;
  double mean_rss = 0;
  for (const Sample& sample : samples) {
    mean_at += absl::ToDoubleMinutes(sample.at) / count;
    mean_rss += sample.rss_mib / count;
  }
  double product = 0;
  double square = 0;
  for (const Sample& sample : samples) {
    const double x = absl::ToDoubleMinutes(sample.at) - mean_at;
    product += x * (sample.rss_mib - mean_rss);
    square += x * x;
  }
  return square > 0 ? product / square : 0;
}

int ProcessSamples::DescriptorGrowth(absl::Duration from) const {
  const std::vector<Sample> samples = From(from);
  const auto quarter = static_cast<std::ptrdiff_t>(samples.size() / 4);
  if (quarter == 0) return 0;
  const auto most = [](auto first, auto last) {
    return std::max_element(
               first, last,
               [](const Sample& a, const Sample& b) { return a.descriptors < b.descriptors; })
        ->descriptors;
  };
  return most(samples.end() - quarter, samples.end()) -
         most(samples.begin(), samples.begin() + quarter);
}

std::vector<ProcessSamples::Sample> ProcessSamples::From(absl::Duration from) const {
  std::vector<Sample> samples;
  for (const Sample& sample : samples_) {
    if (sample.at >= from) samples.push_back(sample);
  }
  return samples;
}

}  // namespace genwatch::chaos

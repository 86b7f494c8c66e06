#ifndef GENWATCH_PROGRESS_SERVICE_JOB_ID_H_
#define GENWATCH_PROGRESS_SERVICE_JOB_ID_H_

#include <string_view>

namespace genwatch {

// "job_" and 32 lower-case hexadecimal digits.
inline bool IsJobId(std::string_view text) {
  constexpr std::string_view kPrefix = "job_";
  if (text.size() != kPrefix.size() + 32 || text.substr(0, kPrefix.size()) != kPrefix) return false;
  for (const char c : text.substr(kPrefix.size())) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_JOB_ID_H_

#ifndef GENWATCH_JOB_SERVICE_IDS_H_
#define GENWATCH_JOB_SERVICE_IDS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace genwatch {

// "job_" and 32 lower-case hexadecimal digits of the kernel's randomness.
std::string NewJobId();

// INVALID_ARGUMENT (BAD_JOB_ID) that says what an id looks like.
absl::Status CheckJobId(std::string_view job_id);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_IDS_H_

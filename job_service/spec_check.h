#ifndef GENWATCH_JOB_SERVICE_SPEC_CHECK_H_
#define GENWATCH_JOB_SERVICE_SPEC_CHECK_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "genwatch/v1/job.pb.h"

namespace genwatch {

struct SpecLimits {
  size_t prompt_bytes = 64 << 10;
};

// Everything that is wrong with what a caller asks for, at once: INVALID_ARGUMENT, reason
// TOOLS_UNSUPPORTED, IMAGES_UNSUPPORTED or INVALID_SPEC, a field violation for each fault. Pure.
absl::Status CheckSpec(const v1::JobSpec& spec, const SpecLimits& limits);

// INVALID_ARGUMENT (INVALID_SPEC): the two words beside the model that say whose lengths are like a
// job's.
absl::Status CheckJobKind(const std::string& job_class, v1::Thinking think);

// INVALID_ARGUMENT (INVALID_LABEL_KEYS): keys to look for.
absl::Status CheckLabelKeys(const std::vector<std::string>& keys);

// INVALID_ARGUMENT (INVALID_HOLD): the name of a model, and a note of at most 1,000 bytes.
absl::Status CheckHold(const std::string& model, const std::string& note);

// INVALID_ARGUMENT (BAD_REQUEST_ID). Empty is good.
absl::Status CheckRequestId(std::string_view request_id);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_SPEC_CHECK_H_

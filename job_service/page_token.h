#ifndef GENWATCH_JOB_SERVICE_PAGE_TOKEN_H_
#define GENWATCH_JOB_SERVICE_PAGE_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "job_service/job_store.h"

namespace genwatch {

// Opaque to callers: where the next page begins, and a hash of the filter that it belongs to.
std::string MakePageToken(const JobFilter& filter, uint64_t before);

// 0 for an empty one. INVALID_ARGUMENT (BAD_PAGE_TOKEN) for one of another list, or none at all.
absl::StatusOr<uint64_t> ReadPageToken(const JobFilter& filter, const std::string& token);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_PAGE_TOKEN_H_

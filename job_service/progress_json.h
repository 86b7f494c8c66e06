#ifndef GENWATCH_JOB_SERVICE_PROGRESS_JSON_H_
#define GENWATCH_JOB_SERVICE_PROGRESS_JSON_H_

#include <string>

#include "absl/types/span.h"
#include "genwatch/v1/job_feed_service.pb.h"

namespace genwatch {

// The array that queries::kRecordProgress takes: numbers in the form that the ledger holds, percent
// below 100, in the order of the ids (rows are locked in it). Records whose id could be no job's
// are left out.
std::string ProgressJson(absl::Span<const v1::ProgressRecord> records);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_PROGRESS_JSON_H_

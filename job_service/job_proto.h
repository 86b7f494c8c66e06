#ifndef GENWATCH_JOB_SERVICE_JOB_PROTO_H_
#define GENWATCH_JOB_SERVICE_JOB_PROTO_H_

#include <vector>

#include "absl/time/time.h"
#include "genwatch/v1/job.pb.h"
#include "genwatch/v1/job_feed_service.pb.h"
#include "genwatch/v1/job_service.pb.h"
#include "genwatch/v1/progress.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "job_service/job.h"
#include "job_service/job_store.h"

namespace genwatch {

// From the ledger's record to the wire. Pure.

google::protobuf::Timestamp ToTimestamp(absl::Time time);

v1::Job ToJob(const JobRecord& record, v1::JobView view);

// What an operator is told of a job of somebody else: no word of what it says, nor of whose it is.
v1::Job ToOthersJob(const JobRecord& record);

// Sequence 0; queue place, wait and outage are added by the caller.
v1::Progress ToProgress(const JobRecord& record, absl::Time now);

v1::JobFixed ToJobFixed(const JobRecord& record);

// What GetJob's FULL view says more.
void AddAttempts(const JobRecord& record, const std::vector<AttemptRecord>& attempts, v1::Job& job);

// The spec's defaults filled in: deadlines, priority, resume policy.
v1::JobSpec WithDefaults(v1::JobSpec spec);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_PROTO_H_

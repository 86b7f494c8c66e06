#ifndef GENWATCH_TESTS_CHAOS_HARNESS_JOB_CLIENT_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_JOB_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "genwatch/v1/job_service.grpc.pb.h"
#include "tests/chaos/harness/jobs.h"

namespace genwatch::chaos {

// A caller of job_service. Thread-safe.
class JobClient {
 public:
  // host:port, several with commas between.
  explicit JobClient(const std::string& address);

  // One try; the job's id once it is acknowledged.
  absl::StatusOr<std::string> Submit(const JobPlan& plan,
                                     absl::Duration timeout = absl::Seconds(5));

  // Each until it is acknowledged, as a careful caller does: what is UNAVAILABLE or out of time is
  // sent again with the same request_id. Whatever else is refused ends it.
  absl::StatusOr<std::vector<SubmittedJob>> SubmitAll(const std::vector<JobPlan>& plans,
                                                      absl::Duration limit = absl::Minutes(2));

  absl::Status Cancel(const std::string& job_id, const std::string& owner,
                      absl::Duration timeout = absl::Seconds(5));

  genwatch::v1::JobService::Stub& stub() { return *stub_; }

 private:
  const std::unique_ptr<genwatch::v1::JobService::Stub> stub_;
};

// A channel that reconnects within half a second to any of the addresses.
std::shared_ptr<grpc::Channel> ChannelTo(const std::string& addresses);

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_JOB_CLIENT_H_

#ifndef GENWATCH_GENERATION_SERVICE_JOB_LEASE_CLIENT_H_
#define GENWATCH_GENERATION_SERVICE_JOB_LEASE_CLIENT_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "generation_service/event_loop.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// Calls to JobLeaseService that block nobody. Answers are called on the loop's thread, each once,
// also after a failure (with gRPC's code and the service's details). A call fails at once, with
// UNAVAILABLE, while there is no connection; the channel keeps trying to get one. Thread-safe.
class JobLeaseClient {
 public:
  template <typename Response>
  using Answer = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

  // `target`: host:port or dns:///name:port. The loop outlives it.
  JobLeaseClient(EventLoop* loop, const std::string& target);
  ~JobLeaseClient();
  JobLeaseClient(const JobLeaseClient&) = delete;
  JobLeaseClient& operator=(const JobLeaseClient&) = delete;

  void LeaseJobs(v1::LeaseJobsRequest request, absl::Duration deadline,
                 Answer<v1::LeaseJobsResponse> answer);
  void Heartbeat(v1::HeartbeatRequest request, absl::Duration deadline,
                 Answer<v1::HeartbeatResponse> answer);
  void AppendText(v1::AppendTextRequest request, absl::Duration deadline,
                  Answer<v1::AppendTextResponse> answer);
  void FinishAttempt(v1::FinishAttemptRequest request, absl::Duration deadline,
                     Answer<v1::FinishAttemptResponse> answer);

  // The long polls that wait end with CANCELLED, or with the jobs that they got just before.
  void CancelLeaseJobs();

  // On the loop's thread: from now on no answer is called any more, it is destroyed instead.
  void DropAnswers();

  // All calls end, now and later. Returns when gRPC is done with them. Not from the loop's thread.
  void Shutdown();

 private:
  struct Calls;
  const std::shared_ptr<Calls> calls_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_JOB_LEASE_CLIENT_H_

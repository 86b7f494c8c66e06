#ifndef GENWATCH_GENERATION_SERVICE_RESULT_SENDER_H_
#define GENWATCH_GENERATION_SERVICE_RESULT_SENDER_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/log_every.h"
#include "generation_service/active_job.h"
#include "generation_service/event_loop.h"
#include "generation_service/job_lease_client.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// Brings results to the ledger: tries until it answers, however long that takes. Of the loop's
// thread; the table outlives it.
class ResultSender {
 public:
  struct Backoff {
    absl::Duration shortest;
    absl::Duration longest;
  };

  // `on_settled`: the ledger has taken the result, or the lease is lost; nothing is left to say
  // about the job. May remove it.
  ResultSender(EventLoop* loop, JobLeaseClient* ledger, std::string instance, Backoff backoff,
               const JobTable* jobs, std::function<void(const LeaseKey&)> on_settled);

  // The job is kFinishing and its `result` is set. Called once for each result.
  void Start(ActiveJob& job);

 private:
  void Send(const LeaseKey& key);
  void TakeAnswer(const LeaseKey& key, const absl::StatusOr<v1::FinishAttemptResponse>& response);
  void Again(ActiveJob& job, absl::Duration wait);

  EventLoop* const loop_;
  JobLeaseClient* const ledger_;
  const std::string instance_;
  const Backoff backoff_;
  const JobTable* const jobs_;
  const std::function<void(const LeaseKey&)> on_settled_;
  LogEvery failures_{absl::Seconds(10)};
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_RESULT_SENDER_H_

#ifndef GENWATCH_GENERATION_SERVICE_LEASE_POLLS_H_
#define GENWATCH_GENERATION_SERVICE_LEASE_POLLS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/log_every.h"
#include "generation_service/event_loop.h"
#include "generation_service/job_lease_client.h"
#include "generation_service/worker_options.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// What a worker could take on now.
struct LeaseRoom {
  struct Model {
    uint32_t limit = 0;    // at once
    uint32_t running = 0;  // of them taken
    bool loaded = false;
  };
  std::map<std::string, Model> models;
  uint32_t jobs = 0;  // in all, whatever their model
  bool idle = false;  // the worker has nothing in hand
};

// Asks the ledger for jobs, by long polls, as long as there is room. A slot is offered in one poll
// at a time; one that becomes free while a poll waits is offered in another, so that no job waits
// for the end of a poll. Of the loop's thread.
class LeasePolls {
 public:
  struct Callbacks {
    // Room for nothing: the worker takes no jobs now.
    std::function<LeaseRoom()> room;
    std::function<uint32_t()> heartbeat_number;
    std::function<void(const v1::LeasedJob& job)> on_job;
  };

  LeasePolls(EventLoop* loop, JobLeaseClient* ledger, v1::Worker worker,
             const WorkerOptions& options, Callbacks callbacks);
  ~LeasePolls();
  LeasePolls(const LeasePolls&) = delete;
  LeasePolls& operator=(const LeasePolls&) = delete;

  // There may be more room than before, or none any more: then the polls that wait are given up,
  // and a job that one of them had got already still comes.
  void Update();

 private:
  struct Poll {
    std::map<std::string, uint32_t> slots;
    uint32_t jobs = 0;
  };

  void Start(const LeaseRoom& room);
  void Withdraw();
  void BeginAnewSoon();
  void TakeAnswer(uint64_t poll, const absl::StatusOr<v1::LeaseJobsResponse>& response);
  size_t PollsFor(const std::string& model) const;
  uint32_t Offered(const std::string& model) const;

  EventLoop* const loop_;
  JobLeaseClient* const ledger_;
  const v1::Worker worker_;
  const WorkerOptions options_;
  const Callbacks callbacks_;
  std::map<uint64_t, Poll> polls_;
  uint64_t last_poll_ = 0;
  EventLoop::Timer retry_timer_ = 0;
  EventLoop::Timer anew_timer_ = 0;
  bool anew_due_ = false;  // while anew_timer_ goes off
  absl::Duration backoff_;
  LogEvery failures_{absl::Seconds(10)};
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_LEASE_POLLS_H_

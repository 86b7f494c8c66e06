#ifndef GENWATCH_GENERATION_SERVICE_TEXT_KEEPER_H_
#define GENWATCH_GENERATION_SERVICE_TEXT_KEEPER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/log_every.h"
#include "generation_service/active_job.h"
#include "generation_service/event_loop.h"
#include "generation_service/job_lease_client.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// Stores the texts of running jobs as they grow: all jobs in one call, once a second, one call in
// flight. What the ledger answers to have kept decides what is sent next, so a lost answer costs
// nothing. Of the loop's thread; the table outlives it.
class TextKeeper {
 public:
  struct Callbacks {
    std::function<void(const LeaseKey&)> on_lease_lost;
    // The ledger has lowered the job's base as it was asked to.
    std::function<void(const LeaseKey&)> on_base_lowered;
    // The ledger keeps less than it said before: what is between is gone here as well.
    std::function<void(const LeaseKey&)> on_text_lost;
  };

  TextKeeper(EventLoop* loop, JobLeaseClient* ledger, std::string instance, absl::Duration interval,
             const JobTable* jobs, Callbacks callbacks);
  ~TextKeeper();
  TextKeeper(const TextKeeper&) = delete;
  TextKeeper& operator=(const TextKeeper&) = delete;

  void Start() { Tick(); }

  // Sends what there is now, or right after the call in flight.
  void Hurry();

 private:
  void Tick();
  void Send();
  struct Asked {
    LeaseKey key;
    bool lowers_base;
  };

  void TakeAnswer(const std::vector<Asked>& asked,
                  const absl::StatusOr<v1::AppendTextResponse>& response);
  void TakeKept(const Asked& asked, const v1::TextKept& kept);

  EventLoop* const loop_;
  JobLeaseClient* const ledger_;
  const std::string instance_;
  const absl::Duration interval_;
  const JobTable* const jobs_;
  const Callbacks callbacks_;
  EventLoop::Timer timer_ = 0;
  bool in_flight_ = false;
  bool hurry_ = false;
  LeaseKey last_;  // the last job of the last call: the next one starts after it
  LogEvery failures_{absl::Seconds(10)};
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_TEXT_KEEPER_H_

#ifndef GENWATCH_GENERATION_SERVICE_HEARTBEATS_H_
#define GENWATCH_GENERATION_SERVICE_HEARTBEATS_H_

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/log_every.h"
#include "generation_service/event_loop.h"
#include "generation_service/job_lease_client.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// The worker's heartbeats, which are the leases of all its jobs: one a second, numbered, one in
// flight, whatever became of the last. A lost answer costs nothing but the next number. Of the
// loop's thread.
class Heartbeats {
 public:
  struct Callbacks {
    // What to send, but for the number.
    std::function<v1::HeartbeatRequest()> fill;
    // A heartbeat that was sent at `sent_at` was answered.
    std::function<void(const v1::HeartbeatRequest& request, const v1::HeartbeatResponse& response,
                       absl::Duration sent_at)>
        on_answer;
  };

  // `lease`: how long a worker that says nothing keeps its jobs.
  Heartbeats(EventLoop* loop, JobLeaseClient* ledger, absl::Duration interval, absl::Duration lease,
             Callbacks callbacks);
  ~Heartbeats();
  Heartbeats(const Heartbeats&) = delete;
  Heartbeats& operator=(const Heartbeats&) = delete;

  // The first at once.
  void Start();
  // What was sent is still answered; nothing more is sent.
  void Stop();

  // Of the last one that was answered; 0: none.
  uint32_t last_answered() const { return last_answered_; }
  // Since one was last answered; since Start if none was.
  absl::Duration age() const { return loop_->Now() - answered_at_; }

  // False from the moment at which the loop is seen to have stood still for longer than a lease
  // (the process was stopped, the machine slept) until a heartbeat that was sent after it is
  // answered: till then others may have the jobs.
  bool MayPublish();

 private:
  void Tick();
  void Send();
  void TakeAnswer(const v1::HeartbeatRequest& request, absl::Duration sent_at,
                  const absl::StatusOr<v1::HeartbeatResponse>& response);

  EventLoop* const loop_;
  JobLeaseClient* const ledger_;
  const absl::Duration interval_;
  const absl::Duration lease_;
  const Callbacks callbacks_;
  EventLoop::Timer timer_ = 0;
  bool stopped_ = true;
  bool in_flight_ = false;
  uint32_t number_ = 0;  // of the last one sent
  uint32_t last_answered_ = 0;
  absl::Duration answered_at_;
  absl::Duration ticked_at_;
  uint32_t unmuted_by_ = 0;  // publishing waits for the answer to this one or a later; 0: it may
  absl::Duration deadline_;
  LogEvery failures_{absl::Seconds(10)};
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_HEARTBEATS_H_

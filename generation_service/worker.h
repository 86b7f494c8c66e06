#ifndef GENWATCH_GENERATION_SERVICE_WORKER_H_
#define GENWATCH_GENERATION_SERVICE_WORKER_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "common/metrics.h"
#include "common/mutex.h"
#include "generation_service/active_jobs.h"
#include "generation_service/event_loop.h"
#include "generation_service/heartbeats.h"
#include "generation_service/job_lease_client.h"
#include "generation_service/lease_polls.h"
#include "generation_service/model_client.h"
#include "generation_service/model_server_watch.h"
#include "generation_service/result_sender.h"
#include "generation_service/state_feed.h"
#include "generation_service/text_keeper.h"
#include "generation_service/worker_metrics.h"
#include "generation_service/worker_options.h"
#include "genwatch/v1/generation_service.pb.h"

namespace genwatch {

// Takes jobs from the ledger, runs them on the model server, and tells what happens: leases,
// heartbeats, text and results on one side, states on the other. Everything happens on the loop's
// thread; the public methods may be called from any other. The parts that it is given outlive it;
// the ledger's client is shut down with it.
class Worker {
 public:
  struct Parts {
    EventLoop* loop;
    JobLeaseClient* ledger;
    ModelClient* models;
    StateFeed* feed;
    Metrics* metrics;
  };

  // `on_ready`, on the loop's thread: whether the ledger and the model server both answer.
  Worker(Parts parts, WorkerOptions options, std::function<void(bool ready)> on_ready);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Begins; `address` is host:port of the GenerationService, as others reach it.
  void Start(const std::string& address);

  // Takes no more jobs, lets those that run go on for a while, hands over what is left, and waits
  // until the ledger has taken all results, or the time is over. Blocks. Once.
  void Drain();

  // Makes Drain, running or to come, hand over at once. Does not block.
  void HandOverNow();

  // Nothing is sent or called any more. Idempotent. Blocks.
  void Shutdown();

  // `answer` is called on the loop's thread; not at all after Shutdown.
  void Stop(v1::StopGenerationRequest request,
            absl::AnyInvocable<void(v1::StopGenerationResponse)> answer);
  void GetCapacity(absl::AnyInvocable<void(v1::GetCapacityResponse)> answer);

 private:
  // Exist from Start to Shutdown, on the loop's thread.
  struct Running {
    Running(Worker* worker, const Parts& parts, const WorkerOptions& options);

    WorkerMetrics metrics;
    ModelServerWatch server;
    ActiveJobs jobs;
    Heartbeats heartbeats;
    LeasePolls polls;
    TextKeeper keeper;
    ResultSender results;
  };

  v1::Worker Identity() const;
  v1::HeartbeatRequest FillHeartbeat();
  void TakeHeartbeatAnswer(const v1::HeartbeatRequest& request,
                           const v1::HeartbeatResponse& response, absl::Duration sent_at);
  LeaseRoom Room();
  void TakeJob(const v1::LeasedJob& job);
  void Tick();
  void SendRoster();
  void EndRound();
  void TakeRoomChange();
  void BeginDrain();
  void NoteIfDrained();

  const Parts parts_;
  WorkerOptions options_;
  const std::function<void(bool)> on_ready_;

  // Of the loop's thread.
  std::unique_ptr<Running> running_;
  EventLoop::Timer tick_timer_ = 0;
  EventLoop::Timer drain_timer_ = 0;
  bool roster_due_ = true;
  bool polls_due_ = false;
  bool draining_ = false;
  bool hurried_ = false;      // jobs are handed over as soon as the drain begins
  bool making_room_ = false;  // for a job that must run alone: the ledger's last word
  bool ready_ = false;
  uint64_t report_sent_ = 0;   // revision of the report in the heartbeat in flight
  uint64_t report_taken_ = 0;  // revision that the ledger has

  Mutex mutex_;
  CondVar changed_;
  bool drained_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration drain_end_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_WORKER_H_

#ifndef GENWATCH_GENERATION_SERVICE_ACTIVE_JOBS_H_
#define GENWATCH_GENERATION_SERVICE_ACTIVE_JOBS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "generation_service/active_job.h"
#include "generation_service/event_loop.h"
#include "generation_service/fault.h"
#include "generation_service/model_client.h"
#include "generation_service/model_server_watch.h"
#include "generation_service/state_feed.h"
#include "generation_service/worker_metrics.h"
#include "generation_service/worker_options.h"
#include "genwatch/v1/generation_service.pb.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// The jobs in the worker's hands: runs each on the model server, tells its states to the feed, and
// holds it from the lease until the ledger has said the last word on it. A job leaves in one
// function only, Drop. Of the loop's thread.
class ActiveJobs {
 public:
  struct Callbacks {
    // `job` is kFinishing and has its result; see to it that the ledger gets it.
    std::function<void(ActiveJob& job)> on_result;
    // A job has text that must not wait for the next round of storing.
    std::function<void()> on_urgent_text;
    // The model server works on one job less, or a job has left.
    std::function<void()> on_room;
  };

  ActiveJobs(EventLoop* loop, ModelClient* client, ModelServerWatch* server, StateFeed* feed,
             WorkerMetrics* metrics, const WorkerOptions& options, Callbacks callbacks);
  ~ActiveJobs();
  ActiveJobs(const ActiveJobs&) = delete;
  ActiveJobs& operator=(const ActiveJobs&) = delete;

  // Runs a job. No effect for a lease that is in hand already.
  void Accept(const v1::LeasedJob& lease);

  // Why a job is given back; it goes on elsewhere, at no cost.
  struct HandOverReason {
    const char* reason;  // stable, UPPER_SNAKE
    const char* message;
  };
  static constexpr HandOverReason kDraining = {
      "WORKER_DRAINING", "The worker is being shut down; another one takes the job."};
  static constexpr HandOverReason kNoModelServer = {
      "MODEL_SERVER_UNREACHABLE", "The worker's model server does not answer; the job waits."};
  static constexpr HandOverReason kStopNotStored = {
      "STOP_NOT_STORED", "The job was stopped, but that could not be stored; it goes on."};

  // Gives a lease back that was just read, unrun.
  void HandBack(const v1::LeasedJob& lease, const HandOverReason& why);

  // As GenerationService.StopGeneration: closes the connection and answers what the ledger lacks.
  v1::StopGenerationResponse Stop(const v1::StopGenerationRequest& request);

  // The ledger's last words on a job. No effect for one that is not in hand.
  void TakeStop(const v1::StopJob& stop);   // by a heartbeat
  void Settle(const LeaseKey& key);         // its result was taken, or came too late
  void TakeLeaseLost(const LeaseKey& key);  // on its text: the heartbeat's word is still awaited

  // The ledger has lowered the job's base: its new text may be shown.
  void TakeBaseLowered(const LeaseKey& key);

  // Text of it is lost on both sides; the attempt fails.
  void TakeTextLost(const LeaseKey& key);

  // Stopped jobs that the ledger still counted as ours in a heartbeat sent at `sent_at`.
  void HandOverStopped(absl::Duration sent_at);

  // All that run or are stopped, with the text so far.
  void HandOverAll();

  // Tells the feed what has changed since the last call.
  void Publish();
  // Tells it anew about jobs of which nothing was said for a while: their times go on.
  void Refresh();

  const JobTable& table() const { return table_; }
  bool has_alone() const;
  std::map<std::string, uint32_t> running_by_model() const;
  size_t results_waiting() const;
  // All in hand, for heartbeats.
  std::vector<v1::HeldJob> held() const;
  // Those that the worker has something to say about, for rosters.
  std::vector<v1::HeldJob> reported() const;

 private:
  void Begin(const v1::LeasedJob& lease);
  void Run(ActiveJob& job, const v1::LeasedJob& lease);
  void Converse(ActiveJob& job);
  void TakeEvent(const LeaseKey& key, const GenerationEvent& event);
  void TakeText(ActiveJob& job, const AnswerText& text, uint32_t chunks = 1);
  void TakeFailure(ActiveJob& job, const Failure& failure);
  // Of attempts with kept text.
  void BeginWithKeptText(ActiveJob& job, const v1::LeasedJob& lease);
  void HearContinuation(ActiveJob& job, const AnswerText& text);
  bool EndContinuation(ActiveJob& job);
  void TakeVerdict(ActiveJob& job, ContinuationGuard::Verdict verdict);
  void GoOn(ActiveJob& job);
  void StartOver(ActiveJob& job, const char* why);
  void WantLowerBase(ActiveJob& job);
  void ReturnToKept(ActiveJob& job);

  void Finish(ActiveJob& job, AttemptResult result);
  void HandOver(ActiveJob& job, const HandOverReason& why);
  void EndGeneration(ActiveJob& job);
  void CloseConversation(ActiveJob& job);
  bool MayBeWedged(const ActiveJob& job) const;
  void Touch(ActiveJob& job);
  void PublishJob(ActiveJob& job);
  void PublishEnded(ActiveJob& job);
  void Drop(const LeaseKey& key);
  ActiveJob* Find(const LeaseKey& key);
  std::string LabelOf(const std::string& model) const;

  EventLoop* const loop_;
  ModelClient* const client_;
  ModelServerWatch* const server_;
  StateFeed* const feed_;
  WorkerMetrics* const metrics_;
  const WorkerOptions options_;
  const Callbacks callbacks_;
  JobTable table_;
  std::vector<LeaseKey> changed_;
  // Models of which an answer was broken off by us, and none has begun since.
  std::set<std::string> broken_off_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_ACTIVE_JOBS_H_

#ifndef GENWATCH_TESTS_GENERATION_SERVICE_FAKE_LEDGER_H_
#define GENWATCH_TESTS_GENERATION_SERVICE_FAKE_LEDGER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/grpc_server.h"
#include "common/mutex.h"
#include "common/timer.h"
#include "genwatch/v1/job_lease_service.grpc.pb.h"

namespace genwatch {

// A JobLeaseService over real gRPC, in memory, in the hands of a test. Keeps the texts as the
// ledger does: by offset, without gaps, answering the kept length. Thread-safe.
class FakeLedger : public v1::JobLeaseService::CallbackService {
 public:
  // `port` 0: any free one.
  explicit FakeLedger(int port = 0);
  ~FakeLedger() override;

  // Null if the port is taken.
  static std::unique_ptr<FakeLedger> StartAt(int port);

  int port() const { return server_->port(); }
  std::string address() const { return server_->address(); }

  // ---- what the test does

  // Waits for a worker with a free slot of its model.
  void Submit(v1::LeasedJob job);
  // Text of an earlier attempt.
  void Keep(const std::string& job_id, std::string answer, std::string thinking = "");
  // What the next heartbeat that lists the job says about it, and all later ones.
  void StopByHeartbeat(const std::string& job_id, v1::StopReason reason);
  // What heartbeats are told from now on: a job that must run alone waits for this worker.
  void MakeRoom(bool make_room);
  void LoseLease(const std::string& job_id);  // as AppendText and FinishAttempt see it
  // The next calls of this method fail; OK ends that.
  void FailHeartbeats(absl::Status status);
  void FailAppends(absl::Status status);
  void FailFinishes(absl::Status status);
  // Stores, but the answer is lost: the caller sees UNAVAILABLE.
  void LoseNextAppendAnswer();

  // ---- what it has seen

  struct Finished {
    v1::FinishAttemptRequest request;
    std::string answer;  // the whole texts, kept before and given with it
    std::string thinking;
  };
  std::vector<v1::HeartbeatRequest> heartbeats();
  uint32_t last_heartbeat();
  std::vector<v1::LeaseJobsRequest> lease_requests();
  size_t waiting_polls();
  std::string kept_answer(const std::string& job_id);
  std::string kept_thinking(const std::string& job_id);
  std::vector<Finished> finished();
  int finish_calls();
  int append_calls();
  // Requests to lower a base, those repeated included.
  int lowered_bases();

  // ---- JobLeaseService

  grpc::ServerUnaryReactor* LeaseJobs(grpc::CallbackServerContext* context,
                                      const v1::LeaseJobsRequest* request,
                                      v1::LeaseJobsResponse* response) override;
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const v1::HeartbeatRequest* request,
                                      v1::HeartbeatResponse* response) override;
  grpc::ServerUnaryReactor* AppendText(grpc::CallbackServerContext* context,
                                       const v1::AppendTextRequest* request,
                                       v1::AppendTextResponse* response) override;
  grpc::ServerUnaryReactor* FinishAttempt(grpc::CallbackServerContext* context,
                                          const v1::FinishAttemptRequest* request,
                                          v1::FinishAttemptResponse* response) override;

 private:
  class Poll;
  struct Unstarted {};
  explicit FakeLedger(Unstarted) {}
  absl::Status StartServer(int port);
  struct Texts {
    std::string answer;
    std::string thinking;
  };

  // The jobs that a poll could take, removed from the queue.
  std::vector<v1::LeasedJob> TakeJobsLocked(const v1::LeaseJobsRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void KeepLocked(const std::string& job_id,
                  const google::protobuf::RepeatedPtrField<v1::TextPiece>& pieces)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LowerLocked(const v1::TextAppend& append) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Expire(uint64_t poll);
  void Answer(uint64_t poll, std::vector<v1::LeasedJob> jobs, const absl::Status& status);

  TimerQueue timers_;
  Mutex mutex_;
  std::deque<v1::LeasedJob> queue_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, Poll*> polls_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_poll_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, v1::StopReason> stops_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<std::string, uint32_t>> lowered_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> lost_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Texts> texts_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::HeartbeatRequest> heartbeats_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::LeaseJobsRequest> lease_requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<Finished> finished_ ABSL_GUARDED_BY(mutex_);
  absl::Status heartbeat_failure_ ABSL_GUARDED_BY(mutex_);
  absl::Status append_failure_ ABSL_GUARDED_BY(mutex_);
  absl::Status finish_failure_ ABSL_GUARDED_BY(mutex_);
  bool make_room_ ABSL_GUARDED_BY(mutex_) = false;
  bool lose_append_answer_ ABSL_GUARDED_BY(mutex_) = false;
  int finish_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  int lowered_bases_ ABSL_GUARDED_BY(mutex_) = 0;
  int append_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<GrpcServer> server_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_GENERATION_SERVICE_FAKE_LEDGER_H_

#ifndef GENWATCH_TESTS_PROGRESS_SERVICE_FAKE_WORKER_H_
#define GENWATCH_TESTS_PROGRESS_SERVICE_FAKE_WORKER_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/grpc_server.h"
#include "common/mutex.h"
#include "common/periodic.h"
#include "genwatch/v1/generation_service.grpc.pb.h"
#include "progress_service/lease_bases.h"

namespace genwatch {

// A worker as progress_service sees it: its state feed, on a real port, saying what the test says.
// Thread-safe.
class FakeWorker final : public v1::GenerationService::CallbackService {
 public:
  // Port 0: any.
  explicit FakeWorker(int port = 0);
  ~FakeWorker() override;

  std::string address() const { return server_->address(); }
  int port() const { return server_->port(); }

  // Holds a lease from now on, in phase prompt.
  void Begin(const std::string& job_id, uint32_t version, const std::vector<v1::LeaseBase>& bases,
             const v1::LengthHistory& history = {});
  // New text, one token.
  void Append(const std::string& job_id, const std::string& text,
              v1::Channel channel = v1::CHANNEL_ANSWER);
  // The model is done; the lease is still held.
  void End(const std::string& job_id);
  // It is held no longer.
  void Drop(const std::string& job_id);

  // Breaks all feeds; they may come back.
  void CutFeeds();
  // Says nothing at all from now on, with the connection standing.
  void SetSilent(bool silent);
  void SetHeartbeatAge(uint32_t ms);

  int feeds() const;
  // Also those that are gone.
  int feeds_opened() const;
  // What the last subscriber said it holds.
  v1::StreamStatesRequest last_request() const;

  grpc::ServerWriteReactor<v1::StreamStatesResponse>* StreamStates(
      grpc::CallbackServerContext* context, const v1::StreamStatesRequest* request) override;

 private:
  class Feed;
  struct Job {
    v1::WorkerState state;
    v1::LeaseFixed fixed;
    TextLengths base = {};
    std::array<std::string, kChannels> texts;  // from the base on
  };

  void Tick();
  void WakeAll();
  void Changed(Job& job);

  mutable Mutex mutex_;
  std::map<std::string, Job> jobs_ ABSL_GUARDED_BY(mutex_);
  std::set<std::shared_ptr<Feed>> feeds_ ABSL_GUARDED_BY(mutex_);
  v1::StreamStatesRequest last_request_ ABSL_GUARDED_BY(mutex_);
  uint32_t heartbeat_age_ms_ ABSL_GUARDED_BY(mutex_) = 100;
  int feeds_opened_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t roster_number_ ABSL_GUARDED_BY(mutex_) = 1;
  bool silent_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<Periodic> ticks_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_PROGRESS_SERVICE_FAKE_WORKER_H_

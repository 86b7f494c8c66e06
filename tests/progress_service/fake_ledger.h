#ifndef GENWATCH_TESTS_PROGRESS_SERVICE_FAKE_LEDGER_H_
#define GENWATCH_TESTS_PROGRESS_SERVICE_FAKE_LEDGER_H_

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/grpc_server.h"
#include "common/mutex.h"
#include "genwatch/v1/job_feed_service.grpc.pb.h"
#include "progress_service/lease_bases.h"

namespace genwatch {

// job_service as progress_service sees it, on a real port: a ledger in memory that the test writes.
// Thread-safe.
class FakeLedger final : public v1::JobFeedService::CallbackService {
 public:
  FakeLedger();
  ~FakeLedger() override;

  std::string address() const { return server_->address(); }

  // Queued, version 1.
  void Submit(const std::string& job_id, const std::string& owner);
  // Leased: a higher version, `keep` says whether the text stands. Answers all leases.
  std::vector<v1::LeaseBase> Lease(const std::string& job_id, bool keep,
                                   const std::string& worker_address = "");
  void Store(const std::string& job_id, const std::string& text,
             v1::Channel channel = v1::CHANNEL_ANSWER);
  // Any other change of state, with a higher version.
  void Move(const std::string& job_id, v1::Job::State state);
  // Changes the snapshot without a new version.
  void Edit(const std::string& job_id, const std::function<void(v1::Progress&)>& edit);
  uint32_t version(const std::string& job_id) const;

  // All calls fail with UNAVAILABLE.
  void SetDown(bool down);

  int state_calls() const;
  // How often a job was asked about.
  int asked(const std::string& job_id) const;
  std::vector<v1::RecordProgressRequest> recordings() const;
  std::vector<v1::EstimateScore> scores() const;

  grpc::ServerUnaryReactor* GetJobStates(grpc::CallbackServerContext* context,
                                         const v1::GetJobStatesRequest* request,
                                         v1::GetJobStatesResponse* response) override;
  grpc::ServerUnaryReactor* ReadTexts(grpc::CallbackServerContext* context,
                                      const v1::ReadTextsRequest* request,
                                      v1::ReadTextsResponse* response) override;
  grpc::ServerUnaryReactor* RecordProgress(grpc::CallbackServerContext* context,
                                           const v1::RecordProgressRequest* request,
                                           v1::RecordProgressResponse* response) override;
  grpc::ServerUnaryReactor* RecordScores(grpc::CallbackServerContext* context,
                                         const v1::RecordScoresRequest* request,
                                         v1::RecordScoresResponse* response) override;
  grpc::ServerUnaryReactor* ListActive(grpc::CallbackServerContext* context,
                                       const v1::ListActiveRequest* request,
                                       v1::ListActiveResponse* response) override;

 private:
  struct Job {
    v1::JobStateEntry entry;
    v1::JobFixed fixed;
    std::array<std::string, kChannels> texts;
  };

  mutable Mutex mutex_;
  std::map<std::string, Job> jobs_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> asked_ ABSL_GUARDED_BY(mutex_);
  int state_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  bool down_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<v1::RecordProgressRequest> recordings_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::EstimateScore> scores_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<GrpcServer> server_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_PROGRESS_SERVICE_FAKE_LEDGER_H_

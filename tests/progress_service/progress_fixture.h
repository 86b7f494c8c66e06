#ifndef GENWATCH_TESTS_PROGRESS_SERVICE_PROGRESS_FIXTURE_H_
#define GENWATCH_TESTS_PROGRESS_SERVICE_PROGRESS_FIXTURE_H_

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/grpc_server.h"
#include "common/mutex.h"
#include "common/timer.h"
#include "genwatch/v1/progress_service.grpc.pb.h"
#include "progress_service/active_jobs.h"
#include "progress_service/ledger_poll.h"
#include "progress_service/progress_hub.h"
#include "progress_service/progress_service.h"
#include "progress_service/recorder.h"
#include "progress_service/watchers.h"
#include "progress_service/worker_feeds.h"
#include "tests/progress_service/fake_ledger.h"
#include "tests/progress_service/fake_worker.h"

namespace genwatch {

// A whole progress_service in this process, on a port of its own.
class ProgressReplica {
 public:
  struct Options {
    size_t max_text_bytes = size_t{64} << 20;
    absl::Duration write_deadline = absl::Seconds(60);
  };
  ProgressReplica(const std::string& ledger, const std::string& workers)
      : ProgressReplica(ledger, workers, Options()) {}
  ProgressReplica(const std::string& ledger, const std::string& workers, const Options& options);
  ~ProgressReplica();

  std::string address() const { return server_->address(); }
  bool ready() const { return ready_; }
  ProgressHub& hub() { return *hub_; }
  Watchers& watchers() { return *watchers_; }
  Metrics& metrics() { return *registry_; }

 private:
  std::unique_ptr<Metrics> registry_;
  ProgressMetrics metrics_;
  std::unique_ptr<TimerQueue> timers_;
  std::unique_ptr<ProgressHub> hub_;
  std::unique_ptr<ActiveJobs> active_;
  std::unique_ptr<Watchers> watchers_;
  std::unique_ptr<ProgressServiceImpl> service_;
  std::unique_ptr<GrpcServer> server_;
  std::atomic<bool> ready_ = false;
  std::unique_ptr<LedgerPoll> poll_;
  std::unique_ptr<WorkerFeeds> feeds_;
  std::unique_ptr<Recorder> recorder_;
};

// Somebody who watches, on a thread of their own, and checks what all are promised: the order never
// falls, text is told once each and in order. Thread-safe.
class WatchClient {
 public:
  struct Options {
    std::string user = "ada";
    std::vector<v1::WatchTarget> targets;
    bool mine_active = false;
    bool text = true;
    double max_rate = 0;
    uint32_t heartbeat_ms = 0;
    // Reads nothing until Resume.
    bool paused = false;
    // What it holds already, as its cursors say.
    std::map<std::string, std::array<std::string, kChannels>> held;
  };
  WatchClient(const std::string& address, Options options);
  ~WatchClient();

  // Of one job.
  struct View {
    std::array<std::string, kChannels> texts;
    std::string cursor;
    v1::Progress progress;  // the last one
    std::vector<v1::Progress> snapshots;
    std::vector<v1::TextReset> resets;
    std::vector<v1::LeaseBase> bases;
    std::vector<absl::Time> times;  // of the updates
    int updates = 0;
    bool terminal = false;
    std::optional<v1::WatchError> error;
  };

  // Waits until it holds; false after 20 s.
  bool Await(const std::function<bool(const WatchClient&)>& predicate);
  bool AwaitText(const std::string& job_id, const std::string& answer);
  bool AwaitState(const std::string& job_id, v1::Job::State state);
  // The status that the stream ended with, or nothing after 20 s.
  std::optional<grpc::Status> AwaitEnd();

  View view(const std::string& job_id) const;
  int messages() const;
  int heartbeats() const;
  std::vector<std::string> faults() const;
  void Resume();
  void Cancel() { context_.TryCancel(); }

 private:
  void Read();
  void Take(const v1::WatchProgressResponse& message);

  const Options options_;
  grpc::ClientContext context_;
  std::unique_ptr<v1::ProgressService::Stub> stub_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::map<std::string, View> views_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> faults_ ABSL_GUARDED_BY(mutex_);
  int messages_ ABSL_GUARDED_BY(mutex_) = 0;
  int heartbeats_ ABSL_GUARDED_BY(mutex_) = 0;
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> status_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

v1::WatchTarget TargetOf(const std::string& job_id, const std::string& cursor = "");
std::string JobIdOf(int number);

// A ledger, a worker and one replica between them.
class ProgressFixture : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Submitted by ada, and leased by the worker.
  void Run(const std::string& job_id);
  // Another lease.
  void RunAgain(const std::string& job_id, bool keep);
  // The worker says so, and the ledger stores it.
  void Say(const std::string& job_id, const std::string& text);
  // The end of a job as it really goes: ended, stored, dropped.
  void Complete(const std::string& job_id);

  std::unique_ptr<WatchClient> Watch(const std::string& job_id, const std::string& cursor = "",
                                     bool text = true);
  grpc::Status GetProgress(const std::string& job_id, v1::GetProgressResponse* response,
                           const std::string& user = "ada");

  const std::string job_ = JobIdOf(1);
  std::unique_ptr<FakeLedger> ledger_;
  std::unique_ptr<FakeWorker> worker_;
  std::unique_ptr<ProgressReplica> replica_;
};

}  // namespace genwatch

#endif  // GENWATCH_TESTS_PROGRESS_SERVICE_PROGRESS_FIXTURE_H_

#ifndef GENWATCH_PROGRESS_SERVICE_WATCH_PROGRESS_REACTOR_H_
#define GENWATCH_PROGRESS_SERVICE_WATCH_PROGRESS_REACTOR_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "common/timer.h"
#include "genwatch/v1/progress_service.pb.h"
#include "progress_service/watch_session.h"

namespace genwatch {

// The stream of one WatchProgress call: takes messages from its session while the peer takes them,
// one write at a time. Thread-safe. Keeps itself alive until gRPC is done with it; what it is given
// outlives it.
class WatchProgressReactor final : public grpc::ServerWriteReactor<v1::WatchProgressResponse>,
                                   public std::enable_shared_from_this<WatchProgressReactor> {
 public:
  // A peer that takes no message for so long has stopped reading.
  static constexpr absl::Duration kWriteDeadline = absl::Seconds(60);

  struct Parts {
    ProgressHub* hub = nullptr;
    ActiveJobs* active = nullptr;
    TimerQueue* timers = nullptr;
    const Clock* clock = nullptr;
    absl::Duration write_deadline = kWriteDeadline;
  };

  // Begins. `on_done` is called once, last.
  static std::shared_ptr<WatchProgressReactor> Create(
      const Parts& parts, grpc::CallbackServerContext* context, WatchPlan plan,
      std::function<void(WatchProgressReactor*)> on_done);
  void Begin();

  // Ends the stream, after a write in progress.
  void End(const absl::Status& status);

  enum class Tick { kNothing, kPeerDropped };
  // To be called each half second: heartbeats, and peers that stopped reading.
  Tick OnTick();

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  enum class Phase {
    kBuilding,  // somebody makes the next message; only they start operations
    kWriting,
    kIdle,
  };

  WatchProgressReactor(const Parts& parts, grpc::CallbackServerContext* context,
                       absl::Duration heartbeat,
                       std::function<void(WatchProgressReactor*)> on_done);

  void Wake();
  // With the phase kBuilding, which makes the caller the only one who uses the session.
  void Pump();
  void Write(std::unique_ptr<v1::WatchProgressResponse> response);
  void FinishOnce(const absl::Status& status);
  void WakeAt(absl::Duration due);

  const Parts parts_;
  grpc::CallbackServerContext* const context_;
  const absl::Duration heartbeat_;
  const std::function<void(WatchProgressReactor*)> on_done_;
  std::unique_ptr<WatchSession> session_;
  std::shared_ptr<WatchProgressReactor> self_;  // until OnDone

  Mutex mutex_;
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kBuilding;
  bool dirty_ ABSL_GUARDED_BY(mutex_) = false;
  bool heartbeat_due_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  // Raised when a write begins and when it is done, so that who started one can tell.
  uint64_t write_serial_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<v1::WatchProgressResponse> response_ ABSL_GUARDED_BY(mutex_);
  absl::Duration last_write_ ABSL_GUARDED_BY(mutex_);
  absl::Duration write_deadline_ ABSL_GUARDED_BY(mutex_);
  std::thread::id canceller_ ABSL_GUARDED_BY(mutex_);  // who is about to use the context
  CondVar cancelled_;
  TimerId timer_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration timer_due_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_WATCH_PROGRESS_REACTOR_H_

#ifndef GENWATCH_GENERATION_SERVICE_STREAM_STATES_REACTOR_H_
#define GENWATCH_GENERATION_SERVICE_STREAM_STATES_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <memory>

#include "absl/base/thread_annotations.h"
#include "common/mutex.h"
#include "generation_service/state_feed.h"
#include "genwatch/v1/generation_service.pb.h"

namespace genwatch {

// One StreamStates call: gives a subscriber what it lacks, one write at a time. While a write is in
// flight nothing is queued; what changed meanwhile is collected when it is done. Holds itself until
// gRPC is done with it. Thread-safe. The feed outlives the server.
class StreamStatesReactor : public grpc::ServerWriteReactor<v1::StreamStatesResponse>,
                            public std::enable_shared_from_this<StreamStatesReactor> {
 public:
  static grpc::ServerWriteReactor<v1::StreamStatesResponse>* Start(
      StateFeed* feed, const v1::StreamStatesRequest& request);

  StreamStatesReactor(StateFeed* feed, const v1::StreamStatesRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  enum class Step { kNone, kWrite, kFinish, kFinishCancelled };

  void Wake();
  // Decided under the lock, taken without it.
  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Take(Step step) ABSL_LOCKS_EXCLUDED(mutex_);

  StateFeed* const feed_;
  Mutex mutex_;
  FeedCursor cursor_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  v1::StreamStatesResponse message_;  // gRPC's while writing_
  std::unique_ptr<StateFeed::Subscription> subscription_;
  std::shared_ptr<StreamStatesReactor> self_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_STREAM_STATES_REACTOR_H_

#ifndef GENWATCH_TESTS_BENCH_WATCH_GRPC_VIEWERS_H_
#define GENWATCH_TESTS_BENCH_WATCH_GRPC_VIEWERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/mutex.h"
#include "genwatch/v1/progress_service.grpc.pb.h"

namespace genwatch::bench {

// Viewers over gRPC, a stream each, over a few connections. What they read are answers of the
// simulator's bench model: each chunk carries the instant of its writing, so the age of a chunk is
// known when its last byte is here. Both clocks are this machine's. Thread-safe.
class GrpcViewers {
 public:
  // As for InternalChannel.
  GrpcViewers(const std::string& address, int connections);
  // Cancels all streams, and waits for their ends.
  ~GrpcViewers();

  // No limit of the rate unless `max_rate` is above 0.
  void Watch(const std::string& job_id, const std::string& owner, double max_rate = 0);

  struct Counts {
    int streams = 0;
    int begun = 0;  // something was heard
    int ended = 0;  // the terminal state was
    int broken = 0;
    int gaps = 0;
    uint64_t chunks = 0;
    uint64_t messages = 0;
  };
  Counts counts() const;

  // Ages of the chunks since the last call, ms.
  std::vector<double> TakeAges();
  // What each viewer was shown, in the order of the calls of Watch.
  std::vector<std::string> Texts() const;

 private:
  class Viewer;

  std::vector<std::unique_ptr<v1::ProgressService::Stub>> stubs_;
  mutable Mutex mutex_;
  CondVar done_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Viewer>> viewers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch::bench

#endif  // GENWATCH_TESTS_BENCH_WATCH_GRPC_VIEWERS_H_

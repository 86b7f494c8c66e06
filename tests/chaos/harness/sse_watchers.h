#ifndef GENWATCH_TESTS_CHAOS_HARNESS_SSE_WATCHERS_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_SSE_WATCHERS_H_

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "tests/chaos/harness/shown_job.h"

namespace genwatch::chaos {

// Any number of browsers that watch by server-sent events, on one thread. Each does as an
// EventSource does: a stream that ends without a last event is opened again after the time that the
// server asked for, from the last id, at the next of the bridges, as behind a load balancer.
// Thread-safe.
class SseWatchers {
 public:
  // Of http_bridges: host:port each, IPv4.
  explicit SseWatchers(std::vector<std::string> addresses);
  ~SseWatchers();
  SseWatchers(const SseWatchers&) = delete;
  SseWatchers& operator=(const SseWatchers&) = delete;

  using Id = int;
  // Watches one job with its texts; `cursor`: from there on, with so much of the answer in hand,
  // else from the beginning.
  Id Watch(const std::string& job_id, const std::string& cursor = "",
           const std::string& answer = "");
  // Watches all active jobs with their texts, until it is forgotten.
  Id WatchMine();

  struct Seen {
    // By job_id.
    std::map<std::string, ShownJob> jobs;
    Breaches breaches;
    // Nothing will follow; when that was shown, and why the job can't be watched, if it can't.
    bool ended = false;
    absl::Duration ended_at;
    std::string refusal;
    // Streams that were answered, events on them, and reasons of resets.
    int streams = 0;
    int events = 0;
    std::vector<std::string> resets;
    // Of the first stream: its status, and when its first event came.
    int status = 0;
    absl::Duration first_event_at;
    // Longest time without a byte until then, on streams that were asked for.
    absl::Duration longest_mute;
    // Each time that a stream broke: until the first event of the next.
    std::vector<absl::Duration> resumed;
  };
  Seen Of(Id id) const;
  bool Ended(Id id) const;
  // Closes its stream.
  void Forget(Id id);

  // The longest time between two events of each viewer whose text has begun and that has not ended,
  // of those times that did not end before the last call.
  std::vector<absl::Duration> TakeSilences();

 private:
  struct Viewer;

  void Run();
  Id Add(std::unique_ptr<Viewer> viewer);
  void Open(Viewer& viewer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Close(Viewer& viewer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Read(Viewer& viewer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Broken(Viewer& viewer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Take(Viewer& viewer, std::string_view event, std::string_view data);

  const std::vector<std::string> addresses_;
  const int epoll_;
  mutable Mutex mutex_;
  std::map<Id, std::unique_ptr<Viewer>> viewers_ ABSL_GUARDED_BY(mutex_);
  Id last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t next_address_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_SSE_WATCHERS_H_

#ifndef GENWATCH_TESTS_CHAOS_HARNESS_JOB_WATCHER_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_JOB_WATCHER_H_

#include <grpcpp/client_context.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "genwatch/v1/progress_service.grpc.pb.h"
#include "tests/chaos/harness/jobs.h"

namespace genwatch::chaos {

// What a watcher was shown of a job.
struct Seen {
  uint32_t version = 0;
  uint32_t sequence = 0;
  genwatch::v1::Job::State state = genwatch::v1::Job::STATE_UNSPECIFIED;
  // Nothing will follow; when that was shown.
  bool terminal = false;
  absl::Duration ended_at;
  std::string answer;
  std::string thinking;
  std::string cursor;
  // When the first text under a version came, on RealClock()->Monotonic().
  std::map<uint32_t, absl::Duration> first_text;
  // When the newest came, and the longest time between two under one version.
  absl::Duration last_text;
  absl::Duration longest_silence;
};

// Watches jobs of one owner with their texts, as a careful client does: a broken stream is opened
// again from the cursors. Notes each breach of what watchers are promised: (version, sequence)
// never falls, text comes once and in order, nothing follows the terminal state, the stream does
// not end before. Thread-safe.
class JobWatcher {
 public:
  // At most 50 jobs. `address`: host:port of progress_services, several with commas between.
  JobWatcher(const std::string& address, const std::vector<SubmittedJob>& jobs);
  // All active jobs of an owner, as they join and leave, until it is destroyed.
  static std::unique_ptr<JobWatcher> OfAllActive(const std::string& address,
                                                 const std::string& owner);
  ~JobWatcher();

  Seen Of(const std::string& job_id) const;
  // All jobs' terminal states were shown.
  bool Done() const;
  // Since anything was heard, if it watches a job whose text has begun and that has not ended; else
  // zero.
  absl::Duration mute_for() const;
  // Breaches, in words.
  std::vector<std::string> problems() const;
  // Of these: text that does not follow what was shown, and text that was shown before.
  int gaps() const;
  int repeats() const;
  // Streams that were opened.
  int streams() const;
  // Each time that a stream broke: until the first update on a next one.
  std::vector<absl::Duration> resumed() const;

 private:
  JobWatcher(const std::string& address, std::string owner, const std::vector<SubmittedJob>& jobs,
             bool all_active);

  void Watch();
  // False when it is over.
  bool FillRequest(genwatch::v1::WatchProgressRequest& request);
  void Take(const genwatch::v1::JobUpdate& update) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeProgress(const genwatch::v1::Progress& progress, Seen& seen)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeText(const genwatch::v1::JobUpdate& update, Seen& seen)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteProblem(const std::string& job_id, const std::string& problem)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string owner_;
  const bool all_active_;
  const std::unique_ptr<genwatch::v1::ProgressService::Stub> stub_;
  mutable Mutex mutex_;
  CondVar stopped_;
  std::map<std::string, Seen> jobs_ ABSL_GUARDED_BY(mutex_);
  // Jobs that can't be watched on this stream; it goes on without them.
  std::set<std::string> refused_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> problems_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::ClientContext> context_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int streams_ ABSL_GUARDED_BY(mutex_) = 0;
  int gaps_ ABSL_GUARDED_BY(mutex_) = 0;
  int repeats_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration heard_at_ ABSL_GUARDED_BY(mutex_);
  absl::Duration broken_at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();
  std::vector<absl::Duration> resumed_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

// What one stream takes.
inline constexpr size_t kWatchedByOne = 50;

// Watchers for any number of jobs of one owner, 50 a stream: the job i is watched by the watcher
// i / kWatchedByOne.
std::vector<std::unique_ptr<JobWatcher>> WatchAll(const std::string& address,
                                                  const std::vector<SubmittedJob>& jobs);

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_JOB_WATCHER_H_

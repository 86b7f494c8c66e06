#ifndef GENWATCH_TESTS_CHAOS_HARNESS_AUDIENCE_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_AUDIENCE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/chaos/harness/expected_text.h"
#include "tests/chaos/harness/http_get.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/job_watcher.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/report.h"
#include "tests/chaos/harness/shown_job.h"
#include "tests/chaos/harness/sse_watchers.h"

namespace genwatch::chaos {

class Cluster;

// So many jobs at any time, each before so many viewers over gRPC and over server-sent events, and
// before some who watch several at once. A job whose viewers have all seen its end makes room for
// the next. Not thread-safe.
class Audience {
 public:
  struct Options {
    int jobs = 10;
    int grpc_each = 4;
    int sse_each = 10;
    // Over gRPC: who watch a list of the jobs that there are when they come, and come again when
    // all of these have ended; and who watch all jobs that are active.
    int lists = 0;
    int all_active = 0;
  };

  // `plans` are submitted in order, for as long as there are any.
  Audience(Cluster& cluster, const Options& options, std::vector<JobPlan> plans, Report& report);

  // Looks after the viewers, and begins jobs where there is room. To be called often.
  absl::Status Tend();
  // The same, until then.
  absl::Status TendFor(absl::Duration length);
  // Begins no more; until all ends were seen. What is not seen in time is counted as missed.
  void Finish(absl::Duration deadline);

  // Of each of the SSE viewers that has text, since the last call.
  std::vector<absl::Duration> TakeSilences() { return sse_.TakeSilences(); }

  // Of those over gRPC whose jobs have text and have not ended: the longest time without a word
  // until now.
  absl::Duration LongestMute() const;

  const std::vector<SubmittedJob>& jobs() const { return submitted_; }
  // Of all viewers so far that are done.
  const Breaches& breaches() const { return breaches_; }
  int viewers() const { return viewers_; }
  int ends_missed() const { return ends_missed_; }
  int wrong_texts() const { return wrong_texts_; }
  // Until the first update after a stream broke, s.
  const std::vector<double>& resumed_grpc() const { return resumed_grpc_; }
  const std::vector<double>& resumed_sse() const { return resumed_sse_; }

 private:
  struct Stage {
    SubmittedJob job;
    std::vector<std::unique_ptr<JobWatcher>> grpc;
    std::vector<SseWatchers::Id> sse;
    bool Done(const SseWatchers& watchers) const;
  };

  // Who watches several jobs.
  struct Group {
    std::vector<SubmittedJob> jobs;
    std::unique_ptr<JobWatcher> watcher;  // null: nobody yet
  };

  absl::Status Begin();
  void Close(Stage& stage);
  void TendLists();
  void Judge(const JobWatcher& watcher, const std::vector<SubmittedJob>& jobs,
             const std::string& who);
  absl::StatusOr<ExpectedText> Expected(const SubmittedJob& job);
  void Look(const std::string& answer, const ExpectedText& expected, const std::string& who);

  Cluster& cluster_;
  const Options options_;
  const std::vector<JobPlan> plans_;
  Report& report_;
  JobClient client_;
  HttpGetter http_;
  SseWatchers sse_;
  std::vector<Stage> stages_;
  std::vector<Group> lists_;
  std::vector<std::unique_ptr<JobWatcher>> all_active_;
  std::vector<SubmittedJob> submitted_;
  std::map<std::string, ExpectedText> expected_;
  Breaches breaches_;
  int viewers_ = 0;
  int ends_missed_ = 0;
  int wrong_texts_ = 0;
  std::vector<double> resumed_grpc_;
  std::vector<double> resumed_sse_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_AUDIENCE_H_

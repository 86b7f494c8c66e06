#include "progress_service/recorder.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace genwatch {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(500);
constexpr size_t kMaxRecords = 2000;  // in one call
// Jobs end in bursts; what is more waits for the next time.
constexpr size_t kMaxScores = 2000;

}  // namespace

std::string ProgressLine(const v1::ProgressRecord& record) {
  const v1::JobNumbers& numbers = record.numbers();
  // Rounded down, as 100 % is for what is stored.
  return absl::StrFormat("Progress: %u tokens | %.1f tok/s | %d%% | %.1fs elapsed | %s",
                         numbers.current_tokens(), numbers.tokens_per_second(),
                         static_cast<int>(std::floor(numbers.percent())),
                         numbers.elapsed_ms() / 1000.0, record.job_id());
}

Recorder::Recorder(const std::string& target, ProgressHub* hub, bool console,
                   ProgressMetrics metrics)
    : hub_(hub),
      console_(console),
      metrics_(metrics),
      client_(target),
      periodic_("recorder", kInterval, [this] { Run(); }) {}

void Recorder::Run() {
  RecordScores();
  std::vector<ProgressHub::Unrecorded> records = hub_->TakeUnrecorded();
  if (console_) {
    std::string lines;
    for (const ProgressHub::Unrecorded& one : records) {
      if (one.print) absl::StrAppendFormat(&lines, "%s\n", ProgressLine(one.record));
    }
    if (!lines.empty()) {
      std::fwrite(lines.data(), 1, lines.size(), stdout);
      std::fflush(stdout);
    }
  }
  {
    // One at a time: what is not stored now is newer next time.
    MutexLock lock(mutex_);
    if (recording_ > 0) return;
    recording_ = static_cast<int>((records.size() + kMaxRecords - 1) / kMaxRecords);
  }
  for (size_t i = 0; i < records.size(); i += kMaxRecords) {
    const size_t end = std::min(records.size(), i + kMaxRecords);
    Record({std::make_move_iterator(records.begin() + i),
            std::make_move_iterator(records.begin() + end)});
  }
}

// A call that fails is not repeated: a few scores less change no statistics.
void Recorder::RecordScores() {
  std::vector<v1::EstimateScore> scores = hub_->TakeScores(kMaxScores);
  if (scores.empty()) return;
  const auto count = static_cast<double>(scores.size());
  v1::RecordScoresRequest request;
  request.mutable_scores()->Assign(scores.begin(), scores.end());
  client_.RecordScores(std::move(request),
                       [this, count](absl::StatusOr<v1::RecordScoresResponse> response) {
                         if (!response.ok()) metrics_.scores_dropped.Increment(count);
                       });
}

void Recorder::Record(std::vector<ProgressHub::Unrecorded> records) {
  v1::RecordProgressRequest request;
  for (const ProgressHub::Unrecorded& one : records) *request.add_records() = one.record;
  client_.RecordProgress(
      std::move(request),
      [this, records = std::move(records)](absl::StatusOr<v1::RecordProgressResponse> response) {
        if (response.ok()) {
          ProgressHub::MarkRecorded(records);
          metrics_.rows_recorded.Increment(response->recorded());
        } else {
          metrics_.recordings_failed.Increment();
        }
        MutexLock lock(mutex_);
        --recording_;
      });
}

}  // namespace genwatch

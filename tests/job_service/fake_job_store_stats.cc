#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "job_service/model_stats.h"
#include "tests/job_service/fake_job_store.h"

namespace genwatch {
namespace {

using KindKey = std::tuple<std::string, std::string, int>;

KindKey KeyOf(const LengthKind& kind) { return {kind.model, kind.job_class, kind.think}; }

}  // namespace

absl::StatusOr<PrunedLengths> FakeJobStore::PruneLengths(const LengthKind& after, size_t kinds) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::map<KindKey, LengthKind> all;
  for (const LengthLesson& lesson : lessons_) {
    const LengthKind kind{lesson.model, lesson.job_class, lesson.think};
    all[KeyOf(kind)] = kind;
  }
  PrunedLengths pruned{.last = after};
  for (size_t i = 0; i < kinds; ++i) {
    const auto next = all.upper_bound(KeyOf(pruned.last));
    if (next == all.end()) {
      pruned.last = {};
      break;
    }
    pruned.last = next->second;
    size_t of_kind = 0;
    size_t of_model = 0;
    pruned.deleted += std::erase_if(lessons_, [&](const LengthLesson& lesson) {
      if (lesson.model != next->second.model) return false;
      if (++of_model > kModelLengths) return true;
      return KeyOf({lesson.model, lesson.job_class, lesson.think}) == next->first &&
             ++of_kind > kHistoryLengths;
    });
  }
  return pruned;
}

absl::StatusOr<uint32_t> FakeJobStore::RecordScores(absl::Span<const v1::EstimateScore> scores) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  uint32_t recorded = 0;
  for (const v1::EstimateScore& score : scores) {
    const Entry* const entry = FindLocked(score.job_id());
    if (entry == nullptr || entry->job.state != v1::Job::STATE_COMPLETED) continue;
    if (scores_.emplace(score.job_id(), score).second) ++recorded;
  }
  return recorded;
}

absl::StatusOr<size_t> FakeJobStore::CountEnded(absl::Duration settled, size_t limit) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::map<JobState, size_t> counted;
  size_t most = 0;
  for (const auto& [job_id, entry] : jobs_) {
    const JobRecord& job = entry.job;
    if (!IsTerminal(job.state) || job.state_since > Now() - settled) continue;
    if (counted[job.state] >= limit || !counted_.insert(job_id).second) continue;
    most = std::max(most, ++counted[job.state]);
    EndedJob ended{.model = job.spec.model(),
                   .state = job.state,
                   .ended_at = job.state_since,
                   .numbers = job.numbers};
    if (const auto score = scores_.find(job_id); score != scores_.end()) {
      ended.score = score->second;
    }
    CountJob(ended, days_[{ended.model, DayOf(ended.ended_at)}]);
    for (EstimateSampleRecord& sample : SamplesOf(ended)) samples_.push_back(std::move(sample));
    // The oldest of the model are one too many.
    size_t of_model = std::count_if(samples_.begin(), samples_.end(), [&ended](const auto& sample) {
      return sample.model == ended.model;
    });
    std::erase_if(samples_, [&](const EstimateSampleRecord& sample) {
      return sample.model == ended.model && of_model > kKeptSamples && of_model-- > 0;
    });
  }
  return most;
}

absl::StatusOr<std::vector<ModelDayRecord>> FakeJobStore::ModelDays(const std::string& model,
                                                                    int32_t first_day) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<ModelDayRecord> days;
  for (const auto& [key, stats] : days_) {
    if (key.second < first_day || (!model.empty() && key.first != model)) continue;
    days.push_back({.model = key.first, .day = key.second, .stats = stats});
  }
  return days;
}

absl::StatusOr<std::vector<EstimateSampleRecord>> FakeJobStore::ListEstimateSamples(
    const std::string& model, size_t limit) {
  MutexLock lock(mutex_);
  if (absl::Status status = CheckLocked(); !status.ok()) return status;
  std::vector<EstimateSampleRecord> samples;
  for (auto it = samples_.rbegin(); it != samples_.rend() && samples.size() < limit; ++it) {
    if (model.empty() || it->model == model) samples.push_back(*it);
  }
  return samples;
}

}  // namespace genwatch

#include "job_service/queue_feeder.h"

#include <utility>

#include "common/log.h"

namespace genwatch {
namespace {

// Past it a walk over all that waits is cheaper.
constexpr size_t kMostMissed = 10'000;

}  // namespace

QueueEntry QueueEntryOf(const JobRecord& job) {
  return {.job_id = job.job_id,
          .order = job.row_id,
          .model = job.spec.model(),
          .owner_id = job.owner_id,
          .priority = job.spec.priority(),
          .score = job.score};
}

bool IsDue(const JobRecord& job) {
  return job.state == v1::Job::STATE_QUEUED && !job.not_before.has_value();
}

void QueueFeeder::Enqueue(absl::Span<const JobRecord> jobs) {
  std::vector<QueueEntry> entries;
  for (const JobRecord& job : jobs) {
    if (IsDue(job)) entries.push_back(QueueEntryOf(job));
  }
  if (entries.empty()) return;
  if (absl::StatusOr<uint32_t> added = queue_->Enqueue(entries, /*rebuilding=*/false);
      !added.ok()) {
    trouble_.Log(LogLevel::kWarning, "jobs not queued; the reconciler tries again",
                 {{"jobs", entries.size()}, ErrorField(added.status())});
    MutexLock lock(mutex_);
    for (const QueueEntry& entry : entries) RememberLocked(entry.job_id);
  } else {
    trouble_.Reset();
  }
}

void QueueFeeder::RememberLocked(const std::string& job_id) {
  if (missed_.job_ids.size() < kMostMissed) {
    missed_.job_ids.push_back(job_id);
  } else {
    missed_.more = true;
  }
}

QueueFeeder::Missed QueueFeeder::TakeMissed() {
  MutexLock lock(mutex_);
  return std::exchange(missed_, {});
}

void QueueFeeder::Remember(const Missed& missed) {
  MutexLock lock(mutex_);
  for (const std::string& job_id : missed.job_ids) RememberLocked(job_id);
  missed_.more |= missed.more;
}

void QueueFeeder::Remove(const JobRecord& job) {
  if (absl::Status status = queue_->Remove(QueueEntryOf(job)); !status.ok()) {
    trouble_.Log(LogLevel::kWarning, "job not taken out of the queue; its lease will be refused",
                 {{"job_id", job.job_id}, ErrorField(status)});
  }
}

void QueueFeeder::Reprioritize(const JobRecord& job) {
  if (absl::Status status = queue_->Reprioritize(QueueEntryOf(job)); !status.ok()) {
    trouble_.Log(LogLevel::kWarning, "job not moved in the queue; the reconciler will",
                 {{"job_id", job.job_id}, ErrorField(status)});
  }
}

}  // namespace genwatch

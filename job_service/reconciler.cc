#include "job_service/reconciler.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/types/span.h"
#include "common/failpoint.h"
#include "common/log.h"

namespace genwatch {
namespace {

constexpr size_t kRebuildPage = 1000;
constexpr size_t kWalkPage = 500;
constexpr uint32_t kSweepPage = 200;
constexpr size_t kMostDueAtOnce = 200;
// The walk and the sweep only repair what a crash left behind.
constexpr uint64_t kRunsPerWalk = 4;
constexpr uint64_t kRunsPerDeadlines = 2;

std::vector<QueueEntry> DueEntries(const std::vector<JobRecord>& jobs) {
  std::vector<QueueEntry> entries;
  for (const JobRecord& job : jobs) {
    if (IsDue(job)) entries.push_back(QueueEntryOf(job));
  }
  return entries;
}

}  // namespace

void Reconciler::Run() {
  if (absl::Status status = RunOnce(); !status.ok()) {
    trouble_.Log(LogLevel::kWarning, "the queue is not in step with the ledger",
                 {ErrorField(status)});
  } else if (trouble_.Reset()) {
    LogInfo("the queue is in step with the ledger again");
  }
}

absl::Status Reconciler::RunOnce() {
  // Waiting deadlines hold whether or not there is a queue. A second late is early enough.
  if (looks_++ % kRunsPerDeadlines == 0) {
    absl::StatusOr<std::vector<JobRecord>> expired = store_->ExpireWaiting(kMostDueAtOnce);
    if (!expired.ok()) return expired.status();
    for (const JobRecord& job : *expired) feeder_->Remove(job);
  }

  absl::StatusOr<bool> filled = WalkAll();
  if (!filled.ok()) return filled.status();
  // Nothing is queued before.
  if (!*filled) return absl::OkStatus();
  if (absl::Status status = QueueMissed(); !status.ok()) return status;
  absl::StatusOr<std::vector<JobRecord>> due = store_->TakeDueRetries(kMostDueAtOnce);
  if (!due.ok()) return due.status();
  GENWATCH_FAILPOINT("retries_taken");
  feeder_->Enqueue(*due);
  if (absl::Status status = queue_->PutBackStale().status(); !status.ok()) return status;
  if (runs_++ % kRunsPerWalk != 0) return absl::OkStatus();
  if (absl::Status status = WalkOnePage(); !status.ok()) return status;
  return SweepOnePage();
}

absl::StatusOr<bool> Reconciler::WalkAll() {
  absl::StatusOr<bool> rebuilt = queue_->IsRebuilt();
  if (!rebuilt.ok()) return rebuilt.status();
  absl::StatusOr<std::string> server_id = queue_->ServerId();
  if (!server_id.ok()) return server_id.status();
  FullWalk& walk = full_walk_;
  // Another replica was faster, or the server is not the one that it was.
  if (*rebuilt && !walk.marked) walk = {};
  if (walk.server_id != *server_id || (walk.marked && !*rebuilt)) walk = {};
  if (*rebuilt && walk.server_id.empty()) return true;
  walk.server_id = *server_id;

  for (int pages = 0; pages < pages_per_run_; ++pages) {
    absl::StatusOr<std::vector<JobRecord>> page = store_->ListWaiting(walk.after, kRebuildPage);
    if (!page.ok()) return page.status();
    absl::StatusOr<uint32_t> count = queue_->Enqueue(DueEntries(*page), /*rebuilding=*/true);
    if (!count.ok()) return count.status();
    GENWATCH_FAILPOINT("rebuild_page_added");
    walk.added += *count;
    if (!page->empty()) walk.after = page->back().row_id;
    if (page->size() == kRebuildPage) continue;
    if (walk.marked) {
      LogInfo("queue filled from the ledger",
              {{"jobs", walk.added}, {"redis_run_id", walk.server_id}});
      walk = {};
      return true;
    }
    // Once more after it is marked, for what was committed between the last page and the mark.
    if (absl::Status status = queue_->MarkRebuilt(walk.server_id); !status.ok()) return status;
    walk.marked = true;
  }
  // Once it is marked, the others need not wait for the rest.
  return walk.marked;
}

absl::Status Reconciler::QueueMissed() {
  QueueFeeder::Missed missed = feeder_->TakeMissed();
  if (missed.more && full_walk_.server_id.empty()) {
    absl::StatusOr<std::string> server_id = queue_->ServerId();
    if (!server_id.ok()) {
      feeder_->Remember(missed);
      return server_id.status();
    }
    full_walk_ = {.server_id = *server_id, .marked = true};
  }
  // Some of them may have been leased through the other replica's walk, or cancelled.
  for (size_t i = 0; i < missed.job_ids.size(); i += kWalkPage) {
    const size_t end = std::min(missed.job_ids.size(), i + kWalkPage);
    absl::StatusOr<std::vector<JobRecord>> jobs =
        store_->GetManyBriefly(absl::MakeConstSpan(missed.job_ids).subspan(i, end - i));
    if (!jobs.ok()) {
      missed.job_ids.erase(missed.job_ids.begin(),
                           missed.job_ids.begin() + static_cast<std::ptrdiff_t>(i));
      // The full walk is on its way.
      missed.more = false;
      feeder_->Remember(missed);
      return jobs.status();
    }
    feeder_->Enqueue(*jobs);
  }
  return absl::OkStatus();
}

absl::Status Reconciler::WalkOnePage() {
  absl::StatusOr<std::vector<JobRecord>> page = store_->ListWaiting(walk_after_, kWalkPage);
  if (!page.ok()) return page.status();
  walk_after_ = page->size() < kWalkPage ? 0 : page->back().row_id;
  absl::StatusOr<uint32_t> added = queue_->Enqueue(DueEntries(*page), /*rebuilding=*/false);
  if (!added.ok()) return added.status();
  if (*added > 0) LogInfo("missing jobs queued again", {{"jobs", *added}});
  return absl::OkStatus();
}

absl::Status Reconciler::SweepOnePage() {
  absl::StatusOr<std::vector<QueueSize>> sizes = queue_->Sizes();
  if (!sizes.ok()) return sizes.status();
  if (sizes->empty()) return absl::OkStatus();
  std::vector<std::string> models;
  for (const QueueSize& size : *sizes) models.push_back(size.model);
  std::sort(models.begin(), models.end());
  auto model = std::lower_bound(models.begin(), models.end(), sweep_model_);
  if (model == models.end()) model = models.begin();
  if (*model != sweep_model_) sweep_from_ = 0;
  sweep_model_ = *model;

  absl::StatusOr<std::vector<std::string>> ids =
      queue_->Peek(sweep_model_, sweep_from_, kSweepPage);
  if (!ids.ok()) return ids.status();
  if (ids->size() < kSweepPage) {
    sweep_model_.push_back('\0');  // the next greater name
  } else {
    sweep_from_ += kSweepPage;
  }
  if (ids->empty()) return absl::OkStatus();
  absl::StatusOr<std::vector<JobRecord>> jobs = store_->GetManyBriefly(*ids);
  if (!jobs.ok()) return jobs.status();
  std::set<std::string> ghosts(ids->begin(), ids->end());
  for (const JobRecord& job : *jobs) {
    if (job.state == v1::Job::STATE_QUEUED) ghosts.erase(job.job_id);
  }
  for (const std::string& job_id : ghosts) {
    if (absl::Status status = queue_->Remove({.job_id = job_id, .model = *model}); !status.ok()) {
      return status;
    }
  }
  if (!ghosts.empty()) LogInfo("jobs that no longer wait swept", {{"jobs", ghosts.size()}});
  return absl::OkStatus();
}

}  // namespace genwatch

#include "job_service/bookkeeper.h"

#include <cstddef>

#include "common/log.h"

namespace genwatch {
namespace {

constexpr size_t kPage = 2000;
// 20,000 jobs each ten seconds: more than can end in that time, so that a backlog is caught up.
constexpr int kPagesPerRun = 10;
// Where nothing ends little grows, and the ledger is left in peace.
constexpr size_t kKindsAtRest = 3;
constexpr size_t kKindsAtWork = 50;

}  // namespace

void Bookkeeper::Run() {
  if (absl::Status status = RunOnce(); !status.ok()) {
    trouble_.Log(LogLevel::kWarning, "ended jobs are not counted", {ErrorField(status)});
  } else if (trouble_.Reset()) {
    LogInfo("ended jobs are counted again");
  }
}

absl::Status Bookkeeper::RunOnce() {
  bool ended = false;
  for (int page = 0; page < kPagesPerRun; ++page) {
    const absl::StatusOr<size_t> counted = store_->CountEnded(settled_, kPage);
    if (!counted.ok()) return counted.status();
    ended |= *counted > 0;
    if (*counted < kPage) break;
  }
  const absl::StatusOr<PrunedLengths> pruned =
      store_->PruneLengths(pruned_, ended ? kKindsAtWork : kKindsAtRest);
  if (!pruned.ok()) return pruned.status();
  pruned_ = pruned->last;
  if (pruned->deleted > 0) LogDebug("lengths deleted", {{"rows", pruned->deleted}});
  return absl::OkStatus();
}

}  // namespace genwatch

#include "job_service/reaper.h"

#include "common/failpoint.h"
#include "common/log.h"

namespace genwatch {

void Reaper::Run() {
  const absl::Status status = Look();
  health_->Set(status.ok());
  if (!status.ok()) {
    // An outage of the ledger looks like silence of all workers: what was seen before counts no
    // more.
    watch_.Forget();
    trouble_.Log(LogLevel::kWarning, "the ledger does not answer", {ErrorField(status)});
  } else if (trouble_.Reset()) {
    LogInfo("the ledger answers again");
  }
}

absl::Status Reaper::Look() {
  // A server that can be read from and not written to would make all workers look silent.
  if (absl::Status probe = store_->Probe(); !probe.ok()) return probe;
  absl::StatusOr<std::vector<WorkerRecord>> workers = store_->ListWorkers();
  if (!workers.ok()) return workers.status();
  for (const WorkerRecord& lost : watch_.Observe(*workers, clock_->Monotonic())) {
    const std::string& instance = lost.worker.instance();
    absl::StatusOr<std::vector<JobRecord>> jobs =
        store_->ReapWorker(instance, lost.heartbeat_number);
    // It has beaten meanwhile, or another replica was first.
    if (absl::IsAborted(jobs.status()) || absl::IsNotFound(jobs.status())) continue;
    if (!jobs.ok()) return jobs.status();
    LogWarning("worker lost", {{"instance", instance},
                               {"address", lost.worker.address()},
                               {"heartbeat", lost.heartbeat_number},
                               {"jobs", jobs->size()}});
    GENWATCH_FAILPOINT("reap_committed");
    feeder_->Enqueue(*jobs);
  }
  return absl::OkStatus();
}

}  // namespace genwatch

#ifndef GENWATCH_JOB_SERVICE_JOB_CHANGE_H_
#define GENWATCH_JOB_SERVICE_JOB_CHANGE_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "genwatch/v1/job.pb.h"
#include "genwatch/v1/job_lease_service.pb.h"
#include "job_service/job.h"
#include "job_service/job_state.h"

namespace genwatch {

// What a change of state writes into a job's record, pure: every store does the same. Each raises
// `version` and expects that CanTransition was asked. `now` is the ledger's clock.

struct LeaseTerms {
  v1::Worker worker;
  bool alone = false;
  double score = 0;
  // The worker can go on from kept text.
  bool continues = false;
};

// QUEUED to PROCESSING. Kept text stands (the base is its length) if the worker can go on from it
// and the job does not ask to restart; else the base is 0 and no text is kept. Numbers but for the
// elapsed time are forgotten.
void ApplyLease(const LeaseTerms& terms, absl::Time now, JobRecord& job);

// Lowers the base of the job's lease, and the text to it: per channel, if `base` is less. Answers
// whether anything changed. What was stored behind a lowered base is no longer kept.
bool ApplyLowerBase(const v1::LeaseBase& base, JobRecord& job);

// CONTINUED or RESTARTED, by the base of a lease that began with kept text.
v1::ResumeMode ResumeModeOf(bool had_text, const v1::LeaseBase& base);

// Out of any state into `change.to`. Ends the lease if there is one.
void ApplyChange(const Change& change, absl::Time now, JobRecord& job);

// A loss is also counted.
void ApplyLoss(const Change& change, bool stored_new_text, absl::Time now, JobRecord& job);

// What a loss that counted has cost (MayTakeBackLoss). It remains a loss, and the job what it is:
// no change of state.
void ApplyLossTakenBack(JobRecord& job);

// Of a job that waits or is paused. Its place in the queue moves by the difference of what the two
// priorities are worth, as if it had been submitted with the new one. No change of state.
void ApplyPriority(v1::Priority priority, JobRecord& job);

// Takes over what the progress service says of a job that runs, except what the ledger knows
// better: lengths of texts, and elapsed time that would fall. Percent stays below 100.
void ApplyProgress(const v1::JobNumbers& reported, absl::Time now, JobRecord& job);

// The same for what a worker says at the end of its attempt; it knows no percent and no time left.
// Before ApplyChange.
void ApplyFinalNumbers(const v1::JobNumbers& reported, absl::Time now, JobRecord& job);

bool HasText(const v1::JobNumbers& numbers);
// Whether text was kept under the lease that the job is under, or under one of this base.
bool StoredNewText(const JobRecord& job);
bool StoredNewText(const v1::JobNumbers& numbers, const v1::LeaseBase& base);

// In the form that the ledger's columns hold: two decimals, no fractions that never end, words and
// sentences within their limits (64 and 4096 bytes).
v1::JobNumbers Storable(v1::JobNumbers numbers);
std::string StorableReason(std::string_view reason);
std::string StorableMessage(std::string_view message);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_JOB_CHANGE_H_

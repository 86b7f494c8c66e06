#ifndef GENWATCH_JOB_SERVICE_TEXT_ROWS_H_
#define GENWATCH_JOB_SERVICE_TEXT_ROWS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "job_service/job_store.h"
#include "job_service/mariadb/connection.h"

namespace genwatch {

// The pieces of a job's texts. The job's row is locked by the caller, who also stores the lengths.
//
// Pieces are never rewritten. Each attempt's begin at its base or behind; what stands of them ends
// where the smallest base of the attempts after it begins. So a piece that a lowered base cuts
// through stays as it is, and is read up to there; those that begin behind the base are deleted.

// For an attempt that starts over.
absl::Status DropTexts(mariadb::Connection& connection, uint64_t row_id);

// ApplyLowerBase on the rows of the running attempt; lowers `kept` likewise. A base inside of a
// character is moved to the character's beginning.
absl::Status LowerBase(mariadb::Connection& connection, uint64_t row_id, uint32_t attempt,
                       const v1::LeaseBase& asked, TextLength& kept);

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_TEXT_ROWS_H_

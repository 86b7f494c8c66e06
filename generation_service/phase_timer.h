#ifndef GENWATCH_GENERATION_SERVICE_PHASE_TIMER_H_
#define GENWATCH_GENERATION_SERVICE_PHASE_TIMER_H_

#include <vector>

#include "absl/time/time.h"
#include "genwatch/v1/progress.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace genwatch {

// The phases that an attempt has gone through, each with its own time. Phases only go forward.
// Pure; not thread-safe. Times are of one monotonic clock.
class PhaseTimer {
 public:
  PhaseTimer(v1::Phase first, absl::Duration now);

  // No effect if the attempt is in this phase or past it.
  void Enter(v1::Phase phase, absl::Duration now);

  v1::Phase current() const { return phases_.back().phase; }

  // The current phase lasts until `now`.
  void Fill(absl::Duration now, google::protobuf::RepeatedPtrField<v1::PhaseTime>* out) const;

 private:
  struct Entry {
    v1::Phase phase;
    absl::Duration start;
  };

  std::vector<Entry> phases_;  // in order; at most one of each
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_PHASE_TIMER_H_

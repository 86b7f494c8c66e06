#include "generation_service/phase_timer.h"

#include <cstddef>

#include "generation_service/wire_numbers.h"

namespace genwatch {

PhaseTimer::PhaseTimer(v1::Phase first, absl::Duration now) : phases_({{first, now}}) {}

void PhaseTimer::Enter(v1::Phase phase, absl::Duration now) {
  if (phase > current()) phases_.push_back({phase, now});
}

void PhaseTimer::Fill(absl::Duration now,
                      google::protobuf::RepeatedPtrField<v1::PhaseTime>* out) const {
  for (size_t i = 0; i < phases_.size(); ++i) {
    const absl::Duration end = i + 1 < phases_.size() ? phases_[i + 1].start : now;
    v1::PhaseTime* time = out->Add();
    time->set_phase(phases_[i].phase);
    time->set_start_ms(WireMs(phases_[i].start - phases_[0].start));
    time->set_duration_ms(WireMs(end - phases_[i].start));
  }
}

}  // namespace genwatch

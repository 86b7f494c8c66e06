#ifndef GENWATCH_COMMON_FAILPOINT_H_
#define GENWATCH_COMMON_FAILPOINT_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

// A named place in a narrow window (committed, and not yet told) where tests make a fault happen.
// A statement of functions that return absl::Status or absl::StatusOr. Without GENWATCH_FAILPOINTS
// it is nothing, and the name is not in the program: only the programs of
// tests/chaos/failpoints are built with it, and they alone link failpoint.cc.
#ifdef GENWATCH_FAILPOINTS
#define GENWATCH_FAILPOINT(name)                                                    \
  do {                                                                              \
    if (absl::Status reached = ::genwatch::failpoint::Reach(name); !reached.ok()) { \
      return reached;                                                               \
    }                                                                               \
  } while (false)
#else
#define GENWATCH_FAILPOINT(name) static_cast<void>(0)
#endif

namespace genwatch::failpoint {

// Arms failpoints, in place of all that were armed before. A spec is rules and a seed, between
// semicolons: "submit_committed=crash@1in3; finish_committed=error*100; seed=7". A rule is
// name=action, then in this order, each optional:
//   @1inN   each reach with the probability 1/N, drawn from the seed; else each one
//   *K      at most K times
// Actions: crash (SIGKILL to itself), error (the function returns UNAVAILABLE, FAILPOINT),
// delay(MS). INVALID_ARGUMENT for anything else; then nothing has changed.
//
// A program that links this takes its first spec from the environment variable
// GENWATCH_FAILPOINTS, and ends with exit code 2 when that is none. What happens is appended to the
// file GENWATCH_FAILPOINTS_LOG names, before it happens: a line "name action" each.
absl::Status Arm(std::string_view spec);

// Does what is armed for `name`. Called by the macro. Thread-safe.
absl::Status Reach(std::string_view name);

// How often something was done at `name` since it was armed.
uint64_t Injected(std::string_view name);

}  // namespace genwatch::failpoint

#endif  // GENWATCH_COMMON_FAILPOINT_H_

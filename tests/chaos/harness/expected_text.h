#ifndef GENWATCH_TESTS_CHAOS_HARNESS_EXPECTED_TEXT_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_EXPECTED_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "tests/chaos/harness/http_get.h"
#include "tests/chaos/harness/jobs.h"

namespace genwatch::chaos {

struct ExpectedText {
  std::string answer;
  std::string thinking;
};

// What the simulator says that it would answer to the job, whole. Texts are a pure function of the
// prompt, so one simulator speaks for all.
absl::StatusOr<ExpectedText> AskExpectedText(HttpGetter& http, const std::string& simulator_url,
                                             const JobPlan& plan);

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_EXPECTED_TEXT_H_

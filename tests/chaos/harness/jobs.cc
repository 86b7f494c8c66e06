#include "tests/chaos/harness/jobs.h"

#include "absl/strings/str_format.h"

namespace genwatch::chaos {

std::vector<JobPlan> PlanJobs(Random random, int count, const JobKind& kind) {
  std::vector<JobPlan> plans;
  plans.reserve(count);
  for (int i = 0; i < count; ++i) {
    const uint64_t tag = random.Next();
    plans.push_back(
        {.owner = kind.owner,
         .model = kind.model,
         .prompt = absl::StrFormat(
             "Tell me about storm %d, number %016x. [[sim: tokens=%d rate=%d]]", i, tag,
             random.Between(kind.least_tokens, kind.most_tokens), kind.tokens_per_second),
         .request_id = absl::StrFormat("%s-%d-%016x", kind.owner, i, tag),
         .silence_ms = kind.silence_ms});
  }
  return plans;
}

}  // namespace genwatch::chaos

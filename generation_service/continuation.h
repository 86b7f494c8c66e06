#ifndef GENWATCH_GENERATION_SERVICE_CONTINUATION_H_
#define GENWATCH_GENERATION_SERVICE_CONTINUATION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "generation_service/fault.h"
#include "generation_service/model_patterns.h"
#include "genwatch/v1/job_lease_service.pb.h"

namespace genwatch {

// Going on from the kept text of an earlier attempt instead of starting over. Model servers have no
// such call: one is given a conversation whose last message is the beginning of the answer, and
// what it makes of that depends on the model's template. No I/O. The functions are thread-safe, the
// guard is not.

// How an attempt begins.
struct ContinuationPlan {
  // Else it starts over, and `why_not` says why, in words for the log.
  bool continues = false;
  const char* why_not = "";
  // What the model is given as the beginning of its answer: the kept answer without the white space
  // at its end, because templates trim it and tokens begin with it.
  std::string prefill;
  // Of both kept texts: an estimate, a token for each four bytes. Chunks were not counted across
  // attempts, and are no tokens either.
  uint32_t kept_tokens = 0;
};

// `lease` has kept text that stands (its base is above 0).
ContinuationPlan PlanContinuation(const v1::LeasedJob& lease, const ModelPatterns& continuing);

// The job as a conversation that ends with the beginning of the answer: system and prompt become
// messages, the tokens to make are lowered by the kept ones (at least 1 stays), and a model that
// thinks (`thinks`: unless it is told not to) is told not to, because it has done so, or was not
// asked to, and servers refuse to go on from an answer while they think.
v1::JobSpec ContinuedSpec(const v1::LeasedJob& lease, const ContinuationPlan& plan, bool thinks);

// A failure that may be due to the prefill and not to the job: refused templates ("Assistant
// response prefill is incompatible with enable_thinking", "Cannot have 2 or more assistant
// messages"), a prompt that became too long. The job's own request tells.
bool MayBeRefusedPrefill(const Failure& failure);

// Looks at the beginning of what a model says after a prefill, until it is clear whether it goes
// on, repeats what it was given (echo), or starts a new answer. Who listens holds the text back
// until then. When in doubt the answer is to start over, which is always right and costs only time:
// so the job's text is the kept one with its continuation, or a new one, never a mixture.
//
// Known limits: a repetition of one character, and another answer that begins like the rest of a
// text (with a small letter, or with white space and none of the usual openers), are taken for a
// continuation.
class ContinuationGuard {
 public:
  enum class Verdict {
    kHold,       // not clear yet
    kGoOn,       // `continuation` follows the kept text
    kStartOver,  // what was heard is not the rest of the kept answer
  };

  // `kept`: the whole kept answer, with the white space at its end.
  explicit ContinuationGuard(std::string_view kept);

  // More of the answer, valid UTF-8, cut at character borders. Not after another verdict than
  // kHold.
  Verdict Add(std::string_view text);
  // The answer has ended: never kHold.
  Verdict End();

  // After kGoOn: what is to be appended to the kept text, without what repeats it.
  const std::string& continuation() const { return continuation_; }
  // Bytes held back.
  size_t held() const { return heard_.size(); }

 private:
  Verdict Judge(bool ended);
  Verdict GoOn(std::string_view rest, bool ended);

  const std::string prefill_;  // the kept answer without the white space at its end
  const std::string space_;    // that white space
  std::string heard_;
  std::string continuation_;
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_CONTINUATION_H_

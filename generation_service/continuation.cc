#include "generation_service/continuation.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace genwatch {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
// Less is not worth the risk of taking a repetition for a continuation.
constexpr size_t kShortestPrefill = 32;
constexpr uint32_t kBytesPerToken = 4;

// So many bytes equal to the beginning of the kept text are no coincidence.
constexpr size_t kSameBeginning = 8;
// So many bytes equal to the end of the kept text are an echo; fewer may be chance.
constexpr size_t kCertainEcho = 24;
// How far back an echo may begin, if it is not the whole text.
constexpr size_t kLongestTail = 1024;

// By these words models begin an answer, not a line in the midst of one.
constexpr std::array<std::string_view, 10> kOpeners = {
    "Sure", "Certainly", "Of course", "Here is",   "Here's",
    "Okay", "I'm sorry", "I apologi", "As an AI ", "Absolutely",
};

std::string_view WithoutSpaceAtEnd(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

std::string_view WithoutSpaceAtStart(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kSpace), text.size()));
}

size_t CommonPrefix(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  return static_cast<size_t>(std::mismatch(a.begin(), a.begin() + size, b.begin()).first -
                             a.begin());
}

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsOneCharacter(std::string_view text) {
  return std::none_of(text.begin() + 1, text.end(),
                      [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

// How the end of one text and the beginning of another overlap.
struct Overlap {
  size_t bytes = 0;   // longest whole overlap
  bool open = false;  // `heard` may become a longer one
};

Overlap FindOverlap(std::string_view prefill, std::string_view heard) {
  Overlap overlap;
  const size_t first = prefill.size() - std::min(prefill.size(), kLongestTail);
  for (size_t start = first; start < prefill.size(); ++start) {
    const std::string_view tail = prefill.substr(start);
    const size_t common = CommonPrefix(tail, heard);
    if (common == tail.size()) {
      overlap.bytes = common;
      return overlap;
    }
    if (common == heard.size()) overlap.open = true;
  }
  return overlap;
}

enum class Look { kLikeARest, kLikeAStart, kNotClear };

// Whether `heard` begins like a new answer rather than like the rest of `prefill`.
Look LookOf(std::string_view prefill, std::string_view heard) {
  const char last = prefill.back();
  const std::string_view words = WithoutSpaceAtStart(heard);
  if (words.empty()) return Look::kNotClear;
  if (words.size() == heard.size()) {
    // The next word of a text begins with white space; a capital letter without it may be the rest
    // of a name, but is how answers begin.
    return IsUpper(words.front()) ? Look::kLikeAStart : Look::kLikeARest;
  }
  const bool in_sentence = IsLower(last) || IsDigit(last) || last == ',';
  if (!in_sentence) return Look::kLikeARest;
  for (const std::string_view opener : kOpeners) {
    const size_t common = CommonPrefix(words, opener);
    if (common == opener.size()) return Look::kLikeAStart;
    if (common == words.size()) return Look::kNotClear;
  }
  return Look::kLikeARest;
}

const char* WhyNot(const v1::LeasedJob& lease, std::string_view prefill,
                   const ModelPatterns& continuing) {
  const v1::JobSpec& spec = lease.spec();
  if (spec.resume_policy() == v1::RESUME_POLICY_RESTART) return "the job asks for it";
  if (lease.answer().empty()) return "the kept text ends in the thinking";
  // The grammar would begin at its root, in the midst of the text.
  if (spec.has_format()) return "the answer has a format";
  if (prefill.size() < kShortestPrefill) return "the kept answer is short";
  if (!continuing.Match(spec.model())) return "the model is not known to go on from a text";
  // Its own beginning and the kept one would be two in a row, which no server takes.
  if (spec.messages_size() > 0 && spec.messages(spec.messages_size() - 1).role() == "assistant") {
    return "the conversation ends with the assistant";
  }
  return nullptr;
}

}  // namespace

ContinuationPlan PlanContinuation(const v1::LeasedJob& lease, const ModelPatterns& continuing) {
  ContinuationPlan plan;
  plan.prefill = WithoutSpaceAtEnd(lease.answer());
  plan.kept_tokens =
      static_cast<uint32_t>(lease.answer().size() + lease.thinking().size()) / kBytesPerToken;
  const char* const why_not = WhyNot(lease, plan.prefill, continuing);
  plan.continues = why_not == nullptr;
  if (!plan.continues) plan.why_not = why_not;
  return plan;
}

v1::JobSpec ContinuedSpec(const v1::LeasedJob& lease, const ContinuationPlan& plan, bool thinks) {
  v1::JobSpec spec = lease.spec();
  if (spec.messages_size() == 0) {
    v1::ChatMessage* prompt = spec.add_messages();
    prompt->set_role("user");
    prompt->set_content(spec.prompt());
    spec.clear_prompt();
  }
  v1::ChatMessage* beginning = spec.add_messages();
  beginning->set_role("assistant");
  beginning->set_content(plan.prefill);
  if (spec.options().num_predict() > 0) {
    const int64_t left = int64_t{spec.options().num_predict()} - plan.kept_tokens;
    spec.mutable_options()->set_num_predict(static_cast<int32_t>(std::max<int64_t>(left, 1)));
  }
  const bool asked = spec.think() != v1::THINKING_UNSPECIFIED;
  if (thinks || asked || !lease.thinking().empty()) spec.set_think(v1::THINKING_OFF);
  return spec;
}

bool MayBeRefusedPrefill(const Failure& failure) {
  if (failure.kind != Failure::Kind::kStatus) return false;
  const std::string reason = Classify(failure, {}).reason;
  return reason == "BAD_REQUEST" || reason == "CAPABILITY_MISSING" || reason == "PROMPT_TOO_LONG" ||
         reason == "MODEL_SERVER_ERROR";
}

ContinuationGuard::ContinuationGuard(std::string_view kept)
    : prefill_(WithoutSpaceAtEnd(kept)), space_(kept.substr(prefill_.size())) {}

ContinuationGuard::Verdict ContinuationGuard::Add(std::string_view text) {
  heard_.append(text);
  return Judge(/*ended=*/false);
}

ContinuationGuard::Verdict ContinuationGuard::End() { return Judge(/*ended=*/true); }

ContinuationGuard::Verdict ContinuationGuard::Judge(bool ended) {
  if (prefill_.empty()) return GoOn(heard_, ended);
  if (heard_.empty()) return ended ? Verdict::kGoOn : Verdict::kHold;

  // Templates trim both ends, so white space at the start may be lost.
  const std::string_view beginning = WithoutSpaceAtStart(prefill_);
  const std::string_view said = WithoutSpaceAtStart(heard_);
  const size_t same = CommonPrefix(beginning, said);
  if (same == beginning.size()) return GoOn(said.substr(same), ended);
  if (same == said.size() && !ended) return Verdict::kHold;
  if (same >= kSameBeginning) return Verdict::kStartOver;

  const Overlap overlap = FindOverlap(prefill_, heard_);
  if (overlap.open && !ended) return Verdict::kHold;
  if (overlap.bytes > 0) {
    const std::string_view echo = std::string_view(heard_).substr(0, overlap.bytes);
    const std::string_view before =
        std::string_view(prefill_).substr(0, prefill_.size() - overlap.bytes);
    const bool repeats_itself =
        before.size() >= echo.size() && before.substr(before.size() - echo.size()) == echo;
    if (overlap.bytes >= kCertainEcho && !repeats_itself) {
      return GoOn(std::string_view(heard_).substr(overlap.bytes), ended);
    }
    if (!IsOneCharacter(echo)) return Verdict::kStartOver;
  }

  switch (LookOf(prefill_, heard_)) {
    case Look::kLikeAStart:
      return Verdict::kStartOver;
    case Look::kNotClear:
      if (!ended) return Verdict::kHold;
      break;
    case Look::kLikeARest:
      break;
  }
  return GoOn(heard_, ended);
}

// The white space at the end of the kept text stands; what the model says again of it is dropped.
ContinuationGuard::Verdict ContinuationGuard::GoOn(std::string_view rest, bool ended) {
  const size_t again = CommonPrefix(space_, rest);
  if (again == rest.size() && again < space_.size() && !ended) return Verdict::kHold;
  continuation_ = rest.substr(again);
  return Verdict::kGoOn;
}

}  // namespace genwatch

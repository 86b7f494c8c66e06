#include "job_service/spec_check.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/problems.h"
#include "common/status.h"
#include "common/string_view.h"

namespace genwatch {
namespace {

constexpr size_t kMostMessages = 1000;
constexpr size_t kMostStops = 8;
constexpr size_t kMostStopBytes = 256;
constexpr size_t kMostLabels = 16;
constexpr size_t kMostLabelKey = 63;
constexpr size_t kMostLabelValue = 256;
constexpr size_t kMostModelName = 128;
constexpr size_t kMostJobClass = 64;
constexpr size_t kMostRequestId = 128;
constexpr size_t kMostNote = 1000;
constexpr uint32_t kMostContext = 10'000'000;
constexpr int32_t kMostPredict = 10'000'000;
constexpr uint32_t kMostDeadlineMs = 7 * 24 * 3600 * 1000;

bool Blank(std::string_view text) { return absl::StripAsciiWhitespace(ToAbsl(text)).empty(); }

bool OnlyOf(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [more](char c) {
    return absl::ascii_isalnum(c) || more.find(c) != std::string_view::npos;
  });
}

size_t TextBytes(const v1::JobSpec& spec) {
  size_t bytes = spec.prompt().size() + spec.system().size();
  for (const v1::ChatMessage& message : spec.messages()) bytes += message.content().size();
  return bytes;
}

void CheckTexts(const v1::JobSpec& spec, const SpecLimits& limits, Problems& problems) {
  if (spec.messages().empty()) {
    if (Blank(spec.prompt())) {
      problems.Add("prompt", "is empty: write what the model is to do, or give messages");
    }
  } else {
    if (!spec.prompt().empty()) problems.Add("prompt", "give either prompt or messages, not both");
    if (spec.messages_size() > static_cast<int>(kMostMessages)) {
      problems.Add("messages", absl::StrCat("are more than ", kMostMessages));
    }
    for (int i = 0; i < spec.messages_size() && i < static_cast<int>(kMostMessages); ++i) {
      const std::string& role = spec.messages(i).role();
      if (role != "system" && role != "user" && role != "assistant") {
        problems.Add(absl::StrCat("messages[", i, "].role"), "must be system, user or assistant");
      }
    }
    if (std::all_of(spec.messages().begin(), spec.messages().end(),
                    [](const v1::ChatMessage& message) { return Blank(message.content()); })) {
      problems.Add("messages", "have no content");
    }
  }
  if (const size_t bytes = TextBytes(spec); bytes > limits.prompt_bytes) {
    problems.Add(spec.messages().empty() ? "prompt" : "messages",
                 absl::StrCat("has ", bytes, " bytes (with system); at most ", limits.prompt_bytes,
                              " are taken"));
  }
}

void CheckModelName(const std::string& model, Problems& problems) {
  if (model.empty()) return;
  if (model.size() > kMostModelName || !OnlyOf(model, "._:/-") || absl::StrContains(model, "..")) {
    problems.Add("model", absl::StrCat("must be 1 to ", kMostModelName,
                                       " characters of A-Z a-z 0-9 . _ : / - without '..'"));
  }
}

void CheckOptions(const v1::ModelOptions& options, Problems& problems) {
  if (options.has_num_predict() &&
      (options.num_predict() < 1 || options.num_predict() > kMostPredict)) {
    problems.Add("options.num_predict", absl::StrCat("must be 1 to ", kMostPredict));
  }
  if (options.has_num_ctx() && (options.num_ctx() < 1 || options.num_ctx() > kMostContext)) {
    problems.Add("options.num_ctx", absl::StrCat("must be 1 to ", kMostContext));
  }
  // Written so that NaN fails, too.
  if (options.has_temperature() && !(options.temperature() >= 0 && options.temperature() <= 10)) {
    problems.Add("options.temperature", "must be 0 to 10");
  }
  if (options.has_top_p() && !(options.top_p() >= 0 && options.top_p() <= 1)) {
    problems.Add("options.top_p", "must be 0 to 1");
  }
  if (options.stop_size() > static_cast<int>(kMostStops)) {
    problems.Add("options.stop", absl::StrCat("has more than ", kMostStops, " strings"));
  }
  for (const std::string& stop : options.stop()) {
    if (stop.empty() || stop.size() > kMostStopBytes) {
      problems.Add("options.stop", absl::StrCat("has a string that is empty or longer than ",
                                                kMostStopBytes, " bytes"));
      break;
    }
  }
}

bool MayBeLabelKey(const std::string& key) {
  return !key.empty() && key.size() <= kMostLabelKey &&
         std::none_of(key.begin(), key.end(), absl::ascii_isupper) && OnlyOf(key, "._/-");
}

void CheckLabels(const v1::JobSpec& spec, Problems& problems) {
  if (spec.labels_size() > static_cast<int>(kMostLabels)) {
    problems.Add("labels", absl::StrCat("are more than ", kMostLabels));
    return;
  }
  for (const auto& [key, value] : spec.labels()) {
    if (!MayBeLabelKey(key)) {
      problems.Add("labels", absl::StrCat("have a key that is not 1 to ", kMostLabelKey,
                                          " characters of a-z 0-9 . _ / -"));
      return;
    }
    if (value.size() > kMostLabelValue) {
      problems.Add(absl::StrCat("labels.", key),
                   absl::StrCat("is longer than ", kMostLabelValue, " bytes"));
    }
  }
}

void CheckKind(const std::string& job_class, v1::Thinking think, Problems& problems) {
  if (job_class.size() > kMostJobClass || !OnlyOf(job_class, "._-")) {
    problems.Add("job_class", absl::StrCat("must be at most ", kMostJobClass,
                                           " characters of A-Z a-z 0-9 . _ -"));
  }
  if (!v1::Thinking_IsValid(think)) problems.Add("think", "is not a known value");
}

void CheckDeadlines(const v1::Deadlines& deadlines, Problems& problems) {
  const auto check = [&problems](std::string_view field, uint32_t value) {
    if (value > kMostDeadlineMs) problems.Add(field, "must be at most 7 days (604800000)");
  };
  check("deadlines.waiting_ms", deadlines.waiting_ms());
  check("deadlines.running_ms", deadlines.running_ms());
  check("deadlines.silence_ms", deadlines.silence_ms());
}

absl::Status Unsupported(std::string_view reason, std::string_view field, std::string_view text) {
  return WithFieldViolation(Error(absl::StatusCode::kInvalidArgument, reason,
                                  absl::StrCat(ToAbsl(field), ": ", ToAbsl(text))),
                            field, text);
}

}  // namespace

absl::Status CheckSpec(const v1::JobSpec& spec, const SpecLimits& limits) {
  if (!spec.tools().empty()) {
    return Unsupported("TOOLS_UNSUPPORTED", "tools", "tools are not supported yet; leave them out");
  }
  const bool message_images =
      std::any_of(spec.messages().begin(), spec.messages().end(),
                  [](const v1::ChatMessage& message) { return !message.images().empty(); });
  if (!spec.images().empty() || message_images) {
    return Unsupported("IMAGES_UNSUPPORTED", "images",
                       "images are not supported yet; leave them out");
  }
  Problems problems;
  CheckTexts(spec, limits, problems);
  CheckModelName(spec.model(), problems);
  CheckOptions(spec.options(), problems);
  CheckLabels(spec, problems);
  CheckDeadlines(spec.deadlines(), problems);
  CheckKind(spec.job_class(), spec.think(), problems);
  if (!v1::Priority_IsValid(spec.priority()))
    problems.Add("priority", "must be low, normal or high");
  if (!v1::ResumePolicy_IsValid(spec.resume_policy())) {
    problems.Add("resume_policy", "is not a known value");
  }
  return problems.ToStatus("INVALID_SPEC");
}

absl::Status CheckJobKind(const std::string& job_class, v1::Thinking think) {
  Problems problems;
  CheckKind(job_class, think, problems);
  return problems.ToStatus("INVALID_SPEC");
}

absl::Status CheckLabelKeys(const std::vector<std::string>& keys) {
  Problems problems;
  if (keys.size() > kMostLabels) {
    problems.Add("label_keys", absl::StrCat("are more than ", kMostLabels));
  } else if (!std::all_of(keys.begin(), keys.end(), MayBeLabelKey)) {
    problems.Add("label_keys", absl::StrCat("have one that is not 1 to ", kMostLabelKey,
                                            " characters of a-z 0-9 . _ / -"));
  }
  return problems.ToStatus("INVALID_LABEL_KEYS");
}

absl::Status CheckHold(const std::string& model, const std::string& note) {
  Problems problems;
  if (model.empty()) problems.Add("model", "is empty: name the model");
  CheckModelName(model, problems);
  if (note.size() > kMostNote) {
    problems.Add("note", absl::StrCat("must be at most ", kMostNote, " bytes"));
  }
  return problems.ToStatus("INVALID_HOLD");
}

absl::Status CheckRequestId(std::string_view request_id) {
  const bool printable = std::all_of(request_id.begin(), request_id.end(),
                                     [](char c) { return absl::ascii_isgraph(c); });
  if (request_id.size() <= kMostRequestId && printable) return absl::OkStatus();
  Problems problems;
  problems.Add("request_id", absl::StrCat("must be at most ", kMostRequestId,
                                          " printable ASCII characters without spaces"));
  return problems.ToStatus("BAD_REQUEST_ID");
}

}  // namespace genwatch

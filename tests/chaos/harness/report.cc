#include "tests/chaos/harness/report.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/string_view.h"

namespace genwatch::chaos {

void Report::Figure(std::string_view name, double value, std::string_view unit) {
  Line(name, value, unit, "");
}

void Report::AtMost(std::string_view name, double value, double limit, std::string_view unit) {
  Limited(name, value, limit, unit, "at_most", value <= limit);
}

void Report::AtLeast(std::string_view name, double value, double limit, std::string_view unit) {
  Limited(name, value, limit, unit, "at_least", value >= limit);
}

void Report::Injected(int count, int wanted, std::string_view unit) {
  AtLeast(scenario_ + "_injected", count, wanted, unit);
}

void Report::Note(std::string_view text) {
  MutexLock lock(mutex_);
  std::fprintf(stderr, "%s: %.*s\n", scenario_.c_str(), static_cast<int>(text.size()), text.data());
}

void Report::Complain(std::string_view text) {
  {
    MutexLock lock(mutex_);
    ok_ = false;
  }
  Note(absl::StrCat("WRONG: ", ToAbsl(text)));
}

bool Report::ok() const {
  MutexLock lock(mutex_);
  return ok_;
}

void Report::Line(std::string_view name, double value, std::string_view unit,
                  std::string_view more) {
  // Names, units and words of ours: nothing to escape.
  const std::string line = absl::StrFormat(
      R"({"name": "%s", "value": %.6g, "unit": "%s", "seed": %d%s%s})", ToAbsl(name), value,
      ToAbsl(unit), seed_, brief_ ? R"(, "form": "short")" : "", ToAbsl(more));
  MutexLock lock(mutex_);
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void Report::Limited(std::string_view name, double value, double limit, std::string_view unit,
                     std::string_view word, bool kept) {
  Line(
      name, value, unit,
      absl::StrFormat(R"(, "%s": %.6g, "kept": %s)", ToAbsl(word), limit, kept ? "true" : "false"));
  if (kept) return;
  Complain(absl::StrFormat("%s is %.6g %s, and must be %s %.6g", ToAbsl(name), value, ToAbsl(unit),
                           word == "at_most" ? "at most" : "at least", limit));
}

}  // namespace genwatch::chaos

#include "common/failpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/mutex.h"
#include "common/status.h"
#include "common/string_view.h"

namespace genwatch::failpoint {
namespace {

enum class Action { kCrash, kError, kDelay };

struct Rule {
  Action action = Action::kError;
  std::string word;
  absl::Duration delay;
  uint32_t one_in = 1;
  uint64_t most = UINT64_MAX;
  uint64_t injected = 0;
};

struct Armed {
  std::map<std::string, Rule, std::less<>> rules;
  std::mt19937_64 random;
};

absl::Status Bad(absl::string_view part) {
  return absl::InvalidArgumentError(absl::StrCat("'", part, "' arms no failpoint"));
}

bool TakeAction(absl::string_view* text, Rule* rule) {
  if (absl::ConsumePrefix(text, "crash")) {
    rule->action = Action::kCrash;
    rule->word = "crash";
    return true;
  }
  if (absl::ConsumePrefix(text, "error")) {
    rule->action = Action::kError;
    rule->word = "error";
    return true;
  }
  if (!absl::ConsumePrefix(text, "delay(")) return false;
  const size_t end = text->find(')');
  uint32_t delay_ms = 0;
  if (end == absl::string_view::npos || !absl::SimpleAtoi(text->substr(0, end), &delay_ms)) {
    return false;
  }
  text->remove_prefix(end + 1);
  rule->action = Action::kDelay;
  rule->word = "delay";
  rule->delay = absl::Milliseconds(delay_ms);
  return true;
}

bool TakeLimits(absl::string_view text, Rule* rule) {
  const size_t star = text.find('*');
  if (star != absl::string_view::npos) {
    if (!absl::SimpleAtoi(text.substr(star + 1), &rule->most) || rule->most == 0) return false;
    text = text.substr(0, star);
  }
  if (text.empty()) return true;
  return absl::ConsumePrefix(&text, "@1in") && absl::SimpleAtoi(text, &rule->one_in) &&
         rule->one_in > 0;
}

absl::StatusOr<Armed> Parse(absl::string_view spec) {
  Armed armed;
  for (absl::string_view part : absl::StrSplit(spec, ';')) {
    part = absl::StripAsciiWhitespace(part);
    if (part.empty()) continue;
    const std::pair<absl::string_view, absl::string_view> sides =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    absl::string_view what = sides.second;
    if (sides.first == "seed") {
      uint64_t seed = 0;
      if (!absl::SimpleAtoi(what, &seed)) return Bad(part);
      armed.random.seed(seed);
      continue;
    }
    Rule rule;
    if (sides.first.empty() || !TakeAction(&what, &rule) || !TakeLimits(what, &rule)) {
      return Bad(part);
    }
    armed.rules[std::string(sides.first)] = std::move(rule);
  }
  return armed;
}

struct State {
  Mutex mutex;
  Armed armed ABSL_GUARDED_BY(mutex);
};

State& GetState() {
  static State* const state = new State;
  return *state;
}

// Written before the fault happens, with one write: a crash can't lose it.
void Note(std::string_view name, const std::string& word) {
  const char* const path = std::getenv("GENWATCH_FAILPOINTS_LOG");
  if (path == nullptr) return;
  const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  const std::string line = absl::StrCat(ToAbsl(name), " ", word, "\n");
  if (fd < 0 || write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::fprintf(stderr, "failpoints: can't write to %s\n", path);
    std::abort();
  }
  close(fd);
}

// The rule that applies now, counted.
bool Due(std::string_view name, Rule* due) {
  State& state = GetState();
  MutexLock lock(state.mutex);
  const auto found = state.armed.rules.find(name);
  if (found == state.armed.rules.end()) return false;
  Rule& rule = found->second;
  if (rule.injected >= rule.most) return false;
  if (rule.one_in > 1 && state.armed.random() % rule.one_in != 0) return false;
  ++rule.injected;
  *due = rule;
  return true;
}

[[maybe_unused]] const bool armed_by_the_environment = [] {
  const char* const spec = std::getenv("GENWATCH_FAILPOINTS");
  if (spec == nullptr) return false;
  if (const absl::Status status = Arm(spec); !status.ok()) {
    std::fprintf(stderr, "GENWATCH_FAILPOINTS: %s\n", std::string(status.message()).c_str());
    std::_Exit(2);
  }
  return true;
}();

}  // namespace

absl::Status Arm(std::string_view spec) {
  absl::StatusOr<Armed> armed = Parse(ToAbsl(spec));
  if (!armed.ok()) return armed.status();
  State& state = GetState();
  MutexLock lock(state.mutex);
  state.armed = *std::move(armed);
  return absl::OkStatus();
}

absl::Status Reach(std::string_view name) {
  Rule rule;
  if (!Due(name, &rule)) return absl::OkStatus();
  Note(name, rule.word);
  switch (rule.action) {
    case Action::kCrash:
      raise(SIGKILL);
      std::abort();
    case Action::kError:
      return Error(absl::StatusCode::kUnavailable, "FAILPOINT",
                   absl::StrCat("a test lets ", ToAbsl(name), " fail"));
    case Action::kDelay:
      absl::SleepFor(rule.delay);
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

uint64_t Injected(std::string_view name) {
  State& state = GetState();
  MutexLock lock(state.mutex);
  const auto found = state.armed.rules.find(name);
  return found == state.armed.rules.end() ? 0 : found->second.injected;
}

}  // namespace genwatch::failpoint

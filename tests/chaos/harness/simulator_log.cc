#include "tests/chaos/harness/simulator_log.h"

#include <simdjson.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/clock.h"
#include "tests/chaos/harness/http_get.h"

namespace genwatch::chaos {
namespace {

constexpr int kComparisons = 5;

// The time of the newest record of the log: our own connection.
absl::StatusOr<absl::Duration> NewestConnect(const std::string& log) {
  simdjson::dom::parser parser;
  int64_t newest_us = -1;
  for (const absl::string_view line : absl::StrSplit(log, '\n', absl::SkipEmpty())) {
    simdjson::dom::element record;
    std::string_view event;
    int64_t t_us = 0;
    if (parser.parse(line.data(), line.size()).get(record) != simdjson::SUCCESS ||
        record["event"].get(event) != simdjson::SUCCESS ||
        record["t_us"].get(t_us) != simdjson::SUCCESS) {
      return absl::InternalError(absl::StrCat("the simulator logs ", line));
    }
    if (event == "connect") newest_us = t_us;
  }
  if (newest_us < 0) return absl::InternalError("the simulator's log has no connect");
  return absl::Microseconds(newest_us);
}

}  // namespace

absl::StatusOr<SimulatorLog> SimulatorLog::Open(const std::string& simulator_url) {
  absl::Duration start = absl::InfiniteDuration();
  for (int i = 0; i < kComparisons; ++i) {
    HttpGetter http;  // with a connection of its own
    const auto log = http.Get(absl::StrCat(simulator_url, "/sim/log"));
    const absl::Duration after = RealClock()->Monotonic();
    if (!log.ok()) return log.status();
    const auto connected = NewestConnect(*log);
    if (!connected.ok()) return connected.status();
    start = std::min(start, after - *connected);
  }
  return SimulatorLog(simulator_url, start);
}

absl::StatusOr<std::vector<SimulatedRequest>> SimulatorLog::Requests() const {
  HttpGetter http;
  const auto body = http.Get(absl::StrCat(url_, "/sim/requests"));
  if (!body.ok()) return body.status();
  simdjson::dom::parser parser;
  simdjson::dom::array records;
  if (parser.parse(*body).get(records) != simdjson::SUCCESS) {
    return absl::InternalError(absl::StrCat("the simulator answers ", body->substr(0, 200)));
  }
  std::vector<SimulatedRequest> requests;
  for (const simdjson::dom::element record : records) {
    std::string_view prompt;
    std::string_view state;
    int64_t ended_us = 0;
    if (record["prompt"].get(prompt) != simdjson::SUCCESS ||
        record["state"].get(state) != simdjson::SUCCESS ||
        record["ended_us"].get(ended_us) != simdjson::SUCCESS) {
      return absl::InternalError("a request of the simulator has no prompt, state or end");
    }
    requests.push_back({.prompt = std::string(prompt),
                        .state = std::string(state),
                        .ended = start_ + absl::Microseconds(ended_us)});
  }
  return requests;
}

}  // namespace genwatch::chaos

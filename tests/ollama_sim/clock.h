#ifndef GENWATCH_TESTS_OLLAMA_SIM_CLOCK_H_
#define GENWATCH_TESTS_OLLAMA_SIM_CLOCK_H_

#include <cstdint>
#include <string>

namespace genwatch::ollama_sim {

constexpr int64_t kNsPerUs = 1'000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerSecond = 1'000'000'000;

// CLOCK_MONOTONIC in nanoseconds: everything is scheduled on it.
int64_t MonotonicNs();

// CLOCK_REALTIME in nanoseconds since 1970: what is written into answers.
int64_t WallNs();

// "2026-08-21T09:15:04.118203417Z": UTC, trailing zeros of the fraction cut, as Go's RFC3339Nano
// does.
std::string Rfc3339Nano(int64_t wall_ns);

// "Fri, 21 Aug 2026 09:15:04 GMT", the form of HTTP's Date header.
std::string HttpDate(int64_t wall_ns);

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_CLOCK_H_

#include "tests/ollama_sim/clock.h"

#include <time.h>

#include <cstdio>

namespace genwatch::ollama_sim {
namespace {

int64_t Read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

tm Utc(int64_t wall_ns) {
  const time_t seconds = wall_ns / kNsPerSecond;
  tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

int64_t MonotonicNs() { return Read(CLOCK_MONOTONIC); }

int64_t WallNs() { return Read(CLOCK_REALTIME); }

std::string Rfc3339Nano(int64_t wall_ns) {
  // Thousands of lines are written within one second.
  thread_local int64_t cached_second = -1;
  thread_local std::string cached;
  const int64_t second = wall_ns / kNsPerSecond;
  if (second != cached_second) {
    const tm parts = Utc(wall_ns);
    char text[40];
    cached.assign(text, strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts));
    cached_second = second;
  }
  std::string out = cached + ".000000000";
  int64_t fraction = wall_ns % kNsPerSecond;
  for (auto digit = out.rbegin(); fraction > 0; ++digit, fraction /= 10) {
    *digit = static_cast<char>('0' + fraction % 10);
  }
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') out.pop_back();
  out += 'Z';
  return out;
}

std::string HttpDate(int64_t wall_ns) {
  // strftime would use the locale's names.
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const tm parts = Utc(wall_ns);
  char text[64];
  std::snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday],
                parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text;
}

}  // namespace genwatch::ollama_sim

#ifndef GENWATCH_TESTS_CHAOS_HARNESS_REPORT_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_REPORT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "common/mutex.h"

namespace genwatch::chaos {

// What a scenario says: figures as JSON objects, one a line, on stdout; all else on stderr.
// Thread-safe.
class Report {
 public:
  Report(std::string scenario, uint64_t seed, bool brief)
      : scenario_(std::move(scenario)), seed_(seed), brief_(brief) {}

  // {"name": ..., "value": ..., "unit": ..., "seed": ...}
  void Figure(std::string_view name, double value, std::string_view unit);
  // A figure that must not be above, not be below; the line says the limit, and whether it is kept.
  void AtMost(std::string_view name, double value, double limit, std::string_view unit);
  void AtLeast(std::string_view name, double value, double limit, std::string_view unit);
  // How many faults were really injected, as <scenario>_injected: a run that injected fewer than
  // it should proves less than it says.
  void Injected(int count, int wanted, std::string_view unit);

  // For the reader.
  void Note(std::string_view text);
  // What is wrong and is no figure.
  void Complain(std::string_view text);

  // Nothing was missed.
  bool ok() const;

 private:
  void Line(std::string_view name, double value, std::string_view unit, std::string_view more);
  void Limited(std::string_view name, double value, double limit, std::string_view unit,
               std::string_view word, bool kept);

  const std::string scenario_;
  const uint64_t seed_;
  const bool brief_;
  mutable Mutex mutex_;
  bool ok_ ABSL_GUARDED_BY(mutex_) = true;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_REPORT_H_

#ifndef GENWATCH_COMMON_METRICS_H_
#define GENWATCH_COMMON_METRICS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
}  // namespace prometheus

namespace genwatch {

// Handles: small values to copy into whoever counts. They point into their Metrics, which outlives
// them; a default-constructed one does nothing. Thread-safe.

class Counter {
 public:
  Counter() = default;
  void Increment(double by = 1);
  double Value() const;

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
  prometheus::Counter* counter_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  void Set(double value);
  void Add(double by);  // may be negative
  double Value() const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
  prometheus::Gauge* gauge_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  void Observe(double value);

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
  prometheus::Histogram* histogram_ = nullptr;
};

// The process's metrics in Prometheus's format, with genwatch_build_info{service, version} = 1.
// Names are genwatch_<part>_<what>_<unit>, counters end in _total; labels take few values each
// (model, state, reason: yes; a job or a user: never). Thread-safe. Outlives all handles.
class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;

  static constexpr int kNoListener = 0;
  static constexpr int kAnyPort = -1;

  // Serves GET /metrics on host:port; kNoListener keeps a registry only (Scrape still works).
  // UNAVAILABLE, naming --metrics_port, when the port can't be had.
  static absl::StatusOr<std::unique_ptr<Metrics>> Start(const std::string& host, int port,
                                                        const std::string& service);
  ~Metrics();

  // The same name and labels again give the same metric. The first call's help text stands.
  Counter AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge AddGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `buckets`: rising upper bounds, in the unit that the name ends in.
  Histogram AddHistogram(const std::string& name, const std::string& help,
                         const std::vector<double>& buckets, const Labels& labels = {});

  // For what the helpers don't do; include <prometheus/registry.h> yourself.
  prometheus::Registry& registry();

  // What GET /metrics answers.
  std::string Scrape() const;

  // The bound port; 0 without a listener.
  int port() const;

 private:
  struct Impl;
  explicit Metrics(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace genwatch

#endif  // GENWATCH_COMMON_METRICS_H_

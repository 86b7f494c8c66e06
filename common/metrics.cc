#include "common/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <exception>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "common/version.h"

namespace genwatch {

void Counter::Increment(double by) {
  if (counter_ != nullptr) counter_->Increment(by);
}
double Counter::Value() const { return counter_ == nullptr ? 0 : counter_->Value(); }

void Gauge::Set(double value) {
  if (gauge_ != nullptr) gauge_->Set(value);
}
void Gauge::Add(double by) {
  if (gauge_ != nullptr) gauge_->Increment(by);
}
double Gauge::Value() const { return gauge_ == nullptr ? 0 : gauge_->Value(); }

void Histogram::Observe(double value) {
  if (histogram_ != nullptr) histogram_->Observe(value);
}

struct Metrics::Impl {
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  std::unique_ptr<prometheus::Exposer> exposer;  // stops before the registry goes
  int port = 0;
};

Metrics::Metrics(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Metrics::~Metrics() = default;

absl::StatusOr<std::unique_ptr<Metrics>> Metrics::Start(const std::string& host, int port,
                                                        const std::string& service) {
  auto impl = std::make_unique<Impl>();
  if (port != kNoListener) {
    const bool bracket = absl::StrContains(host, ':') && !absl::StartsWith(host, "[");
    const std::string address = absl::StrCat(bracket ? absl::StrCat("[", host, "]") : host, ":",
                                             port == kAnyPort ? 0 : port);
    // The library reports a failure to bind by an exception.
    try {
      // One scraper at a time is what there is; the second thread is for curl beside it.
      impl->exposer = std::make_unique<prometheus::Exposer>(address, /*num_threads=*/2);
    } catch (const std::exception& e) {
      return Error(absl::StatusCode::kUnavailable, "LISTEN_FAILED",
                   absl::StrCat("can't serve metrics on ", address,
                                ": is the port in use? Choose another with --metrics_port, or 0 "
                                "for none (",
                                e.what(), ")"));
    }
    impl->exposer->RegisterCollectable(impl->registry);
    impl->port = impl->exposer->GetListeningPorts().front();
  }
  std::unique_ptr<Metrics> metrics(new Metrics(std::move(impl)));
  metrics
      ->AddGauge("genwatch_build_info", "Always 1; what is running is in the labels.",
                 {{"service", service}, {"version", kVersion}})
      .Set(1);
  return metrics;
}

Counter Metrics::AddCounter(const std::string& name, const std::string& help,
                            const Labels& labels) {
  return Counter(
      &prometheus::BuildCounter().Name(name).Help(help).Register(*impl_->registry).Add(labels));
}

Gauge Metrics::AddGauge(const std::string& name, const std::string& help, const Labels& labels) {
  return Gauge(
      &prometheus::BuildGauge().Name(name).Help(help).Register(*impl_->registry).Add(labels));
}

Histogram Metrics::AddHistogram(const std::string& name, const std::string& help,
                                const std::vector<double>& buckets, const Labels& labels) {
  return Histogram(&prometheus::BuildHistogram()
                        .Name(name)
                        .Help(help)
                        .Register(*impl_->registry)
                        .Add(labels, buckets));
}

prometheus::Registry& Metrics::registry() { return *impl_->registry; }

std::string Metrics::Scrape() const {
  return prometheus::TextSerializer().Serialize(impl_->registry->Collect());
}

int Metrics::port() const { return impl_->port; }

}  // namespace genwatch

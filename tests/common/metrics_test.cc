#include "common/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "common/version.h"

namespace genwatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::unique_ptr<Metrics> RegistryOnly() {
  return *Metrics::Start("", Metrics::kNoListener, "tester");
}

// The answer to one GET, or "" if there is no connection.
std::string HttpGet(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request =
        absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    char buffer[4096];
    for (ssize_t got; (got = recv(fd, buffer, sizeof(buffer), 0)) > 0;) answer.append(buffer, got);
  }
  close(fd);
  return answer;
}

TEST(MetricsTest, BuildInfoSaysWhatRuns) {
  EXPECT_THAT(RegistryOnly()->Scrape(),
              HasSubstr(absl::StrCat("genwatch_build_info{service=\"tester\",version=\"", kVersion,
                                     "\"} 1")));
}

TEST(MetricsTest, CountersGaugesAndHistogramsAreScraped) {
  const auto metrics = RegistryOnly();
  Counter counter = metrics->AddCounter("genwatch_test_jobs_total", "Jobs.", {{"state", "done"}});
  counter.Increment();
  counter.Increment(2);
  Gauge gauge = metrics->AddGauge("genwatch_test_open", "Open.");
  gauge.Set(5);
  gauge.Add(-2);
  Histogram histogram = metrics->AddHistogram("genwatch_test_wait_seconds", "Wait.", {0.1, 1});
  histogram.Observe(0.5);
  EXPECT_EQ(counter.Value(), 3);
  EXPECT_EQ(gauge.Value(), 3);
  EXPECT_THAT(metrics->Scrape(), AllOf(HasSubstr("genwatch_test_jobs_total{state=\"done\"} 3"),
                                       HasSubstr("genwatch_test_open 3"),
                                       HasSubstr("genwatch_test_wait_seconds_bucket{le=\"0.1\"} 0"),
                                       HasSubstr("genwatch_test_wait_seconds_bucket{le=\"1\"} 1")));
}

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameMetric) {
  const auto metrics = RegistryOnly();
  Counter first = metrics->AddCounter("genwatch_test_total", "Help.", {{"k", "a"}});
  Counter again = metrics->AddCounter("genwatch_test_total", "Help.", {{"k", "a"}});
  Counter other = metrics->AddCounter("genwatch_test_total", "Help.", {{"k", "b"}});
  first.Increment();
  EXPECT_EQ(again.Value(), 1);
  EXPECT_EQ(other.Value(), 0);
}

TEST(MetricsTest, AnEmptyHandleDoesNothing) {
  Counter counter;
  counter.Increment();
  Gauge().Set(1);
  Histogram().Observe(1);
  EXPECT_EQ(counter.Value(), 0);
}

TEST(MetricsTest, AreServedOverHttp) {
  const auto metrics = Metrics::Start("127.0.0.1", Metrics::kAnyPort, "tester");
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  ASSERT_GT((*metrics)->port(), 0);
  EXPECT_THAT(HttpGet((*metrics)->port(), "/metrics"),
              AllOf(HasSubstr("200 OK"), HasSubstr("genwatch_build_info{service=\"tester\"")));
}

TEST(MetricsTest, APortInUseIsNamed) {
  const auto first = Metrics::Start("127.0.0.1", Metrics::kAnyPort, "tester");
  ASSERT_TRUE(first.ok());
  const auto second = Metrics::Start("127.0.0.1", (*first)->port(), "tester");
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(second.status()), "LISTEN_FAILED");
  EXPECT_THAT(
      std::string(second.status().message()),
      AllOf(HasSubstr(absl::StrCat("127.0.0.1:", (*first)->port())), HasSubstr("--metrics_port")));
}

TEST(MetricsTest, WithoutAListenerThereIsNoPort) { EXPECT_EQ(RegistryOnly()->port(), 0); }

}  // namespace
}  // namespace genwatch

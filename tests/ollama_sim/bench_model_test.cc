// The models that others measure with.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/test_support.h"

namespace genwatch::ollama_sim {
namespace {

// The numbers of all "@<number>;" in `text`.
std::vector<int64_t> StampsIn(const std::string& text) {
  std::vector<int64_t> stamps;
  for (size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
    stamps.push_back(std::stoll(text.substr(at + 1)));
  }
  return stamps;
}

std::string Written(const std::vector<int64_t>& stamps) {
  std::string text;
  for (const int64_t stamp : stamps) text += "@" + std::to_string(stamp) + ";";
  return text;
}

TEST(BenchModelTest, EachChunkCarriesTheInstantOfItsWriting) {
  const TestServer server(Options{.port = 0});
  TestConnection connection(server.port());
  connection.Send(PostRequest(
      "/api/generate", GenerateBody("sim-bench:1b", "go", R"("options":{"num_predict":25})")));
  std::string all;
  std::vector<int64_t> delays_us;
  for (std::string some = connection.ReadSome(); !some.empty(); some = connection.ReadSome()) {
    const int64_t now_us = WallNs() / kNsPerUs;
    for (const int64_t stamp_us : StampsIn(some)) delays_us.push_back(now_us - stamp_us);
    all += some;
  }
  const BodyFacts facts = ReadBody(DecodeResponse(all).body);
  ASSERT_EQ(delays_us.size(), 25u);
  for (const int64_t delay_us : delays_us) EXPECT_GE(delay_us, 0);
  EXPECT_EQ(facts.eval_count, 25);
  EXPECT_EQ(facts.done_reason, "length");
  // The text is nothing but stamps.
  EXPECT_EQ(facts.text, Written(StampsIn(facts.text)));
}

TEST(BenchModelTest, ChunksComeFiftyASecondOnAnAbsoluteSchedule) {
  const TestServer server(Options{.port = 0});
  const std::string body =
      Generate(server.port(), "sim-bench:1b", "go", R"("options":{"num_predict":51})").body;
  const std::vector<int64_t> stamps = StampsIn(ReadBody(body).text);
  ASSERT_EQ(stamps.size(), 51u);
  std::vector<int64_t> off_us;
  for (size_t i = 0; i < stamps.size(); ++i) {
    off_us.push_back(stamps[i] - stamps[0] - static_cast<int64_t>(i) * 20'000);
  }
  // A busy machine makes single chunks late, never early, and lateness does not add up: the most
  // punctual ones of both halves are on one schedule. A period that were a tenth off would add up
  // to fifty milliseconds.
  const auto half = off_us.begin() + 25;
  const int64_t first = *std::min_element(off_us.begin(), half);
  const int64_t second = *std::min_element(half, off_us.end());
  EXPECT_LT(std::abs(second - first), 40'000);
}

TEST(BenchModelTest, WhatWasStampedCanBeReadAfterwards) {
  const TestServer server(Options{.port = 0, .speed = 20});
  const std::string body =
      Generate(server.port(), "sim-bench:1b", "my prompt", R"("options":{"num_predict":30})").body;
  const std::string sent = Get(server.port(), "/sim/sent?prompt=my+prompt").body;
  EXPECT_EQ(Member(sent, "text"), ReadBody(body).text);
  EXPECT_EQ(Member(Get(server.port(), "/sim/timing").body, "chunks"), "30");
}

TEST(BenchModelTest, WithoutNumPredictThereAre250Chunks) {
  const TestServer server(Options{.port = 0, .speed = 100});
  const BodyFacts facts = ReadBody(Generate(server.port(), "sim-bench:1b", "go").body);
  EXPECT_EQ(StampsIn(facts.text).size(), 250u);
  EXPECT_EQ(facts.done_reason, "stop");
}

TEST(BenchModelTest, NoopAnswersOneChunkAtOnceForAnyNumberAtATime) {
  const TestServer server(Options{.port = 0});
  std::atomic<int> good = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int j = 0; j < 25; ++j) {
        const BodyFacts facts = ReadBody(Generate(server.port(), "sim-noop:1b", "go").body);
        good += facts.done && facts.text == "ok" && facts.objects == 2;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 200);
}

}  // namespace
}  // namespace genwatch::ollama_sim

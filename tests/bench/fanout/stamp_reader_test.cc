#include "tests/bench/fanout/stamp_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace genwatch::bench {
namespace {

constexpr int64_t kNowUs = 1'000'500;

std::string Text(int offset, const std::string& text) {
  return "id: c1.x\nevent: text\ndata: {\"job_id\":\"job_1\",\"text_offset\":" +
         std::to_string(offset) + ",\"text_end\":0,\"text\":\"" + text + "\"}\n\n";
}

std::string Chunk(const std::string& body) {
  char size[16];
  std::snprintf(size, sizeof(size), "%zx\r\n", body.size());
  return size + body + "\r\n";
}

constexpr const char* kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(StampReaderTest, WhateverTheBytesAreCutInto) {
  const std::string stream =
      kHead + Chunk(": ok\n\nretry: 7\n\n") +
      Chunk("event: progress\ndata: {\"text\":\"@1;\"}\n\n" + Text(0, "@1000000;@10")) +
      Chunk(Text(12, "00400;")) + Chunk("event: complete\ndata: {}\n\n") + "0\r\n\r\n";
  for (const size_t step : {size_t{1}, size_t{3}, size_t{50}, stream.size()}) {
    StampReader reader(0);
    Delivered delivered;
    for (size_t at = 0; at < stream.size(); at += step) {
      ASSERT_TRUE(reader.Feed(std::string_view(stream).substr(at, step), kNowUs, delivered));
    }
    EXPECT_EQ(reader.status(), 200);
    EXPECT_TRUE(reader.ended());
    EXPECT_EQ(reader.chunks(), 2);
    EXPECT_EQ(reader.position(), 18);
    EXPECT_EQ(delivered.deliveries, 2u);
    EXPECT_EQ(delivered.text_events, 2u);
    EXPECT_EQ(delivered.events, 4u);
    EXPECT_EQ(delivered.latency.count(), 2u);
    EXPECT_EQ(delivered.latency.max(), 500u);
    EXPECT_EQ(delivered.missing_bytes + delivered.repeated_bytes, 0u);
  }
}

TEST(StampReaderTest, GapsAndRepeatsAreCountedInBytes) {
  StampReader reader(1);
  Delivered delivered;
  ASSERT_TRUE(reader.Feed(
      "HTTP/1.1 200 OK\r\n\r\n" + Text(0, "@1000000;") + Text(5, "000;") + Text(18, "@1000100;"),
      kNowUs, delivered));
  EXPECT_EQ(delivered.repeated_bytes, 4u);
  EXPECT_EQ(delivered.missing_bytes, 9u);
  EXPECT_EQ(delivered.deliveries, 2u);
  EXPECT_EQ(delivered.latency.count(), 1u);  // the first one was to warm up
  EXPECT_EQ(reader.position(), 27);
}

TEST(StampReaderTest, WhatIsNoStreamIsSaid) {
  Delivered delivered;
  StampReader refused(0);
  EXPECT_TRUE(refused.Feed("HTTP/1.1 404 Not Found\r\n\r\n", kNowUs, delivered));
  EXPECT_EQ(refused.status(), 404);
  StampReader broken(0);
  EXPECT_FALSE(broken.Feed(std::string(kHead) + "zz\r\n", kNowUs, delivered));
}

TEST(HistogramTest, QuantilesAreWithinTwoPercent) {
  Histogram histogram;
  for (int i = 1; i <= 100'000; ++i) histogram.Add(i);
  EXPECT_EQ(histogram.max(), 100'000u);
  EXPECT_NEAR(static_cast<double>(histogram.Quantile(0.5)), 50'000, 1'000);
  EXPECT_NEAR(static_cast<double>(histogram.Quantile(0.99)), 99'000, 2'000);
  EXPECT_EQ(histogram.Quantile(1), 100'000u);
}

}  // namespace
}  // namespace genwatch::bench

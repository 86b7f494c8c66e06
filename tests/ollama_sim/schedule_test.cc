// What takes time: loading, waiting for a slot, leaving, and being down.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/test_support.h"

namespace genwatch::ollama_sim {
namespace {

using testing::HasSubstr;
using testing::Not;

// Asks, and leaves the connection open.
std::unique_ptr<TestConnection> Open(const TestServer& server, std::string_view model,
                                     std::string_view prompt, std::string_view members = "") {
  auto connection = std::make_unique<TestConnection>(server.port());
  connection->Send(PostRequest("/api/generate", GenerateBody(model, prompt, members)));
  return connection;
}

std::string Requests(const TestServer& server, const std::string& query) {
  return Get(server.port(), "/sim/requests" + query).body;
}

bool HasState(const TestServer& server, const std::string& state) {
  return Requests(server, "?state=" + state).find("\"id\"") != std::string::npos;
}

std::string Running(const TestServer& server) { return Get(server.port(), "/api/ps").body; }

bool IsSilent(TestConnection* connection) {
  connection->SetReadTimeout(100);
  const std::string some = connection->ReadSome();
  connection->SetReadTimeout(20'000);
  return some.empty() && connection->timed_out();
}

TEST(ScheduleTest, TheFirstRequestLoadsTheModelAndTheNextFindsItLoaded) {
  Options options = TestServer::Fast();
  options.load_speed = 10;  // sim-fast: 30 ms
  const TestServer server(options);
  const BodyFacts cold =
      ReadBody(Generate(server.port(), "sim-fast:1b", "hi [[sim: text=a]]").body);
  const BodyFacts warm =
      ReadBody(Generate(server.port(), "sim-fast:1b", "hi [[sim: text=a]]").body);
  EXPECT_GE(cold.load_duration, 30e6);
  EXPECT_LT(warm.load_duration, 30e6);
  EXPECT_THAT(Running(server), HasSubstr("\"name\":\"sim-fast:1b\""));
  EXPECT_THAT(Running(server), HasSubstr("\"context_length\":4096"));
}

TEST(ScheduleTest, APreloadRequestLoadsAndOneWithKeepAliveZeroUnloads) {
  const TestServer server;
  Post(server.port(), "/api/generate", R"({"model":"sim-loader:13b"})");
  EXPECT_THAT(Running(server), HasSubstr("sim-loader:13b"));
  Post(server.port(), "/api/generate", R"({"model":"sim-loader:13b","keep_alive":0})");
  EXPECT_THAT(Running(server), Not(HasSubstr("sim-loader:13b")));
}

TEST(ScheduleTest, AnIdleModelIsUnloadedAfterItsKeepAlive) {
  const TestServer server;
  Generate(server.port(), "sim-fast:1b", "hi [[sim: text=a]]", R"("keep_alive":"30ms")");
  EXPECT_TRUE(Await([&] { return Running(server) == R"({"models":[]})"; }));
}

TEST(ScheduleTest, ListingTheLoadedModelsWaitsForALoadWhileTheVersionDoesNot) {
  const TestServer server;
  const auto loading = Open(server, "sim-fast:1b", "hi [[sim: load_ms=400 text=a]]");
  ASSERT_TRUE(Await([&] { return HasState(server, "loading"); }));
  TestConnection listing(server.port());
  listing.Send("GET /api/ps HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(IsSilent(&listing));
  EXPECT_EQ(Get(server.port(), "/api/version").status, 200);
  EXPECT_THAT(listing.ReadToEnd(), HasSubstr("sim-fast:1b"));
  EXPECT_TRUE(ReadBody(DecodeResponse(loading->ReadToEnd()).body).done);
}

TEST(ScheduleTest, ModelsAreLoadedOneAfterTheOther) {
  const TestServer server;
  const auto first = Open(server, "sim-fast:1b", "hi [[sim: load_ms=150 text=a]]");
  ASSERT_TRUE(Await([&] { return HasState(server, "loading"); }));
  const BodyFacts second =
      ReadBody(Generate(server.port(), "sim-medium:8b", "hi [[sim: load_ms=50 text=a]]").body);
  EXPECT_GE(second.load_duration, 150e6);  // its own, and the rest of the first one's
}

TEST(ScheduleTest, LeavingDuringALoadAbortsIt) {
  const TestServer server;
  auto leaver = Open(server, "sim-fast:1b", "hi [[sim: load_ms=60000 text=a]]");
  ASSERT_TRUE(Await([&] { return HasState(server, "loading"); }));
  leaver->Close();
  EXPECT_TRUE(Await([&] { return HasState(server, "cancelled"); }));
  EXPECT_EQ(Running(server), R"({"models":[]})");
  EXPECT_TRUE(ReadBody(Generate(server.port(), "sim-medium:8b", "hi [[sim: text=a]]").body).done);
}

TEST(ScheduleTest, ASecondRequestWaitsSilentlyForTheSlot) {
  const TestServer server;
  const auto first = Open(server, "sim-fast:1b", "hi [[sim: stall_after=1 text=\"a b\"]]");
  first->ReadThrough("\"a\"");
  const auto second = Open(server, "sim-fast:1b", "there [[sim: text=later]]");
  EXPECT_TRUE(IsSilent(second.get()));
  EXPECT_TRUE(HasState(server, "waiting"));
  first->Close();
  EXPECT_THAT(second->ReadToEnd(), HasSubstr("later"));
}

TEST(ScheduleTest, NumParallelAllowsSoManyAtOnce) {
  Options options = TestServer::Fast();
  options.num_parallel = 2;
  const TestServer server(options);
  const auto first = Open(server, "sim-fast:1b", "1 [[sim: stall_after=1 text=\"a b\"]]");
  const auto second = Open(server, "sim-fast:1b", "2 [[sim: stall_after=1 text=\"a b\"]]");
  first->ReadThrough("\"a\"");
  second->ReadThrough("\"a\"");
  const auto third = Open(server, "sim-fast:1b", "3 [[sim: text=c]]");
  EXPECT_TRUE(IsSilent(third.get()));
  second->Close();
  EXPECT_THAT(third->ReadToEnd(), HasSubstr("\"c\""));
}

TEST(ScheduleTest, AFullLoadQueueRefuses) {
  Options options = TestServer::Fast();
  options.max_queue = 1;
  const TestServer server(options);
  const auto loading = Open(server, "sim-fast:1b", "1 [[sim: load_ms=60000]]");
  ASSERT_TRUE(Await([&] { return HasState(server, "loading"); }));
  const auto queued = Open(server, "sim-medium:8b", "2 [[sim: text=a]]");
  ASSERT_TRUE(Await([&] {
    return Requests(server, "?model=sim-medium:8b").find("loading") != std::string::npos;
  }));
  const TestResponse refused = Generate(server.port(), "sim-slow:70b", "3 [[sim: text=a]]");
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("maximum pending requests exceeded"));
}

TEST(ScheduleTest, AnotherContextSizeReloadsTheModelWhenItIsIdle) {
  const TestServer server;
  const auto first = Open(server, "sim-fast:1b", "1 [[sim: stall_after=1 text=\"a b\"]]");
  first->ReadThrough("\"a\"");
  const auto second =
      Open(server, "sim-fast:1b", "2 [[sim: text=c]]", R"("options":{"num_ctx":8192})");
  EXPECT_TRUE(IsSilent(second.get()));
  first->Close();
  EXPECT_THAT(second->ReadToEnd(), HasSubstr("\"done\":true"));
  EXPECT_THAT(Running(server), HasSubstr("\"context_length\":8192"));
}

TEST(ScheduleTest, AWedgedSlotStaysTakenUntilTheModelIsUnloaded) {
  const TestServer server;
  const auto first = Open(server, "sim-fast:1b", "1 [[sim: wedge stall_after=1 text=\"a b\"]]");
  first->ReadThrough("\"a\"");
  first->Close();
  ASSERT_TRUE(Await([&] { return HasState(server, "cancelled"); }));
  const auto second = Open(server, "sim-fast:1b", "2 [[sim: text=c]]");
  EXPECT_TRUE(IsSilent(second.get()));
  Post(server.port(), "/api/generate", R"({"model":"sim-fast:1b","keep_alive":0})");
  EXPECT_THAT(second->ReadToEnd(), HasSubstr("\"c\""));
}

TEST(ScheduleTest, TheLogTellsWhoLeftWhenAndAfterHowManyBytes) {
  const TestServer server;
  auto leaver = Open(server, "sim-fast:1b", "Tell me [[sim: stall_after=1 text=\"a b\"]]");
  const std::string got = leaver->ReadThrough("\"a\"");
  leaver->Close();
  ASSERT_TRUE(Await([&] { return HasState(server, "cancelled"); }));
  const std::string log = Get(server.port(), "/sim/log").body;
  EXPECT_THAT(log, HasSubstr("\"event\":\"request\",\"request\":1"));
  EXPECT_THAT(log, HasSubstr("\"event\":\"first_byte\",\"request\":1"));
  EXPECT_THAT(log, HasSubstr("\"event\":\"end\",\"request\":1,\"state\":\"cancelled\""));
  EXPECT_THAT(log, HasSubstr("\"event\":\"disconnect\",\"connection\":1,\"by\":\"peer\""));
  const std::string sent = Get(server.port(), "/sim/sent?id=1").body;
  EXPECT_EQ(Member(sent, "text"), "a");
  EXPECT_EQ(Member(sent, "chunks"), "1");
}

TEST(ScheduleTest, TheLogTellsHowLongAfterItsFirstAndLastByteAClientLeft) {
  const TestServer server;
  auto leaver = Open(server, "sim-fast:1b", "Tell me [[sim: stall_after=1 text=\"a b\"]]");
  const std::string got = leaver->ReadThrough("\"done\":false}\n\r\n");
  leaver->Close();
  ASSERT_TRUE(Await([&] { return HasState(server, "cancelled"); }));
  const std::string bytes = std::to_string(got.size());
  const std::string log = Get(server.port(), "/sim/log").body;
  EXPECT_THAT(
      log, HasSubstr("\"state\":\"cancelled\",\"bytes\":" + bytes + ",\"since_first_byte_us\":"));
  EXPECT_THAT(log, HasSubstr("\"bytes_written\":" + bytes));
  const std::string record = Get(server.port(), "/sim/sent?id=1").body;
  EXPECT_EQ(Member(record, "bytes"), bytes);
  const int64_t last_byte_us = std::stoll(Member(record, "last_byte_us"));
  EXPECT_GE(last_byte_us, std::stoll(Member(record, "first_byte_us")));
  EXPECT_LE(last_byte_us, std::stoll(Member(record, "ended_us")));
}

TEST(ScheduleTest, TimesOfTheLogCanBeComparedWithOnesOwn) {
  const TestServer server;
  const int64_t before_us = MonotonicNs() / kNsPerUs;
  const std::string clock = Get(server.port(), "/sim/clock").body;
  const int64_t there_us = std::stoll(Member(clock, "monotonic_us"));
  EXPECT_GE(there_us, before_us);
  EXPECT_LE(there_us, MonotonicNs() / kNsPerUs);
  EXPECT_GT(there_us, std::stoll(Member(clock, "t_us")));
}

TEST(ScheduleTest, AServerCanComeBackWithoutAModel) {
  const TestServer server;
  EXPECT_EQ(Post(server.port(), "/sim/down?ms=50&without=sim-fast:1b", "").status, 200);
  EXPECT_TRUE(Await([&] {
    return Get(server.port(), "/sim/log").body.find("\"event\":\"up\"") != std::string::npos;
  }));
  EXPECT_EQ(Generate(server.port(), "sim-fast:1b", "hi [[sim: text=a]]").status, 404);
  EXPECT_EQ(Generate(server.port(), "sim-medium:8b", "hi [[sim: text=a]]").status, 200);
  Post(server.port(), "/api/pull", R"({"model":"sim-fast:1b"})");
  EXPECT_EQ(Generate(server.port(), "sim-fast:1b", "hi [[sim: text=a]]").status, 200);
}

TEST(ScheduleTest, WhatWasSentIsFoundByItsPrompt) {
  const TestServer server;
  Generate(server.port(), "sim-fast:1b", "Über die Brücke [[sim: text=\"ja, é\"]]");
  const std::string sent =
      Get(server.port(), "/sim/sent?prompt=" + PercentEncoded("Über die Brücke [[sim: text=x]]"))
          .body;
  EXPECT_EQ(Member(sent, "text"), "ja, é");
  EXPECT_EQ(Member(sent, "state"), "completed");
  EXPECT_EQ(Get(server.port(), "/sim/sent?prompt=never").status, 404);
}

TEST(ScheduleTest, ASlowReaderHoldsTheAnswerBack) {
  const TestServer server;
  // Far more than the socket buffers of both ends hold.
  const auto reader =
      Open(server, "sim-fast:1b",
           "hi [[sim: text=\"a b c d e f g h i j k l m n o p\" huge=30000000 join=1]]");
  ASSERT_TRUE(Await([&] { return HasState(server, "generating"); }));
  EXPECT_FALSE(HasState(server, "completed"));
  const BodyFacts facts = ReadBody(DecodeResponse(reader->ReadToEnd()).body);
  EXPECT_TRUE(facts.done);
  EXPECT_EQ(facts.text, "a b c d e f g h i j k l m n o p");
}

TEST(ScheduleTest, ADownServerRefusesConnectionsAndComesBackCold) {
  const TestServer server;
  const auto running = Open(server, "sim-fast:1b", "hi [[sim: stall_after=1 text=\"a b\"]]");
  running->ReadThrough("\"a\"");
  EXPECT_EQ(Post(server.port(), "/sim/down?ms=300", "").status, 200);
  EXPECT_EQ(running->ReadToEnd(), "");
  EXPECT_FALSE(TestConnection(server.port()).connected());
  EXPECT_TRUE(Await([&] { return Get(server.port(), "/api/version").status == 200; }));
  EXPECT_EQ(Running(server), R"({"models":[]})");
  EXPECT_TRUE(ReadBody(Generate(server.port(), "sim-fast:1b", "hi [[sim: text=a]]").body).done);
}

TEST(ScheduleTest, AScenarioGivesOrdersToPromptsThatCarryNone) {
  Options options = TestServer::Fast();
  options.scenario = {{"sim-fast:1b", "tides", "eof_after=2 text=\"a b c\""},
                      {"*", "*", "text=other"}};
  const TestServer server(options);
  EXPECT_EQ(ReadBody(Generate(server.port(), "sim-fast:1b", "About tides").body).text, "a b");
  EXPECT_EQ(ReadBody(Generate(server.port(), "sim-medium:8b", "About tides").body).text, "other");
  EXPECT_EQ(ReadBody(Generate(server.port(), "sim-fast:1b", "tides [[sim: text=own]]").body).text,
            "own");
}

}  // namespace
}  // namespace genwatch::ollama_sim

// Each oddity and fault that a directive can ask for, over a real socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/test_support.h"

namespace genwatch::ollama_sim {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kModel = "sim-fast:1b";

class WireTest : public testing::Test {
 protected:
  // The answer to `prompt` with the orders.
  TestResponse Ask(const std::string& orders, const std::string& members = "") {
    return Generate(server_.port(), kModel, "A question [[sim: " + orders + "]]", members);
  }
  BodyFacts Facts(const std::string& orders) { return ReadBody(Ask(orders).body); }
  // A connection on which the question was asked.
  std::unique_ptr<TestConnection> Open(const std::string& orders, bool close = true) {
    auto connection = std::make_unique<TestConnection>(server_.port());
    connection->Send(Question(orders, close));
    return connection;
  }
  static std::string Question(const std::string& orders, bool close = true) {
    return PostRequest("/api/generate", GenerateBody(kModel, "A question [[sim: " + orders + "]]"),
                       close);
  }

  TestServer server_;
};

TEST_F(WireTest, TheTextIsWhatSimTextSays) {
  const TestResponse response = Generate(server_.port(), kModel, "Tell me about tides");
  const std::string said =
      Get(server_.port(), "/sim/text?model=sim-fast:1b&prompt=Tell+me+about+tides").body;
  const BodyFacts facts = ReadBody(response.body);
  EXPECT_EQ(facts.text, Member(said, "text"));
  EXPECT_EQ(std::to_string(static_cast<int>(facts.eval_count)), Member(said, "eval_count"));
  EXPECT_EQ(std::to_string(facts.objects - 1), Member(said, "chunks"));
  EXPECT_TRUE(facts.done);
  EXPECT_GT(facts.text.size(), 200u);
}

TEST_F(WireTest, SimTextAnswersAWholeRequestBody) {
  const std::string body =
      R"({"model":"sim-thinker:8b","messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"Why?"}]})";
  const BodyFacts facts = ReadBody(Post(server_.port(), "/api/chat", body).body);
  const std::string said = Post(server_.port(), "/sim/text", body).body;
  EXPECT_EQ(facts.text, Member(said, "text"));
  EXPECT_EQ(facts.thinking, Member(said, "thinking"));
  EXPECT_FALSE(facts.thinking.empty());
}

TEST_F(WireTest, EachObjectIsAnHttpChunkOfItsOwn) {
  const TestResponse response = Ask("tokens=30");
  EXPECT_TRUE(response.complete);
  for (const std::string& chunk : response.chunks) {
    EXPECT_EQ(std::count(chunk.begin(), chunk.end(), '\n'), 1);
    EXPECT_THAT(chunk, EndsWith("}\n"));
  }
}

TEST_F(WireTest, RateSetsThePace) {
  const int64_t begin_ns = MonotonicNs();
  const BodyFacts facts = Facts("text=\"a b c d e f g h i j k\" rate=100");
  const double seconds = static_cast<double>(MonotonicNs() - begin_ns) / kNsPerSecond;
  EXPECT_TRUE(facts.done);
  EXPECT_GE(seconds, 0.11 - 0.001);  // 12 tokens, the first at once
}

TEST_F(WireTest, ABurstComesTogether) {
  const auto connection = Open("text=\"a b c d e f g h\" rate=8 burst=4");
  connection->SetReadTimeout(200);
  EXPECT_EQ(DecodeResponse(connection->ReadToEnd()).chunks.size(),
            4u);  // the next ones half a second later
  EXPECT_TRUE(connection->timed_out());
}

TEST_F(WireTest, APromptBeyondTheContextIsCutOrRefused) {
  std::string prompt = "[[sim: text=a]]";
  for (int i = 0; i < 5000; ++i) prompt += " word";
  EXPECT_EQ(ReadBody(Generate(server_.port(), kModel, prompt).body).prompt_eval_count, 4096);
  const TestResponse refused = Generate(server_.port(), kModel, prompt, "\"truncate\":false");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("longer than the context length"));
}

TEST_F(WireTest, ASplitAnswerArrivesInManySegments) {
  // So slow that a reader gets most bytes alone; they are a pair's escapes and CRLFs as well.
  const auto connection = Open("text=\"é 😀\" ascii crlf split=1 split_us=300 no_stats context=0");
  std::string all;
  int segments = 0;
  for (std::string some = connection->ReadSome(); !some.empty(); some = connection->ReadSome()) {
    all += some;
    ++segments;
  }
  EXPECT_GT(segments, static_cast<int>(all.size() / 4));
  const BodyFacts facts = ReadBody(DecodeResponse(all).body);
  EXPECT_EQ(facts.text, "é 😀");
  EXPECT_TRUE(facts.done);
}

TEST_F(WireTest, JoinedLinesArriveInOneSegment) {
  // The first token at once, the last one a tenth of a second later: without join that can't be one
  // recv.
  const auto connection = Open("text=\"a b c d e f g h i j\" rate=100 join=0");
  const std::string first = connection->ReadSome();
  EXPECT_TRUE(ReadBody(DecodeResponse(first).body).done) << first;
  EXPECT_EQ(DecodeResponse(first).chunks.size(), 11u);
}

TEST_F(WireTest, JoinOfSeveralWritesThatMany) {
  const auto connection = Open("text=\"a b c d\" rate=50 join=2");
  EXPECT_EQ(DecodeResponse(connection->ReadSome()).chunks.size(), 2u);
}

TEST_F(WireTest, LoadAndPromptAreOneSilenceWithoutStatusLine) {
  const auto connection = Open("load_ms=60 prompt_ms=60 text=a");
  connection->SetReadTimeout(80);
  EXPECT_EQ(connection->ReadSome(), "");
  EXPECT_TRUE(connection->timed_out());
  connection->SetReadTimeout(10'000);
  const BodyFacts facts = ReadBody(DecodeResponse(connection->ReadToEnd()).body);
  EXPECT_TRUE(facts.done);
  EXPECT_GE(facts.load_duration, 60e6);
}

TEST_F(WireTest, AStallAfterChunksSendsNoMore) {
  const auto connection = Open("text=\"a b c d\" stall_after=2");
  connection->SetReadTimeout(200);
  const TestResponse response = DecodeResponse(connection->ReadToEnd());
  EXPECT_TRUE(connection->timed_out());
  EXPECT_EQ(response.chunks.size(), 2u);
}

TEST_F(WireTest, AStallBeforeSendsNothing) {
  const auto connection = Open("stall_before");
  connection->SetReadTimeout(200);
  EXPECT_EQ(connection->ReadToEnd(), "");
  EXPECT_TRUE(connection->timed_out());
}

TEST_F(WireTest, AnErrorLineEndsTheStreamCleanly) {
  const TestResponse response = Ask("text=\"a b c d\" error_line=2 error_text=\"CUDA error\"");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(ReadBody(response.body).error, "CUDA error");
  EXPECT_EQ(ReadBody(response.body).text, "a b");
}

TEST_F(WireTest, AnEofAfterChunksIsCleanButNotDone) {
  const TestResponse response = Ask("text=\"a b c d\" eof_after=3");
  EXPECT_TRUE(response.complete);
  EXPECT_FALSE(ReadBody(response.body).done);
  EXPECT_EQ(ReadBody(response.body).text, "a b c");
}

TEST_F(WireTest, AFaultBehindTheLastChunkComesBeforeTheDoneObject) {
  const TestResponse response = Ask("text=\"a b\" eof_after=99");
  EXPECT_EQ(ReadBody(response.body).text, "a b");
  EXPECT_FALSE(ReadBody(response.body).done);
}

TEST_F(WireTest, AResetCutsALine) {
  const auto connection = Open("text=\"a b c d\" rst_after=2");
  const TestResponse response = DecodeResponse(connection->ReadToEnd());
  EXPECT_TRUE(connection->was_reset());
  EXPECT_FALSE(response.complete);
  EXPECT_EQ(ReadBody(response.body).text, "a b");
  EXPECT_EQ(response.chunks.size(), 3u);  // the last one in part
  EXPECT_THAT(response.chunks.back(), Not(EndsWith("\n")));
}

TEST_F(WireTest, AFinMidChunkIsNotAReset) {
  const auto connection = Open("text=\"a b c d\" fin_mid_chunk=2");
  const TestResponse response = DecodeResponse(connection->ReadToEnd());
  EXPECT_FALSE(connection->was_reset());
  EXPECT_FALSE(response.complete);
  EXPECT_EQ(ReadBody(response.body).text, "a b");
}

TEST_F(WireTest, AResetCanComeInsteadOfAStatusLine) {
  const auto connection = Open("rst_before");
  EXPECT_EQ(connection->ReadToEnd(), "");
  EXPECT_TRUE(connection->was_reset());
}

TEST_F(WireTest, A503CanSayWhenToComeBack) {
  EXPECT_TRUE(Ask("status=503 retry_after=7").HasHeader("Retry-After: 7"));
  EXPECT_THAT(Ask("status=503").head, Not(HasSubstr("Retry-After")));
}

TEST_F(WireTest, APullTellsOfItsLayersInTurn) {
  EXPECT_EQ(Generate(server_.port(), "sim-pulled:3b", "hi").status, 404);
  EXPECT_THAT(Get(server_.port(), "/api/tags").body, Not(HasSubstr("sim-pulled")));
  const TestResponse pull = Post(server_.port(), "/api/pull", R"({"model":"sim-pulled:3b"})");
  EXPECT_TRUE(pull.HasHeader("Content-Type: application/x-ndjson"));
  const std::vector<std::string> lines = pull.Lines();
  ASSERT_EQ(lines.size(), 22u);
  EXPECT_EQ(lines[0], R"({"status":"pulling manifest"})");
  // Two layers of 2,018,998,519 and 1,481 bytes, in eighths; nothing is completed at first.
  EXPECT_THAT(lines[1], HasSubstr(R"(,"total":2018998519})"));
  EXPECT_THAT(lines[2], HasSubstr(R"(,"total":1481})"));
  EXPECT_THAT(lines[3], HasSubstr(R"(,"total":2018998519,"completed":252374814})"));
  EXPECT_THAT(lines[4], HasSubstr(R"(,"total":1481,"completed":185})"));
  EXPECT_THAT(lines[17], HasSubstr(R"("completed":2018998519})"));
  EXPECT_EQ(Member(lines[1], "status"), "pulling " + Member(lines[1], "digest").substr(7, 12));
  EXPECT_EQ(Member(lines[1], "digest"), Member(lines[3], "digest"));
  EXPECT_NE(Member(lines[1], "digest"), Member(lines[2], "digest"));
  EXPECT_EQ(lines[19], R"({"status":"verifying sha256 digest"})");
  EXPECT_EQ(lines[20], R"({"status":"writing manifest"})");
  EXPECT_EQ(lines[21], R"({"status":"success"})");
  EXPECT_TRUE(ReadBody(Generate(server_.port(), "sim-pulled:3b", "hi [[sim: text=a]]").body).done);
}

TEST_F(WireTest, APullOfAnUnknownModelFailsInTheStream) {
  const TestResponse pull = Post(server_.port(), "/api/pull", R"({"model":"nope:1b"})");
  EXPECT_EQ(pull.status, 200);
  EXPECT_EQ(pull.body,
            "{\"status\":\"pulling manifest\"}\n"
            "{\"error\":\"pull model manifest: file does not exist\"}\n");
}

TEST_F(WireTest, EachStatusHasItsBody) {
  EXPECT_EQ(Ask("status=400").status, 400);
  EXPECT_EQ(Ask("status=404").status, 404);
  EXPECT_THAT(Ask("status=504").body, HasSubstr("<title>504 Gateway Time-out</title>"));
  EXPECT_TRUE(Ask("status=504").HasHeader("Content-Type: text/html"));
  EXPECT_TRUE(Ask("status=307").HasHeader("Location: /moved"));
  EXPECT_EQ(ReadBody(Ask("status=500 error_text=oom").body).error, "oom");
  EXPECT_EQ(Ask("status=429").status, 429);
  EXPECT_TRUE(Ask("status=429").HasHeader("Retry-After: 2"));
}

TEST_F(WireTest, FailFirstFailsSoManyTimesOnly) {
  EXPECT_EQ(Ask("status=503 fail_first=2 text=fine").status, 503);
  EXPECT_EQ(Ask("status=503 fail_first=2 text=fine").status, 503);
  EXPECT_EQ(ReadBody(Ask("status=503 fail_first=2 text=fine").body).text, "fine");
  EXPECT_EQ(ReadBody(Ask("status=503 fail_first=2 text=fine").body).text, "fine");
}

TEST_F(WireTest, AMalformedLineComesBetweenGoodOnes) {
  const TestResponse response = Ask("text=\"a b c\" malformed=1");
  EXPECT_TRUE(ReadBody(response.body).malformed);
  EXPECT_EQ(response.Lines().size(), 5u);
}

TEST_F(WireTest, UnknownFieldsNullsAndFloatsDoNotChangeWhatIsSaid) {
  const TestResponse response = Ask("text=\"a b\" unknown nulls floats");
  const BodyFacts facts = ReadBody(response.body);
  EXPECT_EQ(facts.text, "a b");
  EXPECT_EQ(facts.eval_count, 3);
  EXPECT_THAT(response.body, HasSubstr("\"error\":null"));
  EXPECT_THAT(response.body, HasSubstr("\"eval_count\":3.0"));
  EXPECT_THAT(response.body, HasSubstr("x_sim"));
}

TEST_F(WireTest, DurationsCanBeWrittenWithAnExponentOrBeyondTwoToThe53) {
  EXPECT_THAT(Ask("text=a floats stats=huge").body,
              HasSubstr("\"total_duration\":9.007199255e+15"));
  EXPECT_THAT(Ask("text=a stats=huge").body, HasSubstr("\"total_duration\":9007199254740993"));
  EXPECT_THAT(Ask("text=a stats=zero").body, HasSubstr("\"eval_duration\":0"));
}

TEST_F(WireTest, StatisticsCanBeMissing) {
  EXPECT_EQ(Facts("text=a no_stats").eval_count, -1);
  EXPECT_EQ(Facts("text=a stats=no_prompt_count").prompt_eval_count, -1);
  EXPECT_EQ(Facts("text=a stats=no_prompt_count").eval_count, 2);
}

TEST_F(WireTest, DoneReasonCanBeMissingOrNew) {
  EXPECT_THAT(Ask("text=a done_reason=none").body, Not(HasSubstr("done_reason")));
  EXPECT_EQ(Facts("text=a done_reason=repeat").done_reason, "repeat");
}

TEST_F(WireTest, EmptyLinesBomAndCrlfSurroundTheObjects) {
  const TestResponse response = Ask("text=\"a b\" empty_lines bom crlf");
  EXPECT_TRUE(response.body.starts_with("\xEF\xBB\xBF{"));
  EXPECT_THAT(response.body, HasSubstr("}\r\n\r\n{"));
  EXPECT_EQ(ReadBody(response.body).text, "a b");
  EXPECT_TRUE(ReadBody(response.body).done);
}

TEST_F(WireTest, BytesAndASecondDoneCanFollowTheFirst) {
  const std::vector<std::string> lines = Ask("text=a second_done trailing").Lines();
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[1], lines[2]);
  EXPECT_THAT(lines[1], HasSubstr("\"done\":true"));
  EXPECT_THAT(lines[4], HasSubstr("late"));
}

TEST_F(WireTest, TheFinalObjectCanCarryText) {
  const TestResponse response = Ask("text=\"a b c\" final_text");
  EXPECT_THAT(response.Lines().back(), HasSubstr("\"response\":\" c\",\"done\":true"));
  EXPECT_EQ(ReadBody(response.body).text, "a b c");
}

TEST_F(WireTest, AHugeLineIsAsLongAsOrdered) {
  for (const size_t size : {1'000'000u, 9'000'000u}) {
    const TestResponse response = Ask("text=\"a b\" huge=" + std::to_string(size));
    EXPECT_GT(response.Lines()[1].size(), size);
    EXPECT_EQ(ReadBody(response.body).text, "a b");
    EXPECT_TRUE(response.complete);
  }
}

TEST_F(WireTest, AContextOfManyNumbersComesWithTheDoneObject) {
  const TestResponse response = Ask("text=a context=200000");
  EXPECT_GT(response.Lines().back().size(), 1'200'000u);
  EXPECT_TRUE(ReadBody(response.body).done);
}

TEST_F(WireTest, ABigTextIsOneChunk) {
  EXPECT_EQ(Facts("text=a big_text=100000").text.size(), 100'001u);
}

TEST_F(WireTest, ContentLengthReplacesChunks) {
  const TestResponse response = Ask("text=\"a b\" content_length");
  EXPECT_THAT(response.head, HasSubstr("Content-Length: "));
  EXPECT_THAT(response.head, Not(HasSubstr("chunked")));
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(ReadBody(response.body).text, "a b");
}

TEST_F(WireTest, AContentLengthCanBeCutShort) {
  const TestResponse response = Ask("text=\"a b c\" content_length fin_mid_chunk=2");
  EXPECT_FALSE(response.complete);
  EXPECT_EQ(ReadBody(response.body).text, "a b");
}

TEST_F(WireTest, AStreamRequestCanGetOneObject) {
  const TestResponse response = Ask("text=\"a b\" unstreamed");
  EXPECT_TRUE(response.HasHeader("Content-Type: application/json; charset=utf-8"));
  EXPECT_EQ(response.Lines().size(), 1u);
  EXPECT_EQ(ReadBody(response.body).text, "a b");
  EXPECT_TRUE(ReadBody(response.body).done);
}

std::string Inflated(const std::string& bytes, int window_bits) {
  z_stream stream{};
  inflateInit2(&stream, window_bits);
  std::string input = bytes;
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return result == Z_STREAM_END ? out : "not whole: " + out;
}

TEST_F(WireTest, BodiesCanBeCompressedAndStillFlowLineByLine) {
  const TestResponse gzip = Ask("text=\"a b\" gzip");
  EXPECT_TRUE(gzip.HasHeader("Content-Encoding: gzip"));
  EXPECT_EQ(ReadBody(Inflated(gzip.body, MAX_WBITS + 16)).text, "a b");
  EXPECT_GE(gzip.chunks.size(), 3u);
  const TestResponse deflate = Ask("text=\"a b\" deflate");
  EXPECT_EQ(ReadBody(Inflated(deflate.body, MAX_WBITS)).text, "a b");
}

TEST_F(WireTest, TheContentTypeCanBeAnother) {
  EXPECT_TRUE(Ask("text=a content_type=text/plain").HasHeader("Content-Type: text/plain"));
}

TEST_F(WireTest, AConnectionServesSeveralRequests) {
  const auto connection = Open("text=one", /*close=*/false);
  EXPECT_THAT(connection->ReadThrough("0\r\n\r\n"), HasSubstr("one"));
  connection->Send(Question("text=two", /*close=*/true));
  EXPECT_THAT(connection->ReadToEnd(), HasSubstr("two"));
}

TEST_F(WireTest, AnAnnouncedCloseIsAnnounced) {
  const TestResponse response = DecodeResponse(Open("text=a close=announced", false)->ReadToEnd());
  EXPECT_TRUE(response.HasHeader("Connection: close"));
}

TEST_F(WireTest, ASilentCloseIsNot) {
  const TestResponse response = DecodeResponse(Open("text=a close=silent", false)->ReadToEnd());
  EXPECT_THAT(response.head, Not(HasSubstr("Connection:")));
  EXPECT_TRUE(response.complete);
}

TEST_F(WireTest, AKeptConnectionCanCloseOnReuse) {
  const auto connection = Open("text=a close=on_reuse", false);
  connection->ReadThrough("0\r\n\r\n");
  connection->Send(Question("text=b"));
  EXPECT_EQ(connection->ReadToEnd(), "");
  EXPECT_FALSE(connection->timed_out());
}

TEST_F(WireTest, ToolCallsComeInTheMiddleOrAtTheEnd) {
  EXPECT_THAT(Ask("text=\"a b\" tool_calls=middle").Lines()[1], HasSubstr("tool_calls"));
  EXPECT_THAT(Ask("text=\"a b\" tool_calls=final").Lines()[2], HasSubstr("tool_calls"));
}

TEST_F(WireTest, ThinkingWithoutTextIsPossible) {
  const BodyFacts facts =
      ReadBody(Generate(server_.port(), "sim-thinker:8b", "Hm [[sim: no_text]]").body);
  EXPECT_FALSE(facts.thinking.empty());
  EXPECT_EQ(facts.text, "");
  EXPECT_TRUE(facts.done);
}

TEST_F(WireTest, AFaultOfAnUnstreamedAnswerIsAStatus) {
  EXPECT_EQ(Ask("text=\"a b\" error_line=1", "\"stream\":false").status, 500);
  const TestResponse cut = Ask("text=\"a b\" eof_after=1", "\"stream\":false");
  EXPECT_EQ(cut.status, 200);
  EXPECT_THAT(cut.body, HasSubstr("\"done\":false"));
}

TEST_F(WireTest, AMistakeInADirectiveIs400) {
  EXPECT_EQ(Ask("tokns=3").status, 400);
  EXPECT_THAT(Ask("tokns=3").body, HasSubstr("tokns"));
}

TEST_F(WireTest, TheHostHeaderMustBeMeantForThisMachine) {
  const auto status = [&](const std::string& host) {
    TestConnection connection(server_.port());
    connection.Send("GET /api/version HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    return DecodeResponse(connection.ReadToEnd()).status;
  };
  EXPECT_EQ(status("localhost:1"), 200);
  EXPECT_EQ(status("192.168.1.2"), 200);
  EXPECT_EQ(status("ollama.internal:11434"), 200);
  EXPECT_EQ(status("example.org"), 403);
  EXPECT_EQ(status("8.8.8.8"), 403);
}

TEST_F(WireTest, NonsenseIsABadRequest) {
  TestConnection connection(server_.port());
  connection.Send("HELLO\r\n\r\n");
  EXPECT_EQ(DecodeResponse(connection.ReadToEnd()).status, 400);
}

TEST_F(WireTest, AClientThatAsksBeforeItSendsIsToldToContinue) {
  TestConnection connection(server_.port());
  const std::string body = GenerateBody(kModel, "hi [[sim: text=a]]");
  connection.Send(
      "POST /api/generate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: "
      "100-continue\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(connection.ReadThrough("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.Send(body);
  EXPECT_THAT(connection.ReadToEnd(), HasSubstr("\"done\":true"));
}

TEST_F(WireTest, AModelTellsItsSizeAndContext) {
  const std::string tags = Get(server_.port(), "/api/tags").body;
  EXPECT_THAT(tags, HasSubstr("\"name\":\"sim-slow:70b\""));
  EXPECT_THAT(tags, HasSubstr("\"parameter_size\":\"70.6B\""));
  const TestResponse show = Post(server_.port(), "/api/show", R"({"model":"sim-thinker:8b"})");
  EXPECT_EQ(Member(show.body, "capabilities"), R"(["completion","tools","thinking"])");
  EXPECT_THAT(Member(show.body, "model_info"), HasSubstr("\"qwen3.context_length\":40960"));
  EXPECT_THAT(Member(show.body, "model_info"), HasSubstr("\"general.parameter_count\":8200000000"));
  EXPECT_EQ(Post(server_.port(), "/api/show", R"({"model":"nope"})").status, 404);
}

TEST_F(WireTest, AFlakyModelFailsOnceForEachPromptInOneOfThreeWays) {
  int error_lines = 0;
  int statuses = 0;
  int silent_ends = 0;
  for (int i = 0; i < 24; ++i) {
    const std::string prompt = "Question " + std::to_string(i);
    const TestResponse first = Generate(server_.port(), "sim-flaky:8b", prompt);
    const BodyFacts facts = ReadBody(first.body);
    EXPECT_FALSE(facts.done);
    if (first.status == 500) {
      ++statuses;
    } else if (!facts.error.empty()) {
      ++error_lines;
    } else {
      ++silent_ends;
    }
    EXPECT_TRUE(ReadBody(Generate(server_.port(), "sim-flaky:8b", prompt).body).done);
  }
  EXPECT_GT(statuses, 0);
  EXPECT_GT(error_lines, 0);
  EXPECT_GT(silent_ends, 0);
}

}  // namespace
}  // namespace genwatch::ollama_sim

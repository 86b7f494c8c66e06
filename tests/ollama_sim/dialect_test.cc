// The same answers in the words of OpenAI's chat route and of llama.cpp's server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/ollama_sim/test_support.h"

namespace genwatch::ollama_sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Events without what differs from run to run.
std::vector<std::string> Events(const TestResponse& response) {
  static const std::regex created(R"("created":\d+)");
  static const std::regex timings(R"("(prompt|predicted)_ms":\d+\.0)");
  std::vector<std::string> events;
  std::string rest = std::regex_replace(response.body, created, R"("created":0)");
  rest = std::regex_replace(rest, timings, R"("$1_ms":0)");
  while (!rest.empty()) {
    const size_t end = rest.find("\n\n");
    events.push_back(rest.substr(0, end));
    rest.erase(0, end == std::string::npos ? end : end + 2);
  }
  return events;
}

class DialectTest : public testing::Test {
 protected:
  TestResponse Chat(const std::string& orders, const std::string& members) {
    return Post(server_.port(), "/v1/chat/completions",
                R"({"model":"sim-fast:1b","messages":[{"role":"user","content":"Hi [[sim: )" +
                    orders + R"(]]"}],)" + members + "}");
  }
  TestResponse Complete(const std::string& orders, const std::string& members) {
    return Post(server_.port(), "/completion",
                R"({"prompt":"Hi [[sim: )" + orders + R"(]]",)" + members + "}");
  }

  TestServer server_;
};

constexpr const char* kSay = R"(text=\"a b\")";

#define EVENT(CHOICES)                                                                \
  R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":0,"model":)" \
  R"("sim-fast:1b","choices":)" CHOICES

TEST_F(DialectTest, AChatIsStreamedAsEvents) {
  const TestResponse response =
      Chat(kSay, R"("stream":true,"stream_options":{"include_usage":true})");
  EXPECT_TRUE(response.HasHeader("Content-Type: text/event-stream"));
  EXPECT_THAT(
      Events(response),
      ElementsAre(
          EVENT(
              R"([{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}]})"),
          EVENT(
              R"([{"index":0,"delta":{"role":"assistant","content":" b"},"finish_reason":null}]})"),
          EVENT(
              R"([{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}]})"),
          EVENT(R"([],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}})"),
          "data: [DONE]"));
}

TEST_F(DialectTest, NumbersAreSentOnlyWhenAskedFor) {
  EXPECT_THAT(Chat(kSay, R"("stream":true)").body, Not(HasSubstr("usage")));
}

TEST_F(DialectTest, AChatThatIsNotStreamedIsOneObject) {
  const TestResponse response = Chat(kSay, R"("max_tokens":1)");
  EXPECT_TRUE(response.HasHeader("Content-Type: application/json; charset=utf-8"));
  EXPECT_THAT(
      response.body,
      HasSubstr(
          R"("choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"length"}],"usage":{"prompt_tokens":7,"completion_tokens":1,"total_tokens":8}})"));
}

TEST_F(DialectTest, ThinkingIsReasoning) {
  const TestResponse response =
      Post(server_.port(), "/v1/chat/completions",
           R"({"model":"sim-thinker:8b","stream":true,"messages":[{"role":"user","content":)"
           R"("Hi [[sim: thinking=3 text=a]]"}]})");
  EXPECT_THAT(response.body, HasSubstr(R"("content":"","reasoning":")"));
}

TEST_F(DialectTest, ABrokenChatHasNoDone) {
  EXPECT_THAT(Chat("text=\\\"a b\\\" eof_after=1", R"("stream":true)").body,
              Not(HasSubstr("[DONE]")));
  EXPECT_THAT(
      Chat("text=\\\"a b\\\" error_line=1 error_text=oom", R"("stream":true)").body,
      HasSubstr(
          R"(data: {"error":{"message":"oom","type":"api_error","param":null,"code":null}})"));
}

TEST_F(DialectTest, RefusalsAreNested) {
  const TestResponse unknown =
      Post(server_.port(), "/v1/chat/completions",
           R"({"model":"nope","messages":[{"role":"user","content":"a"}]})");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(
      unknown.body,
      R"({"error":{"message":"model 'nope' not found","type":"not_found_error","param":null,"code":null}})");
  EXPECT_EQ(Chat("status=503", R"("stream":true)").status, 503);
  EXPECT_THAT(Chat("status=500 error_text=oom", R"("stream":true)").body,
              HasSubstr(R"({"error":{"message":"oom","type":"api_error")"));
  EXPECT_THAT(Complete("status=500 error_text=oom", R"("stream":true)").body,
              HasSubstr(R"({"error":{"code":500,"message":"oom","type":"api_error"}})"));
}

TEST_F(DialectTest, ACompletionIsStreamedUntilStop) {
  const TestResponse response = Complete(kSay, R"("stream":true)");
  EXPECT_TRUE(response.HasHeader("Content-Type: text/event-stream"));
  EXPECT_THAT(
      Events(response),
      ElementsAre(
          R"(data: {"index":0,"content":"a","stop":false})",
          R"(data: {"index":0,"content":" b","stop":false})",
          R"(data: {"index":0,"content":"","stop":true,"model":"sim-fast:1b","stop_type":"eos","tokens_predicted":3,"tokens_evaluated":2,"truncated":false,"timings":{"cache_n":0,"prompt_n":2,"prompt_ms":0,"predicted_n":3,"predicted_ms":0}})"));
}

TEST_F(DialectTest, ACompletionStopsAtItsLimit) {
  EXPECT_THAT(Complete(kSay, R"("n_predict":1)").body,
              HasSubstr(R"("content":"a","stop":true,"model":"sim-fast:1b","stop_type":"limit")"));
}

TEST_F(DialectTest, TheTextIsTheSameInEachDialect) {
  const std::string ollama =
      ReadBody(Generate(server_.port(), "sim-fast:1b", "Why is the sky blue?").body).text;
  const TestResponse whole =
      Post(server_.port(), "/completion", R"({"prompt":"Why is the sky blue?"})");
  EXPECT_EQ(Member(whole.body, "content"), ollama);
}

}  // namespace
}  // namespace genwatch::ollama_sim

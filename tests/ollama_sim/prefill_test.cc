// A chat that ends with part of an answer: what each kind of model makes of it.
#include "tests/ollama_sim/prefill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ollama_sim/json_writer.h"
#include "tests/ollama_sim/test_support.h"
#include "tests/ollama_sim/utf8.h"

namespace genwatch::ollama_sim {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, JsonEscapes::kGo, &out);
  return out;
}

std::string Message(std::string_view role, std::string_view content) {
  return R"({"role":")" + std::string(role) + R"(","content":)" + Quoted(content) + "}";
}

// The body of a chat: a prompt, and, if there is one, the beginning of its answer.
std::string ChatBody(std::string_view model, std::string_view prompt, std::string_view partial,
                     std::string_view more_members = "") {
  std::string body = R"({"model":")" + std::string(model) + R"(","messages":[)";
  body += Message("user", prompt);
  if (!partial.empty()) body += "," + Message("assistant", partial);
  body += "]";
  if (!more_members.empty()) body += "," + std::string(more_members);
  return body + "}";
}

class PrefillTest : public testing::Test {
 protected:
  TestResponse Chat(std::string_view model, std::string_view prompt, std::string_view partial,
                    std::string_view more_members = "") {
    return Post(server_.port(), "/api/chat", ChatBody(model, prompt, partial, more_members));
  }
  BodyFacts Facts(std::string_view model, std::string_view prompt, std::string_view partial,
                  std::string_view more_members = "") {
    return ReadBody(Chat(model, prompt, partial, more_members).body);
  }
  // What /sim/text says to the prompt alone.
  std::string Whole(const std::string& model, const std::string& prompt) {
    const std::string query = "/sim/text?model=" + model + "&prompt=" + PercentEncoded(prompt);
    return Member(Get(server_.port(), query).body, "text");
  }

  TestServer server_;
};

constexpr const char* kPrompt = "Why do tides come twice a day?";
constexpr const char* kSpeak = "Speak. [[sim: text=\"one two three four\"]]";

TEST_F(PrefillTest, TheRestFollowsThePartOfAGivenText) {
  const TestResponse response = Chat("sim-fast:1b", kSpeak, "one two");
  // Written by hand: a chunk for each word, and a done object that counts what was made now.
  const std::vector<std::string> lines = response.Lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0],
              HasSubstr(R"("message":{"role":"assistant","content":" three"},"done":false)"));
  EXPECT_THAT(lines[1],
              HasSubstr(R"("message":{"role":"assistant","content":" four"},"done":false)"));
  EXPECT_THAT(
      lines[2],
      HasSubstr(R"("message":{"role":"assistant","content":""},"done":true,"done_reason":"stop")"));
  EXPECT_EQ(ReadBody(response.body).eval_count, 3);  // two words and the end of the turn
}

TEST_F(PrefillTest, KeptAndRestAreTheWholeTextWhereverItWasCut) {
  const std::string whole = Whole("sim-fast:1b", kPrompt);
  ASSERT_GT(whole.size(), 300u);
  for (size_t cut = 1; cut <= whole.size(); cut += cut < 120 ? 1 : 37) {
    std::string kept = whole.substr(0, cut);
    // A client keeps whole characters, and strips white space from what it sends.
    if (ToValidUtf8(kept) != kept) continue;
    kept.resize(kept.find_last_not_of(" \t\r\n") + 1);
    ASSERT_EQ(kept + Facts("sim-fast:1b", kPrompt, kept).text, whole) << "cut at " << cut;
  }
}

TEST_F(PrefillTest, WhiteSpaceAtTheEndOfThePartIsTrimmedByTheTemplate) {
  EXPECT_EQ(Facts("sim-fast:1b", kSpeak, "one two ").text, " three four");
}

TEST_F(PrefillTest, NothingIsLeftOfAWholeAnswer) {
  const BodyFacts facts = Facts("sim-fast:1b", kSpeak, "one two three four");
  EXPECT_EQ(facts.text, "");
  EXPECT_TRUE(facts.done);
  EXPECT_EQ(facts.eval_count, 1);
}

TEST_F(PrefillTest, AnAnswerToAPromptWithASystemTextGoesOnAsAChat) {
  const std::string members = R"("system":"Be brief.","options":{"seed":7})";
  const std::string whole =
      ReadBody(Generate(server_.port(), "sim-fast:1b", kPrompt, members).body).text;
  const std::string kept = whole.substr(0, whole.find(' ', 80));
  const std::string body = R"({"model":"sim-fast:1b","options":{"seed":7},"messages":[)" +
                           Message("system", "Be brief.") + "," + Message("user", kPrompt) + "," +
                           Message("assistant", kept) + "]}";
  EXPECT_EQ(kept + ReadBody(Post(server_.port(), "/api/chat", body).body).text, whole);
}

TEST_F(PrefillTest, DifficultTextGoesOnAsWell) {
  const std::string prompt = "Hm [[sim: text=\"a b c\" surrogate_pair lone_surrogate u2028]]";
  const std::string whole = Whole("sim-fast:1b", prompt);
  const size_t half = whole.find("half");
  ASSERT_NE(half, std::string::npos);
  EXPECT_EQ(
      whole.substr(0, half + 4) + Facts("sim-fast:1b", prompt, whole.substr(0, half + 4)).text,
      whole);
}

TEST_F(PrefillTest, TheLimitCountsTokensOfTheRest) {
  const BodyFacts facts = Facts("sim-fast:1b", kSpeak, "one two", R"("options":{"num_predict":1})");
  EXPECT_EQ(facts.text, " three");
  EXPECT_EQ(facts.done_reason, "length");
  EXPECT_EQ(facts.eval_count, 1);
}

TEST_F(PrefillTest, AStopStringIsMetInTheRest) {
  EXPECT_EQ(Facts("sim-fast:1b", kSpeak, "one two", R"("options":{"stop":["four"]})").text,
            " three ");
}

TEST_F(PrefillTest, SomebodyElsesBeginningIsGoneOnWithInAnotherWay) {
  const std::string rest = Facts("sim-fast:1b", kPrompt, "I never said this").text;
  EXPECT_GT(rest.size(), 100u);
  EXPECT_EQ(rest, Facts("sim-fast:1b", kPrompt, "I never said this").text);
  EXPECT_THAT(Whole("sim-fast:1b", kPrompt), testing::Not(HasSubstr(rest.substr(0, 100))));
}

TEST_F(PrefillTest, AModelWhoseTemplateClosesTheTurnBeginsAnew) {
  const std::string whole = Whole("sim-anew:8b", kPrompt);
  EXPECT_EQ(Facts("sim-anew:8b", kPrompt, whole.substr(0, whole.find(' ', 60))).text, whole);
  EXPECT_EQ(Facts("sim-fast:1b", "Hm [[sim: prefill=restart text=\"one two\"]]", "one").text,
            "one two");
}

TEST_F(PrefillTest, AJsonAnswerBeginsAnew) {
  const std::string format = R"("format":"json")";
  const std::string whole = Facts("sim-fast:1b", kPrompt, "", format).text;
  EXPECT_EQ(Facts("sim-fast:1b", kPrompt, whole.substr(0, 10), format).text, whole);
}

TEST_F(PrefillTest, AnotherAnswerCanBeOrdered) {
  const std::string prompt = std::string(kPrompt) + " [[sim: prefill=other]]";
  const std::string whole = Whole("sim-fast:1b", prompt);
  const BodyFacts facts = Facts("sim-fast:1b", prompt, whole.substr(0, whole.find(' ', 60)));
  EXPECT_TRUE(facts.done);
  EXPECT_NE(facts.text.substr(0, 60), whole.substr(0, 60));
}

TEST_F(PrefillTest, AnEchoRepeatsThePartInItsFirstChunk) {
  const TestResponse response =
      Chat("sim-fast:1b", "Hm [[sim: prefill=echo text=\"one two three\"]]", "one two");
  EXPECT_THAT(response.Lines()[0], HasSubstr(R"("content":"one two"})"));
  EXPECT_EQ(ReadBody(response.body).text, "one two three");
}

TEST_F(PrefillTest, AnOverlapRepeatsTheLastWord) {
  const BodyFacts facts =
      Facts("sim-fast:1b", "Hm [[sim: prefill=overlap text=\"one two three\"]]", "one two");
  EXPECT_EQ(facts.text, " two three");
}

TEST_F(PrefillTest, AModelThatThinksRefuses) {
  constexpr const char* kRefusal =
      R"({"error":"Assistant response prefill is incompatible with enable_thinking."})";
  const TestResponse refused = Chat("sim-thinker:8b", kPrompt, "Tides");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, kRefusal);
  EXPECT_EQ(Chat("sim-thinker:8b", kPrompt, "Tides", R"("think":true)").status, 400);
  EXPECT_EQ(Chat("sim-fast:1b", "Hm [[sim: prefill=refuse]]", "Tides").body, kRefusal);
}

TEST_F(PrefillTest, AModelThatNeedNotThinkGoesOn) {
  const std::string thought = Facts("sim-thinker:8b", kPrompt, "").text;
  const std::string kept = thought.substr(0, thought.find(' ', 60));
  EXPECT_EQ(kept + Facts("sim-thinker:8b", kPrompt, kept, R"("think":false)").text, thought);
}

TEST_F(PrefillTest, TwoPartsAreRefused) {
  const std::string body = R"({"model":"sim-fast:1b","messages":[)" + Message("user", kPrompt) +
                           "," + Message("assistant", "One.") + "," + Message("assistant", "Two.") +
                           "]}";
  const TestResponse refused = Post(server_.port(), "/api/chat", body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body,
            R"({"error":"Cannot have 2 or more assistant messages at the end of the list."})");
}

TEST_F(PrefillTest, ARequestThatGoesOnCountsAsTheSamePrompt) {
  const std::string prompt = "Hm [[sim: text=\"one two three\" eof_after=2 fail_first=1]]";
  const BodyFacts first = ReadBody(Generate(server_.port(), "sim-fast:1b", prompt).body);
  EXPECT_EQ(first.text, "one two");
  EXPECT_FALSE(first.done);
  const BodyFacts second = Facts("sim-fast:1b", prompt, first.text);
  EXPECT_EQ(second.text, " three");
  EXPECT_TRUE(second.done);
}

TEST_F(PrefillTest, TheBenchModelGoesOnCounting) {
  const std::string prompt = "Hm [[sim: tokens=5 rate=1000]]";
  EXPECT_EQ(Facts("sim-bench:1b", prompt, "@1;@2;").objects, 4);  // three chunks, and done
}

TEST_F(PrefillTest, RequestsTellWhatTheyWentOnFrom) {
  Chat("sim-fast:1b", kSpeak, "one two");
  Chat("sim-fast:1b", kSpeak, "");
  const std::string requests = Get(server_.port(), "/sim/requests?prompt=Speak.+").body;
  EXPECT_THAT(requests, HasSubstr(R"("prefill_bytes":7,)"));
  EXPECT_THAT(requests, HasSubstr(R"("prefill_bytes":-1,)"));
}

}  // namespace
}  // namespace genwatch::ollama_sim

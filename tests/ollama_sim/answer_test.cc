// What the simulator says, without any network.
#include "tests/ollama_sim/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/ollama_sim/json_reader.h"
#include "tests/ollama_sim/length_models.h"
#include "tests/ollama_sim/prose.h"
#include "tests/ollama_sim/tokenizer.h"
#include "tests/ollama_sim/utf8.h"

namespace genwatch::ollama_sim {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const Model& Fast() { return *FindModel("sim-fast:1b"); }
const Model& Thinker() { return *FindModel("sim-thinker:8b"); }

ApiRequest Ask(std::string prompt) {
  ApiRequest request;
  request.prompt = std::move(prompt);
  return request;
}

Answer AnswerTo(ApiRequest request, const Model& model = Fast(), uint64_t seed = 1) {
  request.model = model.name;
  return MakeAnswer(seed, model, ReadQuestion(std::move(request)));
}

std::string Joined(const std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

int TokensOf(const Answer& answer) {
  int tokens = 0;
  for (const Chunk& chunk : answer.chunks) tokens += chunk.tokens;
  return tokens;
}

TEST(TokenizerTest, TokensJoinedGiveTheTextAgain) {
  for (const std::string text :
       {"", " ", "a", "Hello, world!\n\n  indented", "日本語 と é 😀😀 x", "supercalifragilistic ",
        "tab\there \n \n", "12345678 ``` ** --- \xff\xfe broken", "\xE2\x80\xA8"}) {
    EXPECT_EQ(Joined(Tokenize(text)), text);
  }
}

TEST(TokenizerTest, WordsAreTokensWithTheirSpaceAndLongOnesAreCut) {
  EXPECT_EQ(Tokenize("a cat, extraordinarily"),
            (std::vector<std::string>{"a", " cat", ",", " extra", "ordin", "arily"}));
}

TEST(TokenizerTest, AnEmojiTakesTwoTokensOfWhichTheFirstIsHeldBack) {
  EXPECT_EQ(Tokenize("x 😀"), (std::vector<std::string>{"x", "", " 😀"}));
}

TEST(AnswerTest, TheSameQuestionGetsTheSameChunks) {
  const Answer first = AnswerTo(Ask("Why is the sky blue?"));
  const Answer second = AnswerTo(Ask("Why is the sky blue?"));
  ASSERT_EQ(first.chunks.size(), second.chunks.size());
  for (size_t i = 0; i < first.chunks.size(); ++i)
    EXPECT_EQ(first.chunks[i].text, second.chunks[i].text);
  EXPECT_EQ(first.eval_count, second.eval_count);
}

TEST(AnswerTest, PromptModelAndSeedsEachChangeTheText) {
  std::set<std::string> texts;
  texts.insert(AnswerTo(Ask("Why is the sky blue?")).Text());
  texts.insert(AnswerTo(Ask("Why is the sea blue?")).Text());
  texts.insert(AnswerTo(Ask("Why is the sky blue?"), Fast(), /*seed=*/2).Text());
  texts.insert(AnswerTo(Ask("Why is the sky blue?"), *FindModel("sim-medium:8b")).Text());
  ApiRequest seeded = Ask("Why is the sky blue?");
  seeded.seed = 42;
  texts.insert(AnswerTo(seeded).Text());
  ApiRequest with_system = Ask("Why is the sky blue?");
  with_system.system = "Be brief.";
  texts.insert(AnswerTo(with_system).Text());
  EXPECT_EQ(texts.size(), 6u);
}

TEST(AnswerTest, AChatWithOneMessageIsAnsweredAsThatPrompt) {
  ApiRequest chat;
  chat.api = Api::kChat;
  chat.messages = {{"user", "Why is the sky blue?"}};
  EXPECT_EQ(AnswerTo(chat).Text(), AnswerTo(Ask("Why is the sky blue?")).Text());
}

TEST(AnswerTest, LengthsStayWithinTheModelsRange) {
  for (int i = 0; i < 200; ++i) {
    const Answer answer = AnswerTo(Ask("Question number " + std::to_string(i)));
    EXPECT_GE(TokensOf(answer), Fast().min_tokens);
    EXPECT_LE(TokensOf(answer), Fast().max_tokens);
    EXPECT_EQ(ToValidUtf8(answer.Text()), answer.Text());
  }
}

TEST(AnswerTest, TextsHaveCodeListsAndCharactersBeyondAscii) {
  std::string all;
  for (int i = 0; i < 50; ++i) all += AnswerTo(Ask("Topic " + std::to_string(i))).Text();
  for (const char* const expected : {"```", "- **", "1. **", "## ", "é", "日本語", "🙂"}) {
    EXPECT_THAT(all, HasSubstr(expected));
  }
}

TEST(AnswerTest, TheAnswerIsAboutALongWordOfThePrompt) {
  EXPECT_EQ(TopicOf("How do glaciers move?"), "glaciers");
  EXPECT_EQ(TopicOf("Was ist Höhenkrankheit?"), "Höhenkrankheit");
  EXPECT_EQ(TopicOf("a b c"), "the question");
  EXPECT_EQ(TopicOf(""), "the question");
}

TEST(AnswerTest, ChunksAreFewerThanTokensAndNeverEmpty) {
  const Answer answer = AnswerTo(Ask("Why is the sky blue?"));
  EXPECT_LT(answer.chunks.size(), static_cast<size_t>(TokensOf(answer)));
  EXPECT_EQ(answer.eval_count, TokensOf(answer) + 1);  // the end of the turn is a token, too
  for (const Chunk& chunk : answer.chunks) {
    EXPECT_FALSE(chunk.text.empty());
    EXPECT_EQ(ToValidUtf8(chunk.text), chunk.text);
  }
}

TEST(AnswerTest, NumPredictCutsTheSameText) {
  ApiRequest cut = Ask("Why is the sky blue?");
  cut.num_predict = 20;
  const Answer answer = AnswerTo(cut);
  EXPECT_EQ(answer.done_reason, "length");
  EXPECT_EQ(answer.eval_count, 20);
  EXPECT_EQ(TokensOf(answer), 20);
  EXPECT_THAT(AnswerTo(Ask("Why is the sky blue?")).Text(), StartsWith(answer.Text()));
}

TEST(AnswerTest, NumPredictZeroSaysNothing) {
  ApiRequest cut = Ask("Why is the sky blue?");
  cut.num_predict = 0;
  EXPECT_TRUE(AnswerTo(cut).chunks.empty());
  EXPECT_EQ(AnswerTo(cut).done_reason, "length");
}

TEST(AnswerTest, AStopStringEndsTheTextBeforeIt) {
  ApiRequest stopped = Ask("hi[[sim: text=\"one two three four\"]]");
  stopped.stop = {"ree", "nowhere"};
  const Answer answer = AnswerTo(stopped);
  EXPECT_EQ(answer.Text(), "one two th");
  EXPECT_EQ(answer.done_reason, "stop");
  EXPECT_EQ(answer.eval_count, 3);  // "one", " two", " three"
}

TEST(AnswerTest, TheEarliestOfTheStopStringsCounts) {
  ApiRequest stopped = Ask("hi[[sim: text=\"one two three\"]]");
  stopped.stop = {"three", "two"};
  EXPECT_EQ(AnswerTo(stopped).Text(), "one ");
}

TEST(AnswerTest, AThinkingModelThinksUnlessToldNotTo) {
  const Answer thinking = AnswerTo(Ask("Why is the sky blue?"), Thinker());
  EXPECT_FALSE(thinking.Thinking().empty());
  EXPECT_FALSE(thinking.Text().empty());
  EXPECT_EQ(thinking.eval_count, TokensOf(thinking) + 3);  // two tags, and the end of the turn
  ApiRequest without = Ask("Why is the sky blue?");
  without.think = ApiRequest::Think::kOff;
  EXPECT_EQ(AnswerTo(without, Thinker()).Thinking(), "");
  EXPECT_EQ(AnswerTo(without, Thinker()).Text(), thinking.Text());
}

TEST(AnswerTest, ALimitWithinTheThinkingLeavesNoText) {
  ApiRequest cut = Ask("Why is the sky blue?");
  cut.num_predict = 10;
  const Answer answer = AnswerTo(cut, Thinker());
  EXPECT_FALSE(answer.Thinking().empty());
  EXPECT_EQ(answer.Text(), "");
  EXPECT_EQ(answer.done_reason, "length");
}

TEST(AnswerTest, TokensOrdersAnExactNumber) {
  for (const int tokens : {0, 1, 7, 40, 3000}) {
    EXPECT_EQ(TokensOf(AnswerTo(Ask("hi[[sim: tokens=" + std::to_string(tokens) + "]]"))), tokens);
  }
}

TEST(AnswerTest, EchoRepeatsThePromptWithoutTheDirective) {
  EXPECT_EQ(AnswerTo(Ask("Say: \"é 😀\"\n[[sim: echo]]\nbye")).Text(), "Say: \"é 😀\"\nbye");
}

TEST(AnswerTest, TheDirectiveDoesNotChangeWhatIsAnswered) {
  EXPECT_EQ(AnswerTo(Ask("Why is the sky blue?[[sim: split=1 rate=5]]")).Text(),
            AnswerTo(Ask("Why is the sky blue?")).Text());
}

TEST(AnswerTest, FormatJsonGivesValidJson) {
  for (int i = 0; i < 30; ++i) {
    ApiRequest json = Ask("Data " + std::to_string(i));
    json.format = ApiRequest::Format::kJson;
    JsonReader reader;
    simdjson::dom::element root;
    const std::string text = AnswerTo(json).Text();
    ASSERT_EQ(reader.Parse(text, &root), simdjson::SUCCESS) << text;
    EXPECT_TRUE(root.is_object());
  }
}

TEST(AnswerTest, FormatSchemaIsFollowed) {
  ApiRequest json = Ask("A person");
  json.format = ApiRequest::Format::kSchema;
  json.schema =
      R"({"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"},)"
      R"("tags":{"type":"array","items":{"enum":["red","green"]}},"ok":{"type":"boolean"}}})";
  JsonReader reader;
  simdjson::dom::element root;
  ASSERT_EQ(reader.Parse(AnswerTo(json).Text(), &root), simdjson::SUCCESS);
  EXPECT_TRUE(root["name"].is_string());
  EXPECT_TRUE(root["age"].is_int64());
  EXPECT_TRUE(root["ok"].is_bool());
  const std::string_view tag = root["tags"].at(0);
  EXPECT_TRUE(tag == "red" || tag == "green");
}

TEST(AnswerTest, ALoneSurrogateIsAReplacementCharacterInTheText) {
  EXPECT_EQ(AnswerTo(Ask("hi[[sim: text=a lone_surrogate]]")).Text(), "a half\xEF\xBF\xBDpair");
}

TEST(AnswerTest, ThePromptCountsWithItsTemplate) {
  EXPECT_EQ(AnswerTo(Ask("one two three")).prompt_tokens, 8);
  ApiRequest raw = Ask("one two three");
  raw.raw = true;
  EXPECT_EQ(AnswerTo(raw).prompt_tokens, 3);
}

TEST(LengthModelTest, AnswersOfAKindAreAsLongAsItsTableSays) {
  for (const LengthModel& kind : AllLengthModels()) {
    Random random(3);
    constexpr int kDraws = 20'000;
    std::vector<int> lengths;
    for (int i = 0; i < kDraws; ++i) lengths.push_back(kind.DrawTokens(&random));
    std::sort(lengths.begin(), lengths.end());
    const double median = kind.tail > 0 ? kind.scale * std::pow(2, 1 / kind.tail) : kind.scale;
    EXPECT_NEAR(lengths[kDraws / 2], median, 0.05 * median) << kind.name;
    const double ninth = kind.tail > 0 ? kind.scale * std::pow(10, 1 / kind.tail)
                                       : kind.scale * std::exp(1.2816 * kind.spread);
    EXPECT_NEAR(lengths[kDraws * 9 / 10], ninth, 0.06 * ninth) << kind.name;
  }
}

TEST(LengthModelTest, AnOrderDrawsTheLengthOfAPromptOnceAndForAll) {
  const LengthModel& title = *FindLengthModel("title");
  std::set<int> lengths;
  for (int i = 0; i < 40; ++i) {
    const std::string prompt = "a title for " + std::to_string(i) + "[[sim: lengths=title]]";
    const int tokens = TokensOf(AnswerTo(Ask(prompt)));
    EXPECT_EQ(tokens, TokensOf(AnswerTo(Ask(prompt))));
    EXPECT_GE(tokens, 1);
    EXPECT_LE(tokens, 10 * title.scale);
    lengths.insert(tokens);
  }
  EXPECT_GT(lengths.size(), 5u);
  EXPECT_NE(ReadQuestion(Ask("[[sim: lengths=nonsense]]")).error, "");
}

}  // namespace
}  // namespace genwatch::ollama_sim

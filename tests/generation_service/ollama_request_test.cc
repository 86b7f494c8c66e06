#include "generation_service/ollama_request.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "generation_service/json_writer.h"

namespace genwatch {
namespace {

TEST(JsonWriterTest, StringsAreEscaped) {
  JsonWriter json;
  json.String(std::string("a\"b\\c\n\x01\0\xC3\xA9", 10));
  EXPECT_EQ(json.text(), "\"a\\\"b\\\\c\\u000a\\u0001\\u0000\xC3\xA9\"");
}

TEST(JsonWriterTest, NestedValuesAreSeparated) {
  JsonWriter json;
  json.BeginObject();
  json.Key("a");
  json.BeginArray();
  json.Integer(-1);
  json.Number(0.1);
  json.Bool(false);
  json.BeginObject();
  json.EndObject();
  json.EndArray();
  json.Key("b");
  json.Number(1.0 / 0.0);
  json.EndObject();
  EXPECT_EQ(json.text(), R"({"a":[-1,0.1,false,{}],"b":null})");
}

v1::JobSpec Prompt() {
  v1::JobSpec spec;
  spec.set_model("m");
  spec.set_prompt("say \"hi\"");
  return spec;
}

TEST(OllamaRequestTest, PromptGoesToGenerate) {
  const OllamaRequest request = OllamaRequestOf(Prompt());
  EXPECT_EQ(request.path, "/api/generate");
  EXPECT_EQ(request.body, R"({"model":"m","prompt":"say \"hi\"","stream":true})");
}

TEST(OllamaRequestTest, SystemIsAFieldOfGenerate) {
  v1::JobSpec spec = Prompt();
  spec.set_system("be brief");
  EXPECT_EQ(OllamaRequestOf(spec).body,
            R"({"model":"m","prompt":"say \"hi\"","system":"be brief","stream":true})");
}

TEST(OllamaRequestTest, MessagesGoToChatWithTheSystemFirst) {
  v1::JobSpec spec;
  spec.set_model("m");
  spec.set_system("be brief");
  v1::ChatMessage* message = spec.add_messages();
  message->set_role("user");
  message->set_content("hi");
  const OllamaRequest request = OllamaRequestOf(spec);
  EXPECT_EQ(request.path, "/api/chat");
  EXPECT_EQ(request.body, R"({"model":"m","messages":[{"role":"system","content":"be brief"},)"
                          R"({"role":"user","content":"hi"}],"stream":true})");
}

TEST(OllamaRequestTest, OnlyGivenOptionsAreSent) {
  v1::JobSpec spec = Prompt();
  spec.mutable_options()->set_temperature(0);
  spec.mutable_options()->set_seed(7);
  EXPECT_NE(OllamaRequestOf(spec).body.find(R"("options":{"temperature":0,"seed":7})"),
            std::string::npos);
}

TEST(OllamaRequestTest, AllOptionsHaveTheirNames) {
  v1::JobSpec spec = Prompt();
  v1::ModelOptions& options = *spec.mutable_options();
  options.set_num_predict(-1);
  options.set_num_ctx(8192);
  options.set_temperature(0.7);
  options.set_top_p(0.9);
  options.set_seed(0);
  options.add_stop("\n\n");
  options.add_stop("END");
  EXPECT_NE(OllamaRequestOf(spec).body.find(
                R"("options":{"num_predict":-1,"num_ctx":8192,"temperature":0.7,"top_p":0.9,)"
                R"("seed":0,"stop":["\u000a\u000a","END"]})"),
            std::string::npos);
}

TEST(OllamaRequestTest, FormatIsAWordOrASchema) {
  v1::JobSpec spec = Prompt();
  spec.mutable_format()->set_json(true);
  EXPECT_NE(OllamaRequestOf(spec).body.find(R"("format":"json")"), std::string::npos);
  spec.mutable_format()->set_json(false);
  EXPECT_EQ(OllamaRequestOf(spec).body.find("format"), std::string::npos);
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(
                  R"({"type":"object"})", spec.mutable_format()->mutable_json_schema())
                  .ok());
  EXPECT_NE(OllamaRequestOf(spec).body.find(R"("format":{"type":"object"})"), std::string::npos);
}

TEST(OllamaRequestTest, ThinkIsSentOnlyWhenAskedFor) {
  v1::JobSpec spec = Prompt();
  EXPECT_EQ(OllamaRequestOf(spec).body.find("think"), std::string::npos);
  const std::vector<std::pair<v1::Thinking, std::string>> rows = {
      {v1::THINKING_OFF, R"("think":false)"},
      {v1::THINKING_ON, R"("think":true)"},
      {v1::THINKING_LOW, R"("think":"low")"},
      {v1::THINKING_MEDIUM, R"("think":"medium")"},
      {v1::THINKING_HIGH, R"("think":"high")"}};
  for (const auto& [think, expected] : rows) {
    spec.set_think(think);
    EXPECT_NE(OllamaRequestOf(spec).body.find(expected), std::string::npos) << expected;
  }
}

TEST(OllamaRequestTest, KeepAliveIsADurationOrForEver) {
  v1::JobSpec spec = Prompt();
  spec.set_keep_alive_ms(1500);
  EXPECT_NE(OllamaRequestOf(spec).body.find(R"("keep_alive":"1500ms")"), std::string::npos);
  spec.set_keep_alive_ms(-7);
  EXPECT_NE(OllamaRequestOf(spec).body.find(R"("keep_alive":-1)"), std::string::npos);
  spec.set_keep_alive_ms(0);
  EXPECT_NE(OllamaRequestOf(spec).body.find(R"("keep_alive":"0ms")"), std::string::npos);
}

// With 0 an Ollama would unload the model instead of loading it.
TEST(OllamaRequestTest, PreloadKeepsTheModelUntilThePromptComes) {
  v1::JobSpec spec = Prompt();
  spec.mutable_options()->set_num_ctx(4096);
  const OllamaRequest preload = PreloadRequestOf(spec);
  EXPECT_EQ(preload.path, "/api/generate");
  EXPECT_EQ(preload.body.find("prompt"), std::string::npos);
  EXPECT_NE(preload.body.find(R"("options":{"num_ctx":4096})"), std::string::npos);
  EXPECT_NE(preload.body.find(R"("keep_alive":"60000ms")"), std::string::npos);
  const std::vector<std::pair<int32_t, std::string>> rows = {{0, R"("keep_alive":"60000ms")"},
                                                             {10, R"("keep_alive":"60000ms")"},
                                                             {90'000, R"("keep_alive":"90000ms")"},
                                                             {-5, R"("keep_alive":-1)"}};
  for (const auto& [keep_alive_ms, expected] : rows) {
    spec.set_keep_alive_ms(keep_alive_ms);
    EXPECT_NE(PreloadRequestOf(spec).body.find(expected), std::string::npos) << expected;
  }
}

}  // namespace
}  // namespace genwatch

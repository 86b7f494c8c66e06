// Everything that is read: directives, JSON, HTTP, flags.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/ollama_sim/api_request.h"
#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/directive.h"
#include "tests/ollama_sim/http_request.h"
#include "tests/ollama_sim/json_reader.h"
#include "tests/ollama_sim/json_writer.h"
#include "tests/ollama_sim/options.h"
#include "tests/ollama_sim/pacing.h"

namespace genwatch::ollama_sim {
namespace {

using testing::HasSubstr;

std::string Quoted(std::string_view text, JsonEscapes escapes = JsonEscapes::kGo) {
  std::string out;
  AppendJsonString(text, escapes, &out);
  return out;
}

TEST(DirectiveTest, AFaultWithOthersIsReadAndTakenOut) {
  const PromptParts parts =
      TakeDirective("Tell me.\n[[sim: fault=eof_after:10 split=1 rate=500 tokens=40]]\nThanks.");
  EXPECT_EQ(parts.error, "");
  EXPECT_EQ(parts.prompt, "Tell me.\nThanks.");
  EXPECT_EQ(parts.directive.fault, Fault::kEofAfter);
  EXPECT_EQ(parts.directive.after, 10);
  EXPECT_EQ(parts.directive.split_bytes, 1);
  EXPECT_EQ(parts.directive.rate, 500);
  EXPECT_EQ(parts.directive.tokens, 40);
}

TEST(DirectiveTest, AQuotedTextKeepsSpacesBracketsAndEscapes) {
  const PromptParts parts = TakeDirective(R"([[sim: text="a ]] \"b\"\n\u00e9\\" tokens=3]])");
  EXPECT_EQ(parts.error, "");
  EXPECT_EQ(parts.directive.text, "a ]] \"b\"\né\\");
  EXPECT_EQ(parts.directive.tokens, 3);
  EXPECT_EQ(parts.prompt, "");
}

TEST(DirectiveTest, WhatIsNotUnderstoodIsSaidNotIgnored) {
  EXPECT_THAT(TakeDirective("[[sim: tokes=3]]").error, HasSubstr("tokes"));
  EXPECT_THAT(TakeDirective("[[sim: tokens=many]]").error, HasSubstr("many"));
  EXPECT_THAT(TakeDirective("[[sim: tokens=-1]]").error, HasSubstr("-1"));
  EXPECT_THAT(TakeDirective("[[sim: status=200]]").error, HasSubstr("200"));
  EXPECT_THAT(TakeDirective("[[sim: tokens=3").error, HasSubstr("]]"));
  EXPECT_NE(TakeDirective("[[sim: text=\"open").error, "");
}

TEST(DirectiveTest, APromptWithoutDirectiveStaysAsItIs) {
  const PromptParts parts = TakeDirective("a [[b]] [sim: x]");
  EXPECT_EQ(parts.prompt, "a [[b]] [sim: x]");
  EXPECT_EQ(parts.directive.fault, Fault::kNone);
}

TEST(DirectiveTest, AfterTheFaultyRequestsOnlyContentAndTimeStay) {
  const Directive clean =
      TakeDirective("[[sim: tokens=4 rate=9 rst_after=1 split=1 gzip bom fail_first=1]]")
          .directive.WithoutFault();
  EXPECT_EQ(clean.tokens, 4);
  EXPECT_EQ(clean.rate, 9);
  EXPECT_EQ(clean.fault, Fault::kNone);
  EXPECT_EQ(clean.split_bytes, 0);
  EXPECT_EQ(clean.encoding, Encoding::kIdentity);
  EXPECT_FALSE(clean.bom);
}

TEST(JsonWriterTest, EscapesAreThoseOfGo) {
  EXPECT_EQ(Quoted("a\"b\\c\n\t\r\b\f\x01\x7f/"), "\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\x7f/\"");
  EXPECT_EQ(Quoted("<&>"), "\"\\u003c\\u0026\\u003e\"");
  EXPECT_EQ(Quoted("é日😀"), "\"é日😀\"");
  EXPECT_EQ(Quoted("\xE2\x80\xA8\xE2\x80\xA9"), "\"\\u2028\\u2029\"");
  EXPECT_EQ(Quoted("a\xff\xc3"), "\"a\\ufffd\\ufffd\"");
  EXPECT_EQ(Quoted(std::string("\0", 1)), "\"\\u0000\"");
}

TEST(JsonWriterTest, AsciiEscapesUsePairs) {
  EXPECT_EQ(Quoted("é😀", JsonEscapes::kAscii), "\"\\u00e9\\ud83d\\ude00\"");
  EXPECT_EQ(Quoted("\xED\xA0\xBD", JsonEscapes::kGo), "\"\\ud83d\"");
}

TEST(JsonReaderTest, LoneSurrogatesAndStrayBytesAreReplaced) {
  EXPECT_EQ(RepairJsonText(R"("\ud83d\ude00 \ud83d \ude00 \\ud83d \ud83d\ud83d\ude00")"),
            R"("\ud83d\ude00 \ufffd \ufffd \\ud83d \ufffd\ud83d\ude00")");
  JsonReader reader;
  simdjson::dom::element root;
  ASSERT_EQ(reader.Parse("{\"a\":\"\\udc00\xff\"}", &root), simdjson::SUCCESS);
  EXPECT_EQ(std::string_view(root["a"]), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(ApiRequestTest, AllThatMattersIsRead) {
  const ApiRequestOrError parsed = ParseApiRequest(
      Api::kGenerate,
      R"({"model":"m","prompt":"p \ud83d","system":"s","stream":false,"raw":true,"think":"high",)"
      R"("format":"json","keep_alive":"1m30s","unknown":{},"options":{"seed":7,"num_predict":3.0,)"
      R"("num_ctx":8192,"stop":["a","b"],"temperature":0.1}})");
  const ApiRequest& request = parsed.request;
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(request.model, "m");
  EXPECT_EQ(request.prompt, "p \xEF\xBF\xBD");
  EXPECT_EQ(request.system, "s");
  EXPECT_FALSE(request.stream);
  EXPECT_TRUE(request.raw);
  EXPECT_EQ(request.think, ApiRequest::Think::kOn);
  EXPECT_EQ(request.format, ApiRequest::Format::kJson);
  EXPECT_EQ(request.keep_alive_ns, 90 * kNsPerSecond);
  EXPECT_EQ(request.seed, 7);
  EXPECT_EQ(request.num_predict, 3);
  EXPECT_EQ(request.num_ctx, 8192);
  EXPECT_EQ(request.stop, (std::vector<std::string>{"a", "b"}));
}

TEST(ApiRequestTest, NullsAreAbsent) {
  const ApiRequestOrError parsed = ParseApiRequest(
      Api::kChat,
      R"({"model":"m","messages":[{"role":"user","content":null}],"think":null,"options":null,)"
      R"("format":null,"keep_alive":null,"stream":null,"tools":[]})");
  EXPECT_EQ(parsed.error, "");
  EXPECT_TRUE(parsed.request.stream);
  EXPECT_FALSE(parsed.request.has_tools);
  EXPECT_EQ(parsed.request.think, ApiRequest::Think::kUnset);
}

TEST(ApiRequestTest, KeepAliveHasItsForms) {
  const auto keep_alive = [](const std::string& value) {
    return ParseApiRequest(Api::kGenerate, "{\"keep_alive\":" + value + "}").request.keep_alive_ns;
  };
  EXPECT_EQ(keep_alive("30"), 30 * kNsPerSecond);
  EXPECT_EQ(keep_alive("0"), 0);
  EXPECT_LT(*keep_alive("-1"), 0);
  EXPECT_LT(*keep_alive("\"-1m\""), 0);
  EXPECT_EQ(keep_alive("\"250ms\""), 250 * kNsPerMs);
  EXPECT_NE(ParseApiRequest(Api::kGenerate, R"({"keep_alive":"soon"})").error, "");
}

TEST(ApiRequestTest, WrongTypesAreNamedAsGoDoes) {
  EXPECT_EQ(
      ParseApiRequest(Api::kGenerate, R"({"model":3})").error,
      "json: cannot unmarshal number into Go struct field GenerateRequest.model of type string");
  EXPECT_EQ(ParseApiRequest(Api::kChat, R"({"messages":"x"})").error,
            "json: cannot unmarshal string into Go struct field ChatRequest.messages of type "
            "[]api.Message");
  EXPECT_EQ(ParseApiRequest(Api::kGenerate, R"({"options":{"stop":"x"}})").error,
            "option \"stop\" must be of type array");
  EXPECT_EQ(ParseApiRequest(Api::kGenerate, "").error, "missing request body");
  EXPECT_EQ(ParseApiRequest(Api::kGenerate, "{\"model\":").error, "unexpected EOF");
  EXPECT_EQ(ParseApiRequest(Api::kGenerate, "<x>").error,
            "invalid character '<' looking for beginning of value");
}

TEST(HttpRequestTest, ARequestIsReadHoweverItIsCut) {
  const std::string bytes =
      "POST /api/chat?x=a%20b+c&y HTTP/1.1\r\nHost: h\r\nContent-Length:  5 \r\n\r\nhello"
      "GET / HTTP/1.0\r\nCONNECTION: close\r\n\r\n"
      "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (size_t step = 1; step <= bytes.size(); ++step) {
    HttpRequestParser parser;
    std::vector<HttpRequest> requests;
    for (size_t i = 0; i < bytes.size(); i += step) {
      parser.Append(bytes.substr(i, step));
      for (auto result = parser.Next(); result != HttpRequestParser::Result::kNeedMore;
           result = parser.Next()) {
        ASSERT_EQ(result, HttpRequestParser::Result::kRequest);
        requests.push_back(parser.TakeRequest());
      }
    }
    ASSERT_EQ(requests.size(), 3u) << step;
    EXPECT_EQ(requests[0].method, "POST");
    EXPECT_EQ(requests[0].path, "/api/chat");
    EXPECT_EQ(requests[0].Query("x"), "a b c");
    EXPECT_EQ(requests[0].body, "hello");
    EXPECT_TRUE(requests[0].keep_alive);
    EXPECT_FALSE(requests[1].keep_alive);
    EXPECT_FALSE(requests[1].http11);
    EXPECT_EQ(requests[2].body, "abcde");
  }
}

TEST(HttpRequestTest, WhatIsNotHttpIsBad) {
  for (const char* const bytes :
       {"nonsense\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    HttpRequestParser parser;
    parser.Append(bytes);
    EXPECT_EQ(parser.Next(), HttpRequestParser::Result::kBad) << bytes;
  }
}

TEST(ClockTest, TimesAreWrittenAsGoAndHttpDo) {
  EXPECT_EQ(Rfc3339Nano(1787303704118203417), "2026-08-21T09:15:04.118203417Z");
  EXPECT_EQ(Rfc3339Nano(1787303704100000000), "2026-08-21T09:15:04.1Z");
  EXPECT_EQ(Rfc3339Nano(1787303704000000020), "2026-08-21T09:15:04.00000002Z");
  EXPECT_EQ(Rfc3339Nano(1787303704000000000), "2026-08-21T09:15:04Z");
  EXPECT_EQ(HttpDate(1787303704000000000), "Fri, 21 Aug 2026 09:15:04 GMT");
}

TEST(PacingTest, AnyNumberOfStreamsIsSpreadEvenly) {
  for (const int streams : {2, 3, 8, 50, 200}) {
    Phases phases;
    std::vector<double> fractions;
    for (int i = 0; i < streams; ++i) fractions.push_back(Phases::Fraction(phases.Take()));
    std::sort(fractions.begin(), fractions.end());
    fractions.push_back(fractions.front() + 1);
    for (int i = 0; i < streams; ++i) {
      EXPECT_GE(fractions[i + 1] - fractions[i], 0.5 / streams);
      EXPECT_LE(fractions[i + 1] - fractions[i], 2.0 / streams);
    }
  }
}

TEST(PacingTest, QuantilesAreOfWhatWasAdded) {
  MicrosecondHistogram histogram;
  EXPECT_EQ(histogram.Quantile(0.5), 0);
  for (int us = 1; us <= 100; ++us) histogram.Add(us);
  EXPECT_EQ(histogram.Quantile(0.5), 50);
  EXPECT_EQ(histogram.Quantile(0.99), 99);
  EXPECT_EQ(histogram.max_us(), 100);
}

OptionsOrExit Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ollama_sim");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

TEST(OptionsTest, FlagsAreReadInBothForms) {
  const OptionsOrExit parsed =
      Parse({"--port", "0", "--speed=20", "--seed=7", "--num_parallel", "4"});
  EXPECT_EQ(parsed.exit_code, -1) << parsed.message;
  EXPECT_EQ(parsed.options.port, 0);
  EXPECT_EQ(parsed.options.speed, 20);
  EXPECT_EQ(parsed.options.seed, 7u);
  EXPECT_EQ(parsed.options.num_parallel, 4);
  EXPECT_EQ(parsed.options.host, "127.0.0.1");
}

TEST(OptionsTest, AllMistakesAreReportedTogether) {
  const OptionsOrExit parsed = Parse({"--port=x", "--host", "nowhere", "--sped=3", "--log"});
  EXPECT_EQ(parsed.exit_code, 2);
  for (const char* const expected : {"--port", "--host", "--sped", "--log"}) {
    EXPECT_THAT(parsed.message, HasSubstr(expected));
  }
}

TEST(OptionsTest, HelpDescribesEachModel) {
  const OptionsOrExit parsed = Parse({"--help"});
  EXPECT_EQ(parsed.exit_code, 0);
  EXPECT_THAT(parsed.message, HasSubstr("sim-bench:1b"));
  EXPECT_THAT(parsed.message, HasSubstr("--speed"));
}

TEST(OptionsTest, AScenarioFileIsReadAndItsMistakesAreFound) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / ("scenario_" + std::to_string(getpid()));
  std::ofstream(path)
      << "# comment\n\nsim-fast:1b | tides | eof_after=3 fail_first=1\n* | * | rate=9\n";
  const OptionsOrExit good = Parse({"--scenario", path.c_str()});
  ASSERT_EQ(good.options.scenario.size(), 2u) << good.message;
  EXPECT_EQ(good.options.scenario[0].prompt, "tides");
  EXPECT_EQ(good.options.scenario[1].orders, "rate=9");
  std::ofstream(path) << "* | * | no_such_key=1\n";
  EXPECT_EQ(Parse({"--scenario", path.c_str()}).exit_code, 2);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace genwatch::ollama_sim

#include "generation_service/ollama_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "common/mutex.h"
#include "tests/generation_service/scripted_server.h"
#include "tests/support/notification.h"

namespace genwatch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Failure::Kind;

constexpr char kFirst[] = "{\"response\":\"Hel\",\"done\":false}\n";
constexpr char kSecond[] = "{\"response\":\"lo\",\"done\":false}\n";
constexpr char kDone[] =
    "{\"response\":\"\",\"done\":true,\"done_reason\":\"stop\",\"eval_count\":2}\n";

class OllamaClientTest : public testing::Test {
 protected:
  struct Heard {
    std::string answer;
    std::string thinking;
    int loaded = 0;
    int started = 0;
    std::optional<AnswerStatistics> done;
    std::optional<Failure> failure;
    Notification text_came;
    Notification ended;
    std::unique_ptr<Generation> generation;
  };

  ~OllamaClientTest() override {
    loop_.RunSync([this] { client_.reset(); });
  }

  void Connect(const std::string& url, std::vector<std::string> headers = {}) {
    OllamaOptions options;
    options.url = url;
    options.headers = std::move(headers);
    options.look_timeout = absl::Seconds(5);
    options.loaded_timeout = absl::Milliseconds(200);
    loop_.RunSync([&] { client_ = std::make_unique<OllamaClient>(&loop_, options); });
  }

  static GenerationRequest Request() {
    GenerationRequest request;
    request.spec.set_model("m");
    request.spec.set_prompt("hi");
    request.first_byte_timeout = absl::Seconds(30);
    request.silence_timeout = absl::Seconds(30);
    request.running_timeout = absl::Seconds(60);
    return request;
  }

  void Start(Heard& heard, const GenerationRequest& request = Request()) {
    loop_.RunSync([&] {
      heard.generation = client_->Generate(request, [&heard](const GenerationEvent& event) {
        EXPECT_FALSE(heard.ended.HasBeenNotified());
        if (std::holds_alternative<ModelLoaded>(event)) {
          EXPECT_EQ(heard.started, 0);
          ++heard.loaded;
        } else if (std::holds_alternative<AnswerStarted>(event)) {
          ++heard.started;
        } else if (const auto* text = std::get_if<AnswerText>(&event)) {
          heard.answer.append(text->answer);
          heard.thinking.append(text->thinking);
          if (!heard.text_came.HasBeenNotified()) heard.text_came.Notify();
        } else if (const auto* done = std::get_if<AnswerDone>(&event)) {
          heard.done = done->statistics;
          heard.ended.Notify();
        } else if (const auto* failure = std::get_if<Failure>(&event)) {
          heard.failure = *failure;
          heard.ended.Notify();
        }
      });
    });
  }

  void Generate(Heard& heard, const GenerationRequest& request = Request()) {
    Start(heard, request);
    heard.ended.WaitForNotification();
    loop_.RunSync([&] { heard.generation.reset(); });
  }

  ModelServerLook Look() {
    ModelServerLook result;
    Notification looked;
    loop_.RunSync([&] {
      client_->Look([&](const ModelServerLook& look) {
        result = look;
        // A copy of its own: ThreadSanitizer can't see the counts of shared ones.
        result.reachable = absl::Status(look.reachable.code(), look.reachable.message());
        looked.Notify();
      });
    });
    looked.WaitForNotification();
    return result;
  }

  EventLoop loop_{"test"};
  std::unique_ptr<OllamaClient> client_;
};

TEST_F(OllamaClientTest, AnswerIsReadToItsEnd) {
  std::string request;
  ScriptedServer server([&](ScriptedConnection& connection) {
    request = connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk(kFirst);
    connection.WriteChunk(kSecond);
    connection.WriteChunk(kDone);
    connection.Write(kLastChunk);
  });
  Connect(server.url(), {"Authorization: Bearer secret"});
  Heard heard;
  Generate(heard);
  EXPECT_EQ(heard.answer, "Hello");
  EXPECT_EQ(heard.started, 1);
  ASSERT_TRUE(heard.done.has_value());
  EXPECT_EQ(heard.done->done_reason, "stop");
  EXPECT_EQ(heard.done->completion_tokens, 2);
  EXPECT_THAT(request, HasSubstr("POST /api/generate HTTP/1.1"));
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Bearer secret\r\n"));
  EXPECT_THAT(request, HasSubstr("\"prompt\":\"hi\""));
}

TEST_F(OllamaClientTest, AnswerThatWasNotStreamedIsRead) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(
        WholeAnswer("200 OK", R"({"response":"at once","done":true,"done_reason":"stop"})"));
  });
  Connect(server.url());
  Heard heard;
  Generate(heard);
  EXPECT_EQ(heard.answer, "at once");
  EXPECT_TRUE(heard.done.has_value());
}

TEST_F(OllamaClientTest, DoneIsToldBeforeTheConnectionEnds) {
  Notification told;
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk(kDone);
    told.WaitForNotification();
  });
  Connect(server.url());
  Heard heard;
  Generate(heard);
  told.Notify();
  EXPECT_TRUE(heard.done.has_value());
}

TEST_F(OllamaClientTest, ConnectionIsUsedAgainAfterAnAnswer) {
  ScriptedServer server([](ScriptedConnection& connection) {
    while (!connection.ReadRequest().empty()) {
      connection.Write(kStreamHead);
      connection.WriteChunk(kDone);
      connection.Write(kLastChunk);
    }
  });
  Connect(server.url());
  for (int i = 0; i < 3; ++i) {
    Heard heard;
    Generate(heard);
    loop_.RunSync([] {});
  }
  EXPECT_LE(server.connections(), 2);
}

TEST_F(OllamaClientTest, SeedDefect15EndWithoutDoneIsIncomplete) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk(kFirst);
    connection.Write(kLastChunk);
  });
  Connect(server.url());
  Heard heard;
  Generate(heard);
  EXPECT_EQ(heard.answer, "Hel");
  ASSERT_TRUE(heard.failure.has_value());
  EXPECT_EQ(heard.failure->kind, Kind::kIncomplete);
}

TEST_F(OllamaClientTest, SeedDefect15ErrorLineAfterTextIsAFailure) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk(kFirst);
    connection.WriteChunk("{\"error\":\"unexpected EOF\"}\n");
    connection.Write(kLastChunk);
  });
  Connect(server.url());
  Heard heard;
  Generate(heard);
  EXPECT_EQ(heard.answer, "Hel");
  ASSERT_TRUE(heard.failure.has_value());
  EXPECT_EQ(heard.failure->kind, Kind::kErrorLine);
  EXPECT_EQ(heard.failure->server_text, "unexpected EOF");
}

TEST_F(OllamaClientTest, MalformedLineIsAFailure) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(WholeAnswer("200 OK", "<html>\n</html>\n"));
  });
  Connect(server.url());
  Heard heard;
  Generate(heard);
  ASSERT_TRUE(heard.failure.has_value());
  EXPECT_EQ(heard.failure->kind, Kind::kNotJson);
}

TEST_F(OllamaClientTest, ErrorStatusHasTheServersWords) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(WholeAnswer("404 Not Found", R"({"error":"model 'm' not found"})"));
  });
  Connect(server.url());
  Heard heard;
  Generate(heard);
  ASSERT_TRUE(heard.failure.has_value());
  EXPECT_EQ(heard.failure->kind, Kind::kStatus);
  EXPECT_EQ(heard.failure->http_status, 404);
  EXPECT_EQ(heard.failure->server_text, "model 'm' not found");
  EXPECT_EQ(heard.started, 0);
}

TEST_F(OllamaClientTest, RetryAfterIsTold) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(WholeAnswer("429 Too Many Requests", "", "Retry-After: 3\r\n"));
  });
  Connect(server.url());
  Heard heard;
  Generate(heard);
  ASSERT_TRUE(heard.failure.has_value());
  EXPECT_EQ(heard.failure->http_status, 429);
  EXPECT_EQ(heard.failure->retry_after, absl::Seconds(3));
}

TEST_F(OllamaClientTest, EndlessErrorPageIsNotReadToItsEnd) {
  bool client_left = false;
  Heard heard;
  {
    ScriptedServer server([&](ScriptedConnection& connection) {
      connection.ReadRequest();
      connection.Write("HTTP/1.1 500 Internal Server Error\r\n\r\n");
      while (connection.Write(std::string(8192, 'x'))) {
      }
      client_left = true;
    });
    Connect(server.url());
    Generate(heard);
  }
  ASSERT_TRUE(heard.failure.has_value());
  EXPECT_EQ(heard.failure->http_status, 500);
  EXPECT_TRUE(client_left);
}

TEST_F(OllamaClientTest, RefusedConnectionIsTold) {
  Connect(absl::StrCat("http://127.0.0.1:", UnusedPort()));
  Heard heard;
  Generate(heard);
  ASSERT_TRUE(heard.failure.has_value());
  EXPECT_EQ(heard.failure->kind, Kind::kTransport);
  EXPECT_EQ(heard.failure->transport, Failure::Transport::kConnect);
  EXPECT_FALSE(heard.failure->answer_started);
  EXPECT_EQ(heard.started, 0);
}

TEST_F(OllamaClientTest, ResetInTheMidstKeepsTheText) {
  Notification reset;
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk(kFirst);
    connection.WriteChunk("{\"response\":\"half");
    reset.WaitForNotification();
    connection.Reset();
  });
  Connect(server.url());
  Heard heard;
  Start(heard);
  heard.text_came.WaitForNotification();
  reset.Notify();
  heard.ended.WaitForNotification();
  EXPECT_EQ(heard.answer, "Hel");
  ASSERT_TRUE(heard.failure.has_value());
  EXPECT_EQ(heard.failure->kind, Kind::kTransport);
  EXPECT_TRUE(heard.failure->answer_started);
  loop_.RunSync([&] { heard.generation.reset(); });
}

TEST_F(OllamaClientTest, LimitsOfTimeAreToldWithTheirLength) {
  ScriptedServer server([](ScriptedConnection& connection) {
    if (connection.ReadRequest().find("silent") == std::string::npos) {
      connection.Write(kStreamHead);
      connection.WriteChunk(kFirst);
    }
    connection.AwaitClose();
  });
  Connect(server.url());
  GenerationRequest request = Request();
  request.silence_timeout = absl::Milliseconds(80);
  Heard fell_silent;
  Generate(fell_silent, request);
  ASSERT_TRUE(fell_silent.failure.has_value());
  EXPECT_EQ(fell_silent.failure->kind, Kind::kSilenceTimeout);
  EXPECT_EQ(fell_silent.failure->limit, absl::Milliseconds(80));

  request = Request();
  request.spec.set_prompt("silent");
  request.first_byte_timeout = absl::Milliseconds(90);
  Heard never_spoke;
  Generate(never_spoke, request);
  ASSERT_TRUE(never_spoke.failure.has_value());
  EXPECT_EQ(never_spoke.failure->kind, Kind::kFirstByteTimeout);

  request.first_byte_timeout = absl::Seconds(30);
  request.running_timeout = absl::Milliseconds(70);
  Heard ran_long;
  Generate(ran_long, request);
  ASSERT_TRUE(ran_long.failure.has_value());
  EXPECT_EQ(ran_long.failure->kind, Kind::kRunningTimeout);
}

TEST_F(OllamaClientTest, DroppingAGenerationClosesItsConnection) {
  Notification closed;
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk(kFirst);
    if (connection.AwaitClose()) closed.Notify();
  });
  Connect(server.url());
  Heard heard;
  Start(heard);
  heard.text_came.WaitForNotification();
  loop_.RunSync([&] { heard.generation.reset(); });
  closed.WaitForNotification();
  EXPECT_FALSE(heard.ended.HasBeenNotified());
}

TEST_F(OllamaClientTest, GenerationMayBeDroppedInItsOwnCallback) {
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk(absl::StrCat(kFirst, kSecond, kDone));  // all in one piece
    connection.AwaitClose();
  });
  Connect(server.url());
  std::unique_ptr<Generation> generation;
  int texts = 0;
  Notification dropped;
  loop_.RunSync([&] {
    generation = client_->Generate(Request(), [&](const GenerationEvent& event) {
      if (!std::holds_alternative<AnswerText>(event)) return;
      ++texts;
      generation.reset();
      dropped.Notify();
    });
  });
  dropped.WaitForNotification();
  loop_.RunSync([] {});
  EXPECT_EQ(texts, 1);
}

TEST_F(OllamaClientTest, LookTellsVersionModelsAndWhatIsLoaded) {
  int shown = 0;
  ScriptedServer server([&](ScriptedConnection& connection) {
    while (true) {
      const std::string request = connection.ReadRequest();
      if (request.empty()) return;
      std::string body;
      if (request.find("GET /api/version ") == 0) body = R"({"version":"0.24.0-sim"})";
      if (request.find("GET /api/tags ") == 0) {
        body = R"({"models":[{"name":"a:1b","digest":"da"},{"name":"b:1b","digest":"db"}]})";
      }
      if (request.find("GET /api/ps ") == 0) {
        body = R"({"models":[{"name":"a:1b","context_length":4096}]})";
      }
      if (request.find("POST /api/show ") == 0) {
        ++shown;
        EXPECT_THAT(request, HasSubstr(shown == 1 ? "\"a:1b\"" : "\"b:1b\""));
        body = R"({"capabilities":["completion"],"model_info":{"general.architecture":"x",)"
               R"("x.context_length":131072}})";
      }
      connection.Write(WholeAnswer("200 OK", body));
    }
  });
  Connect(server.url());
  for (int i = 0; i < 2; ++i) {
    const ModelServerLook look = Look();
    EXPECT_TRUE(look.reachable.ok());
    EXPECT_EQ(look.version, "0.24.0-sim");
    EXPECT_TRUE(look.simulated);
    ASSERT_TRUE(look.models.has_value());
    ASSERT_EQ(look.models->size(), 2u);
    EXPECT_THAT(look.models->at(1).capabilities(), ElementsAre("completion"));
    EXPECT_EQ(look.models->at(1).context_length(), 131072u);
    EXPECT_THAT(*look.loaded, ElementsAre(testing::Pair("a:1b", 4096)));
  }
  EXPECT_EQ(shown, 2);  // each model once, not once a look
}

TEST_F(OllamaClientTest, LookDoesNotWaitForALoadThatBlocksPs) {
  ScriptedServer server([&](ScriptedConnection& connection) {
    while (true) {
      const std::string request = connection.ReadRequest();
      if (request.empty()) return;
      if (request.find("/api/ps") != std::string::npos) {
        connection.AwaitClose();
        return;
      }
      connection.Write(WholeAnswer("200 OK", request.find("/api/version") != std::string::npos
                                                 ? R"({"version":"0.30.0"})"
                                                 : R"({"models":[]})"));
    }
  });
  Connect(server.url());
  const ModelServerLook look = Look();
  EXPECT_TRUE(look.reachable.ok());
  EXPECT_TRUE(look.models.has_value());
  EXPECT_FALSE(look.loaded.has_value());
}

TEST_F(OllamaClientTest, LookAtNobodySaysWhy) {
  Connect(absl::StrCat("http://127.0.0.1:", UnusedPort()));
  const ModelServerLook look = Look();
  EXPECT_EQ(look.reachable.code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(look.models.has_value());
}

TEST_F(OllamaClientTest, LookAtSomethingElseSaysWhy) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(WholeAnswer("404 Not Found", "nothing here"));
  });
  Connect(server.url());
  EXPECT_THAT(std::string(Look().reachable.message()), HasSubstr("HTTP 404"));
}

TEST_F(OllamaClientTest, LookMayBeAskedForInTheCallbackOfTheLast) {
  Connect(absl::StrCat("http://127.0.0.1:", UnusedPort()));
  Notification second;
  loop_.RunSync([&] {
    client_->Look([&](const ModelServerLook&) {
      client_->Look([&](const ModelServerLook&) { second.Notify(); });
    });
  });
  second.WaitForNotification();
}

TEST_F(OllamaClientTest, UnloadIsARequestThatKeepsTheModelNoLonger) {
  Notification asked;
  ScriptedServer server([&](ScriptedConnection& connection) {
    const std::string request = connection.ReadRequest();
    EXPECT_THAT(request, HasSubstr("POST /api/generate "));
    EXPECT_THAT(request, HasSubstr(R"({"model":"m:1b","keep_alive":0})"));
    connection.Write(WholeAnswer("200 OK", R"({"done":true,"done_reason":"unload"})"));
    asked.Notify();
  });
  Connect(server.url());
  loop_.RunSync([&] { client_->Unload("m:1b"); });
  asked.WaitForNotification();
}

TEST_F(OllamaClientTest, DestructionWithConversationsInProgressIsSafe) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk(kDone);  // and no last chunk: the conversation lingers
    connection.AwaitClose();
  });
  Connect(server.url());
  Heard lingering;
  Generate(lingering);
  loop_.RunSync([&] {
    client_->Look([](const ModelServerLook&) { FAIL(); });
    client_.reset();
  });
}

// ---- A model that is not loaded.

constexpr char kLoaded[] =
    "{\"model\":\"m\",\"response\":\"\",\"done\":true,\"done_reason\":\"load\"}\n";

// Serves each request with what a script says, on any number of connections.
class PreloadTest : public OllamaClientTest {
 protected:
  using Answer = std::function<void(ScriptedConnection&)>;

  // `answer`: to the request that has the model loaded.
  void Serve(Answer answer) {
    server_ = std::make_unique<ScriptedServer>([this, answer](ScriptedConnection& connection) {
      for (;;) {
        const std::string request = connection.ReadRequest();
        if (request.empty()) return;
        const bool preload = request.find("\"prompt\"") == std::string::npos &&
                             request.find("\"messages\"") == std::string::npos;
        {
          MutexLock lock(mutex_);
          requests_.push_back(request);
        }
        if (preload) {
          answer(connection);
        } else {
          Stream(connection, {kFirst, kSecond, kDone});
        }
      }
    });
    Connect(server_->url());
  }

  static void Stream(ScriptedConnection& connection, const std::vector<std::string>& lines) {
    connection.Write(kStreamHead);
    for (const std::string& line : lines) connection.WriteChunk(line);
    connection.Write(kLastChunk);
  }

  static GenerationRequest Cold() {
    GenerationRequest request = Request();
    request.preload = true;
    request.spec.mutable_options()->set_num_ctx(8192);
    request.spec.set_keep_alive_ms(90'000);
    return request;
  }

  std::vector<std::string> requests() {
    MutexLock lock(mutex_);
    return requests_;
  }

  Mutex mutex_;
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<ScriptedServer> server_;
};

TEST_F(PreloadTest, LoadingEndsBeforeThePromptIsSent) {
  Serve([](ScriptedConnection& connection) { Stream(connection, {kLoaded}); });
  Heard heard;
  Generate(heard, Cold());
  EXPECT_EQ(heard.loaded, 1);
  EXPECT_EQ(heard.started, 1);
  EXPECT_EQ(heard.answer, "Hello");
  EXPECT_TRUE(heard.done.has_value());
  ASSERT_EQ(requests().size(), 2u);
  // With all that decides how the model is loaded, and how long it stays at least.
  EXPECT_THAT(requests()[0], HasSubstr("POST /api/generate HTTP/1.1"));
  EXPECT_THAT(requests()[0], HasSubstr("\"options\":{\"num_ctx\":8192}"));
  EXPECT_THAT(requests()[0], HasSubstr("\"keep_alive\":\"90000ms\""));
  EXPECT_THAT(requests()[1], HasSubstr("\"prompt\":\"hi\""));
}

TEST_F(PreloadTest, NothingMoreIsSentWhereTheModelIsLoaded) {
  Serve([](ScriptedConnection& connection) { Stream(connection, {kLoaded}); });
  Heard heard;
  Generate(heard);
  EXPECT_EQ(heard.loaded, 0);
  EXPECT_EQ(heard.answer, "Hello");
  EXPECT_EQ(requests().size(), 1u);
}

TEST_F(PreloadTest, AModelThatCantBeLoadedFailsTheJobLikeAnyFailure) {
  Serve([](ScriptedConnection& connection) {
    connection.Write(WholeAnswer("500 Internal Server Error",
                                 R"({"error":"timed out waiting for llama-server to start"})"));
  });
  Heard heard;
  Generate(heard, Cold());
  ASSERT_TRUE(heard.failure.has_value());
  EXPECT_EQ(heard.failure->kind, Kind::kStatus);
  EXPECT_EQ(heard.failure->http_status, 500);
  EXPECT_EQ(Classify(*heard.failure, {.model = "m"}).reason, "MODEL_LOAD_TIMEOUT");
  EXPECT_EQ(heard.loaded, 0);
  EXPECT_EQ(requests().size(), 1u);
}

TEST_F(PreloadTest, AnErrorInTheAnswerCountsAsWellWithAndWithoutItsNewline) {
  for (const char* const line :
       {"{\"error\":\"out of memory\"}\n", "{\"error\":\"out of memory\"}"}) {
    Serve([line](ScriptedConnection& connection) { Stream(connection, {line}); });
    Heard heard;
    Generate(heard, Cold());
    ASSERT_TRUE(heard.failure.has_value());
    EXPECT_EQ(heard.failure->kind, Kind::kErrorLine);
    EXPECT_EQ(Classify(*heard.failure, {.model = "m"}).reason, "OUT_OF_MEMORY");
    loop_.RunSync([this] { client_.reset(); });
    server_.reset();
  }
}

TEST_F(PreloadTest, AConnectionThatBreaksMeanwhileIsAFailureOfTransport) {
  Serve([](ScriptedConnection& connection) { connection.Reset(); });
  Heard heard;
  Generate(heard, Cold());
  ASSERT_TRUE(heard.failure.has_value());
  EXPECT_EQ(heard.failure->kind, Kind::kTransport);
}

TEST_F(PreloadTest, SilenceMeanwhileIsTooLongAtSomeTime) {
  Serve([](ScriptedConnection& connection) { connection.AwaitClose(); });
  GenerationRequest request = Cold();
  request.first_byte_timeout = absl::Milliseconds(200);
  Heard heard;
  Generate(heard, request);
  ASSERT_TRUE(heard.failure.has_value());
  EXPECT_EQ(heard.failure->kind, Kind::kFirstByteTimeout);
}

TEST_F(PreloadTest, ServersThatKnowNoSuchRequestGetTheRealOne) {
  const std::vector<Answer> answers = {
      [](ScriptedConnection& connection) {
        connection.Write(WholeAnswer("400 Bad Request", R"({"error":"missing prompt"})"));
      },
      [](ScriptedConnection& connection) { Stream(connection, {}); },
      // It answers nothing with something, and would go on for long.
      [](ScriptedConnection& connection) {
        connection.Write(kStreamHead);
        connection.WriteChunk(kFirst);
        connection.AwaitClose();
      },
  };
  for (const Answer& answer : answers) {
    {
      MutexLock lock(mutex_);
      requests_.clear();
    }
    Serve(answer);
    Heard heard;
    Generate(heard, Cold());
    EXPECT_EQ(heard.answer, "Hello");
    EXPECT_EQ(heard.loaded, 1);
    EXPECT_TRUE(heard.done.has_value());
    EXPECT_EQ(requests().size(), 2u);
    loop_.RunSync([this] { client_.reset(); });
    server_.reset();
  }
}

TEST_F(PreloadTest, WhoIsCancelledMeanwhileSendsNoPrompt) {
  Notification loading;
  Notification closed;
  Serve([&](ScriptedConnection& connection) {
    loading.Notify();
    if (connection.AwaitClose()) closed.Notify();
  });
  Heard heard;
  Start(heard, Cold());
  loading.WaitForNotification();
  loop_.RunSync([&] { heard.generation.reset(); });
  closed.WaitForNotification();
  EXPECT_EQ(requests().size(), 1u);
  EXPECT_FALSE(heard.ended.HasBeenNotified());
}

}  // namespace
}  // namespace genwatch

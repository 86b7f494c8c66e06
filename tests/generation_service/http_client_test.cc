#include "generation_service/curl/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/generation_service/scripted_server.h"
#include "tests/support/notification.h"

namespace genwatch {
namespace {

using Error = HttpEnd::Error;
using testing::HasSubstr;
using testing::Not;

// Starts requests and waits for their ends.
class HttpClientTest : public testing::Test {
 protected:
  struct Heard {
    std::string body;
    HttpEnd end;
    Notification body_came;
    Notification ended;
    std::unique_ptr<HttpTransfer> transfer;
  };

  HttpClientTest() {
    loop_.RunSync([this] { client_ = std::make_unique<HttpClient>(&loop_); });
  }
  ~HttpClientTest() override {
    loop_.RunSync([this] { client_.reset(); });
  }

  void Start(HttpRequest request, Heard& heard) {
    loop_.RunSync([&] {
      HttpCallbacks callbacks;
      callbacks.on_body = [&heard](int, std::string_view bytes) {
        heard.body.append(bytes);
        if (!heard.body_came.HasBeenNotified()) heard.body_came.Notify();
      };
      callbacks.on_end = [&heard](const HttpEnd& end) {
        heard.end = end;
        heard.ended.Notify();
      };
      heard.transfer = client_->Start(std::move(request), std::move(callbacks));
    });
  }

  void Finish(Heard& heard) {
    heard.ended.WaitForNotification();
    loop_.RunSync([&] { heard.transfer.reset(); });
  }

  HttpEnd Get(HttpRequest request, std::string* body = nullptr) {
    Heard heard;
    Start(std::move(request), heard);
    Finish(heard);
    if (body != nullptr) *body = heard.body;
    return heard.end;
  }

  static HttpRequest Post(const std::string& url) {
    HttpRequest request;
    request.url = url + "/api/generate";
    request.json_body = "{\"model\":\"m\"}";
    return request;
  }

  EventLoop loop_{"test"};
  std::unique_ptr<HttpClient> client_;
};

TEST_F(HttpClientTest, PostSendsItsBodyAndReadsTheAnswer) {
  std::string request;
  ScriptedServer server([&](ScriptedConnection& connection) {
    request = connection.ReadRequest();
    connection.Write(WholeAnswer("200 OK", "hello"));
  });
  HttpRequest post = Post(server.url());
  post.headers.push_back("Authorization: Bearer t");
  std::string body;
  const HttpEnd end = Get(post, &body);
  EXPECT_EQ(end.error, Error::kNone);
  EXPECT_EQ(end.status, 200);
  EXPECT_TRUE(end.answer_started);
  EXPECT_EQ(body, "hello");
  EXPECT_THAT(request, HasSubstr("POST /api/generate HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Bearer t\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nAccept-Encoding: identity\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\n\r\n{\"model\":\"m\"}"));
  EXPECT_THAT(request, Not(HasSubstr("Expect:")));
}

TEST_F(HttpClientTest, GivenHostReplacesTheUrlsOwn) {
  std::string request;
  ScriptedServer server([&](ScriptedConnection& connection) {
    request = connection.ReadRequest();
    connection.Write(WholeAnswer("200 OK", ""));
  });
  HttpRequest get;
  get.url = server.url() + "/";
  get.headers.push_back("Host: localhost");
  Get(get);
  EXPECT_THAT(request, HasSubstr("\r\nHost: localhost\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("Host: 127.0.0.1")));
}

TEST_F(HttpClientTest, ChunkedBodyInSingleBytesArrivesWhole) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    const std::string answer =
        absl::StrCat(std::string(kStreamHead), "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    for (const char byte : answer) connection.Write(std::string_view(&byte, 1));
  });
  std::string body;
  EXPECT_EQ(Get(Post(server.url()), &body).error, Error::kNone);
  EXPECT_EQ(body, "hello world");
}

TEST_F(HttpClientTest, BytesArriveBeforeTheEnd) {
  Notification go_on;
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk("first");
    go_on.WaitForNotification();
    connection.WriteChunk(" second");
    connection.Write(kLastChunk);
  });
  Heard heard;
  Start(Post(server.url()), heard);
  heard.body_came.WaitForNotification();
  EXPECT_FALSE(heard.ended.HasBeenNotified());
  go_on.Notify();
  Finish(heard);
  EXPECT_EQ(heard.body, "first second");
}

TEST_F(HttpClientTest, BodyWithoutLengthEndsWithTheConnection) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.0 200 OK\r\n\r\nall of it");
  });
  std::string body;
  EXPECT_EQ(Get(Post(server.url()), &body).error, Error::kNone);
  EXPECT_EQ(body, "all of it");
}

TEST_F(HttpClientTest, CompressionByAProxyIsDecoded) {
  // "compressed\n", gzip
  const std::string gzip(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xce\xcf\x2d\x28\x4a\x2d\x2e\x4e\x4d\xe1\x02"
      "\x00\xbb\x6d\x4f\xc8\x0b\x00\x00\x00",
      31);
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(WholeAnswer("200 OK", gzip, "Content-Encoding: gzip\r\n"));
  });
  std::string body;
  const HttpEnd end = Get(Post(server.url()), &body);
  EXPECT_EQ(end.error, Error::kNone) << end.text;
  EXPECT_EQ(body, "compressed\n");
}

TEST_F(HttpClientTest, BrokenCompressionIsAnErrorOfItsOwn) {
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(WholeAnswer("200 OK", "no gzip", "Content-Encoding: gzip\r\n"));
  });
  EXPECT_EQ(Get(Post(server.url())).error, Error::kBadEncoding);
}

TEST_F(HttpClientTest, StatusAndRetryAfterAreTold) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(WholeAnswer("503 Service Unavailable", "busy", "Retry-After: 7\r\n"));
  });
  std::string body;
  const HttpEnd end = Get(Post(server.url()), &body);
  EXPECT_EQ(end.error, Error::kNone);
  EXPECT_EQ(end.status, 503);
  EXPECT_EQ(end.retry_after, absl::Seconds(7));
  EXPECT_EQ(body, "busy");
}

TEST_F(HttpClientTest, RedirectIsNotFollowed) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(WholeAnswer("307 Temporary Redirect", "", "Location: /elsewhere\r\n"));
  });
  EXPECT_EQ(Get(Post(server.url())).status, 307);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, RefusedConnection) {
  const HttpEnd end = Get(Post(absl::StrCat("http://127.0.0.1:", UnusedPort())));
  EXPECT_EQ(end.error, Error::kConnect);
  EXPECT_FALSE(end.answer_started);
  EXPECT_THAT(end.text, HasSubstr("onnect"));
}

TEST_F(HttpClientTest, UnknownHost) {
  EXPECT_EQ(Get(Post("http://nobody.invalid:1")).error, Error::kResolve);
}

TEST_F(HttpClientTest, OtherProtocolsAreRefused) {
  HttpRequest request;
  request.url = "file:///etc/hostname";
  std::string body;
  EXPECT_EQ(Get(request, &body).error, Error::kOther);
  EXPECT_EQ(body, "");
}

TEST_F(HttpClientTest, ClosedWithoutAnAnswer) {
  ScriptedServer server([](ScriptedConnection& connection) { connection.ReadRequest(); });
  const HttpEnd end = Get(Post(server.url()));
  EXPECT_EQ(end.error, Error::kReset);
  EXPECT_FALSE(end.answer_started);
}

TEST_F(HttpClientTest, ResetInTheMidstOfALine) {
  Notification reset;
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk("{\"response\":\"a");
    reset.WaitForNotification();
    connection.Reset();
  });
  Heard heard;
  Start(Post(server.url()), heard);
  heard.body_came.WaitForNotification();
  reset.Notify();
  Finish(heard);
  EXPECT_EQ(heard.end.error, Error::kReset);
  EXPECT_TRUE(heard.end.answer_started);
  EXPECT_EQ(heard.body, "{\"response\":\"a");
}

TEST_F(HttpClientTest, FinInTheMidstOfAChunk) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.Write("20\r\nonly a part");
  });
  std::string body;
  const HttpEnd end = Get(Post(server.url()), &body);
  EXPECT_EQ(end.error, Error::kTruncated);
  EXPECT_TRUE(end.answer_started);
  EXPECT_EQ(body, "only a part");
}

TEST_F(HttpClientTest, FinBeforeTheAnnouncedLength) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
  });
  EXPECT_EQ(Get(Post(server.url())).error, Error::kTruncated);
}

TEST_F(HttpClientTest, StallBeforeTheHeaders) {
  bool closed = false;
  HttpEnd end;
  {
    ScriptedServer server([&](ScriptedConnection& connection) {
      connection.ReadRequest();
      closed = connection.AwaitClose();
    });
    HttpRequest request = Post(server.url());
    request.first_byte_timeout = absl::Milliseconds(100);
    end = Get(request);
  }
  EXPECT_EQ(end.error, Error::kFirstByteTimeout);
  EXPECT_FALSE(end.answer_started);
  EXPECT_TRUE(closed);
}

TEST_F(HttpClientTest, SilenceInTheMidst) {
  bool closed = false;
  HttpEnd end;
  std::string body;
  {
    ScriptedServer server([&](ScriptedConnection& connection) {
      connection.ReadRequest();
      connection.Write(kStreamHead);
      connection.WriteChunk("text");
      closed = connection.AwaitClose();
    });
    HttpRequest request = Post(server.url());
    request.first_byte_timeout = absl::Minutes(15);
    request.silence_timeout = absl::Milliseconds(100);
    end = Get(request, &body);
  }
  EXPECT_EQ(end.error, Error::kSilenceTimeout);
  EXPECT_EQ(body, "text");
  EXPECT_TRUE(closed);
}

TEST_F(HttpClientTest, BytesKeepSilenceAway) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    for (int i = 0; i < 12; ++i) {  // 600 ms, with a limit of 300
      absl::SleepFor(absl::Milliseconds(50));
      connection.WriteChunk("x");
    }
    connection.Write(kLastChunk);
  });
  HttpRequest request = Post(server.url());
  request.silence_timeout = absl::Milliseconds(300);
  std::string body;
  EXPECT_EQ(Get(request, &body).error, Error::kNone);
  EXPECT_EQ(body.size(), 12u);
}

TEST_F(HttpClientTest, RunningTooLong) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    while (connection.WriteChunk("x")) absl::SleepFor(absl::Milliseconds(10));
  });
  HttpRequest request = Post(server.url());
  request.running_timeout = absl::Milliseconds(200);
  EXPECT_EQ(Get(request).error, Error::kRunningTimeout);
}

TEST_F(HttpClientTest, DestroyingATransferClosesItsConnectionAtOnce) {
  Notification closed;
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk("text");
    if (connection.AwaitClose()) closed.Notify();
  });
  Heard heard;
  Start(Post(server.url()), heard);
  heard.body_came.WaitForNotification();
  loop_.RunSync([&] { heard.transfer.reset(); });
  closed.WaitForNotification();
  EXPECT_FALSE(heard.ended.HasBeenNotified());
}

TEST_F(HttpClientTest, TransferMayBeDestroyedInItsOwnCallback) {
  Notification closed;
  ScriptedServer server([&](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    connection.WriteChunk("text");
    if (connection.AwaitClose()) closed.Notify();
  });
  std::unique_ptr<HttpTransfer> transfer;
  int calls = 0;
  loop_.RunSync([&] {
    HttpCallbacks callbacks;
    callbacks.on_body = [&](int, std::string_view) {
      ++calls;
      transfer.reset();
    };
    callbacks.on_end = [](const HttpEnd&) { FAIL(); };
    transfer = client_->Start(Post(server.url()), callbacks);
  });
  closed.WaitForNotification();
  loop_.RunSync([] {});
  EXPECT_EQ(calls, 1);
}

TEST_F(HttpClientTest, RequestMayBeStartedInACallback) {
  ScriptedServer server([](ScriptedConnection& connection) {
    while (!connection.ReadRequest().empty()) connection.Write(WholeAnswer("200 OK", "x"));
  });
  std::vector<std::unique_ptr<HttpTransfer>> transfers;
  Notification both;
  loop_.RunSync([&] {
    HttpCallbacks inner;
    inner.on_body = [](int, std::string_view) {};
    inner.on_end = [&](const HttpEnd& end) {
      EXPECT_EQ(end.error, Error::kNone);
      both.Notify();
    };
    HttpCallbacks outer;
    outer.on_body = [&, inner](int, std::string_view) {
      transfers.push_back(client_->Start(Post(server.url()), inner));
    };
    outer.on_end = [](const HttpEnd&) {};
    transfers.push_back(client_->Start(Post(server.url()), outer));
  });
  both.WaitForNotification();
  loop_.RunSync([&] { transfers.clear(); });
}

TEST_F(HttpClientTest, ConnectionIsUsedAgain) {
  ScriptedServer server([](ScriptedConnection& connection) {
    while (!connection.ReadRequest().empty()) {
      connection.Write(kStreamHead);
      connection.WriteChunk("x");
      connection.Write(kLastChunk);
    }
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get(Post(server.url())).error, Error::kNone);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, KeptConnectionThatTheServerClosedIsReplaced) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(WholeAnswer("200 OK", "x"));
    if (connection.number() > 0) return;
    // The second request reaches a server that has given this connection up.
    connection.ReadRequest();
    connection.Reset();
  });
  EXPECT_EQ(Get(Post(server.url())).error, Error::kNone);
  std::string body;
  EXPECT_EQ(Get(Post(server.url()), &body).error, Error::kNone);
  EXPECT_EQ(body, "x");
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, FiftyAtOnceDoNotDisturbEachOther) {
  ScriptedServer server([](ScriptedConnection& connection) {
    connection.ReadRequest();
    connection.Write(kStreamHead);
    for (int i = 0; i < 20; ++i) connection.WriteChunk(absl::StrCat(connection.number(), ";"));
    connection.Write(kLastChunk);
  });
  std::vector<std::unique_ptr<Heard>> all;
  for (int i = 0; i < 50; ++i) {
    all.push_back(std::make_unique<Heard>());
    Start(Post(server.url()), *all.back());
  }
  for (const auto& heard : all) {
    Finish(*heard);
    const std::string own = heard->body.substr(0, heard->body.find(';') + 1);
    std::string expected;
    for (int i = 0; i < 20; ++i) expected += own;
    EXPECT_EQ(heard->body, expected);
  }
}

}  // namespace
}  // namespace genwatch

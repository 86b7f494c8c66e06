#include "tests/chaos/proxy/tcp_proxy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/chaos/proxy/socket.h"
#include "tests/support/await.h"
#include "tests/support/temp_dir.h"

namespace genwatch {
namespace {

constexpr int kGenerousMs = 20'000;

bool Ready(const Fd& fd, short what, int timeout_ms = kGenerousMs) {
  pollfd ready = {fd.get(), what, 0};
  return poll(&ready, 1, timeout_ms) == 1;
}

// Sends back what it gets, and its end.
class EchoServer {
 public:
  // On a unix socket where a path is given.
  explicit EchoServer(const std::string& path = "") {
    if (path.empty()) {
      int port = 0;
      listener_ = BindLoopback(&port).value();
      address_ = absl::StrCat("127.0.0.1:", port);
    } else {
      listener_ = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      sockaddr_un address = {};
      address.sun_family = AF_UNIX;
      std::strcpy(address.sun_path, path.c_str());
      EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
      address_ = absl::StrCat("unix:", path);
    }
    EXPECT_TRUE(Listen(listener_).ok());
    thread_ = std::thread([this] { Serve(); });
  }
  ~EchoServer() {
    StopListening(listener_);
    thread_.join();
    for (std::thread& thread : echoes_) thread.join();
  }

  const std::string& address() const { return address_; }

 private:
  void Serve() {
    while (true) {
      Ready(listener_, POLLIN, -1);
      Fd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client.open()) return;
      echoes_.emplace_back([client = std::move(client)] {
        char bytes[4096];
        ssize_t got = 0;
        while ((got = recv(client.get(), bytes, sizeof(bytes), 0)) > 0) {
          send(client.get(), bytes, static_cast<size_t>(got), MSG_NOSIGNAL);
        }
      });
    }
  }

  std::string address_;
  Fd listener_;
  std::thread thread_;
  std::vector<std::thread> echoes_;
};

// A connection to the proxy.
class Client {
 public:
  explicit Client(const TcpProxy& proxy) : fd_(BeginConnect(proxy.address()).value()) {
    Ready(fd_, POLLOUT);
  }

  bool Connected() {
    sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    return getpeername(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &size) == 0;
  }
  void Send(const std::string& text) {
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t put = send(fd_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (put < 0 && errno != EAGAIN) return;
      if (put < 0) Ready(fd_, POLLOUT);
      if (put > 0) sent += static_cast<size_t>(put);
    }
  }
  void End() { shutdown(fd_.get(), SHUT_WR); }
  // So many bytes; less if the end comes before, and then error() says which.
  std::string Read(size_t bytes) {
    std::string text;
    while (text.size() < bytes && Ready(fd_, POLLIN)) {
      char piece[4096];
      const ssize_t got = recv(fd_.get(), piece, std::min(sizeof(piece), bytes - text.size()), 0);
      if (got < 0 && errno == EAGAIN) continue;
      error_ = got < 0 ? errno : 0;
      if (got <= 0) return text;
      text.append(piece, static_cast<size_t>(got));
    }
    return text;
  }
  std::string Ask(const std::string& text) {
    Send(text);
    return Read(text.size());
  }
  bool Silent() { return !Ready(fd_, POLLIN, 50); }
  int error() const { return error_; }

 private:
  Fd fd_;
  int error_ = 0;
};

class TcpProxyTest : public testing::Test {
 protected:
  EchoServer server_;
  const std::unique_ptr<TcpProxy> proxy_ = TcpProxy::Start(server_.address()).value();
};

TEST_F(TcpProxyTest, ForwardsBothWaysUntilBothEndsAreDone) {
  Client client(*proxy_);
  EXPECT_EQ(client.Ask("hello"), "hello");
  const std::string much(3'000'000, 'x');
  std::thread sender([&] { client.Send(much); });
  EXPECT_EQ(client.Read(much.size()), much);
  sender.join();
  client.End();
  EXPECT_EQ(client.Read(1), "");
  EXPECT_EQ(client.error(), 0);
  EXPECT_TRUE(Await([&] { return proxy_->counts().open == 0; }));
  EXPECT_EQ(proxy_->counts().accepted, 1U);
  EXPECT_EQ(proxy_->counts().bytes[0], much.size() + 5);
  EXPECT_EQ(proxy_->counts().bytes[1], much.size() + 5);
}

TEST_F(TcpProxyTest, ReachesUnixSockets) {
  const TempDir dir;
  const EchoServer server(dir.File("s"));
  const auto proxy = TcpProxy::Start(server.address()).value();
  EXPECT_EQ(Client(*proxy).Ask("hello"), "hello");
}

TEST_F(TcpProxyTest, ACutResetsWhatIsOpenAndNothingElse) {
  Client one(*proxy_);
  Client two(*proxy_);
  ASSERT_EQ(one.Ask("a") + two.Ask("b"), "ab");
  proxy_->Cut();
  EXPECT_EQ(one.Read(1), "");
  EXPECT_EQ(one.error(), ECONNRESET);
  EXPECT_EQ(two.Read(1), "");
  EXPECT_EQ(two.error(), ECONNRESET);
  EXPECT_EQ(Client(*proxy_).Ask("c"), "c");
  EXPECT_EQ(proxy_->counts().cut, 2U);
}

TEST_F(TcpProxyTest, RefusesNewConnectionsAndKeepsItsPort) {
  Client before(*proxy_);
  ASSERT_EQ(before.Ask("a"), "a");
  proxy_->Refuse(true);
  EXPECT_FALSE(Client(*proxy_).Connected());
  EXPECT_EQ(before.Ask("b"), "b");
  proxy_->Refuse(false);
  EXPECT_EQ(Client(*proxy_).Ask("c"), "c");
}

TEST_F(TcpProxyTest, AHalfOpenLinkHoldsBackEverythingInItsDirectionOnly) {
  Client client(*proxy_);
  ASSERT_EQ(client.Ask("a"), "a");
  proxy_->Stall(Direction::kToClient, true);
  client.Send("b");
  EXPECT_TRUE(Await([&] { return proxy_->counts().bytes[0] == 2; }));
  EXPECT_TRUE(client.Silent());
  Client late(*proxy_);
  EXPECT_TRUE(late.Connected());
  late.Send("c");
  EXPECT_TRUE(late.Silent());
  EXPECT_EQ(proxy_->counts().bytes[1], 1U);
  proxy_->Heal();
  EXPECT_EQ(client.Read(1), "b");
  EXPECT_EQ(late.Read(1), "c");
}

TEST_F(TcpProxyTest, AnEndIsHeldBackAsWell) {
  Client client(*proxy_);
  ASSERT_EQ(client.Ask("a"), "a");
  proxy_->StallBoth(true);
  client.End();
  EXPECT_TRUE(client.Silent());
  EXPECT_EQ(proxy_->counts().open, 1U);
  proxy_->StallBoth(false);
  EXPECT_EQ(client.Read(1), "");
  EXPECT_EQ(client.error(), 0);
}

TEST_F(TcpProxyTest, ASlowLinkTakesItsTime) {
  proxy_->Slow(Direction::kToClient, 10'000);
  Client client(*proxy_);
  const absl::Time start = absl::Now();
  EXPECT_EQ(client.Ask(std::string(3'000, 'x')).size(), 3'000U);
  // 500 bytes may be saved up.
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(240));
  proxy_->Heal();
  EXPECT_EQ(client.Ask(std::string(100'000, 'y')).size(), 100'000U);
}

TEST_F(TcpProxyTest, CutsBeforeTheFirstByteOfAnAnswer) {
  Client client(*proxy_);
  ASSERT_EQ(client.Ask("a"), "a");
  proxy_->CutAfter(Direction::kToClient, 0);
  EXPECT_EQ(client.Ask("b"), "");
  EXPECT_EQ(client.error(), ECONNRESET);
  // The request has arrived; and it was for once.
  EXPECT_EQ(proxy_->counts().bytes[0], 2U);
  EXPECT_EQ(proxy_->counts().bytes[1], 1U);
  EXPECT_EQ(Client(*proxy_).Ask("c"), "c");
}

TEST_F(TcpProxyTest, CutsInTheMiddleOfAnAnswer) {
  Client client(*proxy_);
  proxy_->CutAfter(Direction::kToClient, 3);
  // What came before a reset may be thrown away with it.
  EXPECT_LE(client.Ask("hello").size(), 3U);
  EXPECT_EQ(proxy_->counts().bytes[1], 3U);
  EXPECT_EQ(proxy_->counts().cut, 1U);
}

TEST_F(TcpProxyTest, ResetsClientsOfATargetThatDoesNotListen) {
  int port = 0;
  const Fd reserved = BindLoopback(&port).value();
  const auto proxy = TcpProxy::Start(absl::StrCat("127.0.0.1:", port)).value();
  Client client(*proxy);
  EXPECT_EQ(client.Ask("a"), "");
  EXPECT_EQ(proxy->counts().unreached, 1U);
  EXPECT_FALSE(TcpProxy::Start("nowhere").ok() &&
               Client(*TcpProxy::Start("nowhere").value()).Ask("a") == "a");
}

}  // namespace
}  // namespace genwatch

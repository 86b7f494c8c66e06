#include "generation_service/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/await.h"
#include "tests/support/notification.h"

namespace genwatch {
namespace {

TEST(EventLoopTest, TasksRunInTheOrderOfTheirPosting) {
  EventLoop loop("test");
  std::vector<int> ran;
  for (int i = 0; i < 100; ++i) loop.Post([&ran, i] { ran.push_back(i); });
  ASSERT_TRUE(loop.RunSync([] {}));
  ASSERT_EQ(ran.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[i], i);
}

TEST(EventLoopTest, TasksRunOnTheLoopsThread) {
  EventLoop loop("test");
  EXPECT_FALSE(loop.OnThread());
  bool on_thread = false;
  ASSERT_TRUE(loop.RunSync([&] { on_thread = loop.OnThread(); }));
  EXPECT_TRUE(on_thread);
}

TEST(EventLoopTest, PostsFromManyThreadsAllRun) {
  EventLoop loop("test");
  int ran = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) loop.Post([&ran] { ++ran; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(loop.RunSync([] {}));
  EXPECT_EQ(ran, 4'000);
}

TEST(EventLoopTest, AfterStopTasksAreDestroyedUnrun) {
  EventLoop loop("test");
  loop.Stop();
  const auto held = std::make_shared<int>(1);
  loop.Post([held] { FAIL(); });
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(loop.RunSync([] { FAIL(); }));
}

TEST(EventLoopTest, TimersRunInTheOrderOfTheirTimes) {
  EventLoop loop("test");
  std::vector<int> ran;
  Notification last;
  loop.Post([&] {
    loop.RunAfter(absl::Milliseconds(30), [&] {
      ran.push_back(3);
      last.Notify();
    });
    loop.RunAfter(absl::Milliseconds(10), [&] { ran.push_back(1); });
    loop.RunAfter(absl::Milliseconds(20), [&] { ran.push_back(2); });
    const auto cancelled = loop.RunAfter(absl::Milliseconds(15), [&] { ran.push_back(9); });
    loop.Cancel(cancelled);
    loop.Cancel(cancelled);
  });
  last.WaitForNotification();
  ASSERT_TRUE(loop.RunSync([] {}));
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
}

TEST(EventLoopTest, TimerThatSetsItselfAgainDoesNotStarveOthers) {
  EventLoop loop("test");
  bool done = false;
  std::function<void()> again = [&] {
    if (!done) loop.RunAfter(absl::ZeroDuration(), [&] { again(); });
  };
  loop.Post([&] { again(); });
  ASSERT_TRUE(loop.RunSync([&] { done = true; }));
  loop.Stop();
}

TEST(EventLoopTest, SocketEventsReachTheirHandler) {
  EventLoop loop("test");
  std::array<int, 2> pair;
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
  std::string heard;
  loop.Post([&] {
    loop.Watch(pair[0], EPOLLIN, [&](uint32_t) {
      std::array<char, 16> buffer;
      const ssize_t got = read(pair[0], buffer.data(), buffer.size());
      if (got > 0) heard.append(buffer.data(), static_cast<size_t>(got));
    });
  });
  ASSERT_EQ(write(pair[1], "hello", 5), 5);
  EXPECT_TRUE(Await([&] {
    std::string now;
    loop.RunSync([&] { now = heard; });
    return now == "hello";
  }));
  loop.RunSync([&] { loop.Unwatch(pair[0]); });
  ASSERT_EQ(write(pair[1], "more", 4), 4);
  loop.RunSync([] {});
  EXPECT_EQ(heard, "hello");
  close(pair[0]);
  close(pair[1]);
}

TEST(EventLoopTest, HandlerMayUnwatchAnotherOfTheSameRound) {
  EventLoop loop("test");
  std::array<int, 2> first;
  std::array<int, 2> second;
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, first.data()), 0);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, second.data()), 0);
  ASSERT_EQ(write(first[1], "x", 1), 1);
  ASSERT_EQ(write(second[1], "x", 1), 1);
  int calls = 0;
  loop.RunSync([&] {
    const auto handler = [&](uint32_t) {
      ++calls;
      loop.Unwatch(first[0]);
      loop.Unwatch(second[0]);
    };
    loop.Watch(first[0], EPOLLIN, handler);
    loop.Watch(second[0], EPOLLIN, handler);
  });
  EXPECT_TRUE(Await([&] {
    int now = 0;
    loop.RunSync([&] { now = calls; });
    return now > 0;
  }));
  loop.RunSync([] {});
  loop.RunSync([] {});
  EXPECT_EQ(calls, 1);
  for (const int fd : {first[0], first[1], second[0], second[1]}) close(fd);
}

TEST(EventLoopTest, RoundEndSeesWhatTheRoundDid) {
  EventLoop loop("test");
  int tasks = 0;
  int seen = 0;
  loop.RunSync([&] { loop.SetRoundEnd([&] { seen = tasks; }); });
  loop.Post([&] { ++tasks; });
  loop.Post([&] { ++tasks; });
  EXPECT_TRUE(Await([&] {
    int now = 0;
    loop.RunSync([&] { now = seen; });
    return now == 2;
  }));
}

}  // namespace
}  // namespace genwatch

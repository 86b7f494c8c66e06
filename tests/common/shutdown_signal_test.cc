#include "common/shutdown_signal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace genwatch {
namespace {

// Each runs in a process of its own, because signals belong to the process.
class ShutdownSignalDeathTest : public ::testing::Test {
 protected:
  ShutdownSignalDeathTest() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

[[noreturn]] void WaitFor(int signal) {
  ShutdownSignal shutdown;
  std::thread sender([signal] { kill(getpid(), signal); });
  const int got = shutdown.Wait();
  sender.join();
  std::fprintf(stderr, "got %d", got);
  std::_Exit(0);
}

TEST_F(ShutdownSignalDeathTest, WaitReturnsTheSignal) {
  EXPECT_EXIT(WaitFor(SIGTERM), testing::ExitedWithCode(0), "got 15");
  EXPECT_EXIT(WaitFor(SIGINT), testing::ExitedWithCode(0), "got 2");
}

TEST_F(ShutdownSignalDeathTest, ASignalBeforeWaitIsNotLost) {
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown;
        kill(getpid(), SIGTERM);
        std::_Exit(shutdown.Wait() == SIGTERM ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ShutdownSignalDeathTest, TheSecondSignalEndsTheProcessAtOnce) {
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown;
        kill(getpid(), SIGTERM);
        shutdown.Wait();
        kill(getpid(), SIGINT);
        while (true) pause();
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST_F(ShutdownSignalDeathTest, TheSecondSignalHurriesWhoAskedForIt) {
  EXPECT_EXIT(
      {
        std::atomic<bool> hurried = false;
        {
          ShutdownSignal shutdown;
          kill(getpid(), SIGTERM);
          shutdown.Wait([&] { hurried = true; });
          kill(getpid(), SIGTERM);
          while (!hurried) std::this_thread::yield();
        }
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ShutdownSignalDeathTest, TheThirdSignalEndsTheProcessAtOnce) {
  EXPECT_EXIT(
      {
        std::atomic<bool> hurried = false;
        ShutdownSignal shutdown;
        kill(getpid(), SIGTERM);
        shutdown.Wait([&] { hurried = true; });
        kill(getpid(), SIGTERM);
        while (!hurried) std::this_thread::yield();
        kill(getpid(), SIGINT);
        while (true) pause();
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST_F(ShutdownSignalDeathTest, AnEndWithoutASecondSignalHurriesNobody) {
  EXPECT_EXIT(
      {
        {
          ShutdownSignal shutdown;
          kill(getpid(), SIGTERM);
          shutdown.Wait([] { std::_Exit(3); });
        }
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ShutdownSignalDeathTest, WhatWasDroppedIsNotCalled) {
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown;
        kill(getpid(), SIGTERM);
        shutdown.Wait([] { std::_Exit(3); });
        shutdown.DropHurry();
        // The second one and the third; two that are pending at once are one.
        while (true) kill(getpid(), SIGTERM);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST_F(ShutdownSignalDeathTest, WhatRunsIsAwaitedBeforeItIsDropped) {
  EXPECT_EXIT(
      {
        std::atomic<bool> started = false;
        std::atomic<bool> dropping = false;
        std::atomic<bool> done = false;
        ShutdownSignal shutdown;
        kill(getpid(), SIGTERM);
        shutdown.Wait([&] {
          started = true;
          while (!dropping) std::this_thread::yield();
          for (int i = 0; i < 1000; ++i) std::this_thread::yield();
          done = true;
        });
        kill(getpid(), SIGTERM);
        while (!started) std::this_thread::yield();
        dropping = true;
        shutdown.DropHurry();
        std::_Exit(done ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ShutdownSignalDeathTest, AWriteToAClosedPipeIsAnErrorAndNotTheEnd) {
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown;
        int ends[2];
        if (pipe(ends) != 0) std::_Exit(2);
        close(ends[0]);
        std::_Exit(write(ends[1], "x", 1) == -1 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace genwatch

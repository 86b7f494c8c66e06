#include "common/short_slices.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <thread>

namespace genwatch {
namespace {

// The kernel's struct sched_attr; its header can't be included beside <thread>.
struct Attributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime_nanos;
  std::array<uint64_t, 3> others;
};

Attributes OfThisThread() {
  Attributes attributes = {};
  EXPECT_EQ(syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0), 0);
  return attributes;
}

TEST(ShortSlicesTest, AreShortForThreadsThatAreStartedLater) {
  // Not on the test's own thread: others of its process are measured by nobody.
  std::thread([] {
    const Attributes before = OfThisThread();
    if (!AskForShortSlices()) GTEST_SKIP() << "this kernel knows no such wish";
    std::thread([&before] {
      const Attributes after = OfThisThread();
      EXPECT_EQ(after.runtime_nanos, 100'000u);
      EXPECT_EQ(after.policy, before.policy);
      EXPECT_EQ(after.nice, before.nice);
    }).join();
  }).join();
}

TEST(ShortSlicesTest, AskingTwiceIsAskingOnce) {
  std::thread([] {
    const bool first = AskForShortSlices();
    EXPECT_EQ(AskForShortSlices(), first);
  }).join();
}

}  // namespace
}  // namespace genwatch

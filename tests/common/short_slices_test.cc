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

// Whether the kernel takes wishes about slices (Linux 6.12 and later), and lets this process have
// any. Leaves the calling thread with another slice.
bool KernelTakesWishes() {
  constexpr uint64_t kAnother = 200'000;
  Attributes attributes = OfThisThread();
  attributes.runtime_nanos = kAnother;
  return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0 &&
         OfThisThread().runtime_nanos == kAnother;
}

TEST(ShortSlicesTest, AreShortForThreadsThatAreStartedLaterWhereTheKernelKnowsThem) {
  // Not on the test's own thread: others of its process are measured by nobody.
  bool known = false;
  std::thread([&known] { known = KernelTakesWishes(); }).join();
  std::thread([known] {
    const Attributes before = OfThisThread();
    EXPECT_EQ(AskForShortSlices(), known);
    std::thread([known, &before] {
      const Attributes after = OfThisThread();
      EXPECT_EQ(after.runtime_nanos, known ? 100'000u : before.runtime_nanos);
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

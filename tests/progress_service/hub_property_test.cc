#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "tests/progress_service/simulated_world.h"

namespace genwatch {
namespace {

// Random interleavings of leases, texts, zombies, lost hints and lagging replicas, with watchers
// that come and go: every watcher ends with the ledger's text and state, and is never shown what it
// was promised not to be shown.
TEST(HubPropertyTest, EveryWatcherEndsWithTheLedgersTextAndState) {
  SimulatedWorld::Counts total;
  for (uint32_t seed = 1; seed <= 3000; ++seed) {
    SimulatedWorld world(seed);
    const int steps = 50 + static_cast<int>(seed % 7) * 60;
    for (int i = 0; i < steps; ++i) world.Step();
    world.Finish();
    ASSERT_TRUE(world.violations().empty())
        << "seed " << seed << ": " << absl::StrJoin(world.violations(), "\n");
    total.leases += world.counts().leases;
    total.restarts += world.counts().restarts;
    total.lowered += world.counts().lowered;
    total.zombie_messages += world.counts().zombie_messages;
    total.resets += world.counts().resets;
    total.resumes += world.counts().resumes;
    total.updates += world.counts().updates;
  }
  // The worlds were not empty ones.
  EXPECT_GT(total.leases, 3000);
  EXPECT_GT(total.restarts, 500);
  EXPECT_GT(total.lowered, 200);
  EXPECT_GT(total.zombie_messages, 3000);
  EXPECT_GT(total.resets, 500);
  EXPECT_GT(total.resumes, 3000);
  EXPECT_GT(total.updates, 20'000);
}

}  // namespace
}  // namespace genwatch

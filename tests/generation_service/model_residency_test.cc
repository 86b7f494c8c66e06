#include "generation_service/model_residency.h"

#include <gtest/gtest.h>

namespace genwatch {
namespace {

absl::Duration At(int seconds) { return absl::Seconds(seconds); }

TEST(ModelResidencyTest, NothingIsLoadedUntilKnown) {
  ModelResidency residency;
  EXPECT_FALSE(residency.Loaded("m:1b", std::nullopt, At(0)));
  EXPECT_EQ(residency.ContextLength("m:1b", At(0)), 0u);
}

TEST(ModelResidencyTest, AModelStaysForItsKeepAlive) {
  ModelResidency residency;
  residency.Used("m:1b", std::nullopt, At(0));
  EXPECT_TRUE(residency.Loaded("m:1b", std::nullopt, At(9'999)));
  residency.Released("m:1b", absl::Seconds(10), At(10'000));
  EXPECT_TRUE(residency.Loaded("m:1b", std::nullopt, At(10'009)));
  EXPECT_FALSE(residency.Loaded("m:1b", std::nullopt, At(10'010)));
}

TEST(ModelResidencyTest, KeepAliveHasADefaultAndMayBeForEver) {
  ModelResidency residency;
  residency.Used("a:1b", std::nullopt, At(0));
  residency.Released("a:1b", std::nullopt, At(0));
  EXPECT_TRUE(residency.Loaded("a:1b", std::nullopt, At(299)));
  EXPECT_FALSE(residency.Loaded("a:1b", std::nullopt, At(300)));
  residency.Used("b:1b", std::nullopt, At(0));
  residency.Released("b:1b", absl::Seconds(-1), At(0));
  EXPECT_TRUE(residency.Loaded("b:1b", std::nullopt, At(1'000'000)));
}

TEST(ModelResidencyTest, AnotherContextLoadsTheModelAgain) {
  ModelResidency residency;
  residency.Used("m:1b", 4096, At(0));
  EXPECT_TRUE(residency.Loaded("m:1b", 4096, At(1)));
  EXPECT_FALSE(residency.Loaded("m:1b", 8192, At(1)));
  EXPECT_FALSE(residency.Loaded("m:1b", std::nullopt, At(1)));
}

TEST(ModelResidencyTest, TheServersReportReplacesWhatWasKnown) {
  ModelResidency residency;
  residency.Used("gone:1b", std::nullopt, At(0));
  residency.Report({{"there:1b", 8192}}, At(1));
  EXPECT_FALSE(residency.Loaded("gone:1b", std::nullopt, At(2)));
  EXPECT_TRUE(residency.Loaded("there:1b", std::nullopt, At(2)));
  EXPECT_TRUE(residency.Loaded("there:1b", 8192, At(2)));
  EXPECT_EQ(residency.ContextLength("there:1b", At(2)), 8192u);
  EXPECT_FALSE(residency.Loaded("there:1b", std::nullopt, At(100)));
  residency.Forget();
  EXPECT_FALSE(residency.Loaded("there:1b", std::nullopt, At(2)));
}

TEST(ModelResidencyTest, ANameWithoutTagMeansLatest) {
  ModelResidency residency;
  residency.Report({{"host:5000/lib/m:latest", 0}}, At(0));
  EXPECT_TRUE(residency.Loaded("host:5000/lib/m", std::nullopt, At(1)));
}

}  // namespace
}  // namespace genwatch

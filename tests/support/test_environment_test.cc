#include <gtest/gtest.h>

#include <cstdlib>

namespace genwatch {
namespace {

// Only with more than one value is it a list, and only a list can be torn apart on its way to
// ctest.
TEST(TestEnvironmentTest, EachValueGivenToATestReachesIt) {
  EXPECT_STREQ(std::getenv("GENWATCH_FIRST_OF_TWO"), "one");
  EXPECT_STREQ(std::getenv("GENWATCH_SECOND_OF_TWO"), "two");
}

}  // namespace
}  // namespace genwatch

#include "progress_service/worker_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status.h"

namespace genwatch {
namespace {

using ::testing::ElementsAre;

TEST(WorkerAddressesTest, NumbersStandForThemselves) {
  EXPECT_THAT(*WorkerAddresses("127.0.0.1:50052"), ElementsAre("127.0.0.1:50052"));
  EXPECT_THAT(*WorkerAddresses("[::1]:7"), ElementsAre("[::1]:7"));
  EXPECT_THAT(*WorkerAddresses("dns:///127.0.0.1:1"), ElementsAre("127.0.0.1:1"));
}

TEST(WorkerAddressesTest, SeveralTargetsAreTakenTogetherAndOnceEach) {
  EXPECT_THAT(*WorkerAddresses("127.0.0.2:2, 127.0.0.1:1,127.0.0.2:2,unix:/tmp/w.sock"),
              ElementsAre("127.0.0.1:1", "127.0.0.2:2", "unix:/tmp/w.sock"));
}

TEST(WorkerAddressesTest, ANameStandsForItsAddresses) {
  const auto addresses = WorkerAddresses("localhost:50052");
  ASSERT_TRUE(addresses.ok()) << addresses.status();
  EXPECT_THAT(*addresses, ::testing::Contains("127.0.0.1:50052"));
}

TEST(WorkerAddressesTest, WhatIsNoTargetIsRefused) {
  EXPECT_EQ(ReasonOf(WorkerAddresses("nonsense").status()), "BAD_TARGET");
  EXPECT_EQ(ReasonOf(WorkerAddresses("host:").status()), "BAD_TARGET");
  EXPECT_EQ(ReasonOf(WorkerAddresses("no.such.name.invalid:1").status()), "NAME_NOT_RESOLVED");
}

}  // namespace
}  // namespace genwatch

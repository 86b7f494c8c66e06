#include "common/identity.h"

#include <gmock/gmock.h>
#include <grpcpp/test/server_context_test_spouse.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/status.h"

namespace genwatch {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::string> IdentityOf(const std::vector<std::string>& users,
                                       bool dev_identity = false) {
  grpc::ServerContext context;
  grpc::testing::ServerContextTestSpouse spouse(&context);
  for (const std::string& user : users) spouse.AddClientMetadata("x-genwatch-user", user);
  return CallerIdentity(context, {.dev_identity = dev_identity});
}

TEST(IdentityTest, IsWhatTheMetadataSays) {
  EXPECT_EQ(*IdentityOf({"ann"}), "ann");
  EXPECT_EQ(*IdentityOf({"Ann B. <ann@example.com>"}), "Ann B. <ann@example.com>");
  EXPECT_EQ(*IdentityOf({std::string(128, 'x')}), std::string(128, 'x'));
}

TEST(IdentityTest, NobodyIsUnauthenticatedAndIsToldWhatToSend) {
  const absl::Status status = IdentityOf({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(status), "NO_IDENTITY");
  EXPECT_THAT(std::string(status.message()), HasSubstr("x-genwatch-user"));
}

TEST(IdentityTest, NobodyIsDevWhereThatIsOn) {
  EXPECT_EQ(*IdentityOf({}, /*dev_identity=*/true), "dev");
  EXPECT_EQ(*IdentityOf({"ann"}, /*dev_identity=*/true), "ann");
}

TEST(IdentityTest, MalformedOnesAreRefusedAlsoWhereDevIsOn) {
  for (const std::vector<std::string>& users :
       std::vector<std::vector<std::string>>{{""},
                                             {std::string(129, 'x')},
                                             {" ann"},
                                             {"ann "},
                                             {"a\nb"},
                                             {"a\x7F"},
                                             {"m\xC3\xBCller"},
                                             {std::string("a\0b", 3)},
                                             {"ann", "bob"},
                                             {"ann", "ann"}}) {
    for (const bool dev_identity : {false, true}) {
      const absl::Status status = IdentityOf(users, dev_identity).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << users[0];
      EXPECT_EQ(ReasonOf(status), "BAD_IDENTITY");
    }
  }
}

}  // namespace
}  // namespace genwatch

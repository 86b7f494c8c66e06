#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/status.h"
#include "job_service/ids.h"
#include "job_service/page_token.h"
#include "job_service/stable_hash.h"

namespace genwatch {
namespace {

TEST(JobIdTest, NewIdsAreValidAndDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(NewJobId());
  EXPECT_EQ(ids.size(), 1000u);
  for (const std::string& id : ids) EXPECT_TRUE(CheckJobId(id).ok()) << id;
}

TEST(JobIdTest, AnythingElseIsRefused) {
  const std::string digits(32, 'a');
  for (const std::string& id :
       {std::string(), std::string("job_"), digits, "JOB_" + digits, "job_" + digits + "a",
        "job_" + std::string(32, 'A'), "job_" + std::string(32, 'g'), "job_" + digits + "\n"}) {
    EXPECT_EQ(ReasonOf(CheckJobId(id)), "BAD_JOB_ID") << id;
  }
}

TEST(PageTokenTest, ComesBackForTheSameListOnly) {
  const JobFilter filter{.owner_id = "ann", .model = "m"};
  const std::string token = MakePageToken(filter, 42);
  EXPECT_EQ(*ReadPageToken(filter, token), 42u);
  EXPECT_EQ(*ReadPageToken(filter, ""), 0u);
  EXPECT_EQ(ReasonOf(ReadPageToken({.owner_id = "bob", .model = "m"}, token).status()),
            "BAD_PAGE_TOKEN");
  EXPECT_EQ(ReasonOf(ReadPageToken(filter, "garbage").status()), "BAD_PAGE_TOKEN");
}

TEST(StableHashTest, MapsHashTheSameInAnyOrder) {
  v1::JobSpec one, two;
  for (int i = 0; i < 16; ++i) (*one.mutable_labels())[std::to_string(i)] = "x";
  for (int i = 15; i >= 0; --i) (*two.mutable_labels())[std::to_string(i)] = "x";
  EXPECT_EQ(StableHash(one), StableHash(two));
  two.set_prompt("y");
  EXPECT_NE(StableHash(one), StableHash(two));
}

// Stored with each job that has a request_id: a release that changed it would refuse honest
// retries.
TEST(StableHashTest, StaysWhatItIs) {
  EXPECT_EQ(StableHash("").substr(0, 16), "cbf29ce484222325");
  EXPECT_EQ(StableHash("a").substr(0, 16), "af63dc4c8601ec8c");
}

}  // namespace
}  // namespace genwatch

#include "common/problems.h"

#include <gtest/gtest.h>

#include "common/status.h"
#include "google/rpc/error_details.pb.h"

namespace genwatch {
namespace {

TEST(ProblemsTest, NoneIsOk) { EXPECT_TRUE(Problems().ToStatus().ok()); }

TEST(ProblemsTest, AllAreReportedAtOnce) {
  Problems problems;
  problems.Add("--port", "70000 is not a port");
  problems.Add("--host", "is empty");
  const absl::Status status = problems.ToStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "--port: 70000 is not a port; --host: is empty");
  EXPECT_EQ(ReasonOf(status), "INVALID_OPTIONS");

  google::rpc::BadRequest faults;
  ASSERT_TRUE(faults.ParseFromString(
      std::string(*status.GetPayload("type.googleapis.com/google.rpc.BadRequest"))));
  ASSERT_EQ(faults.field_violations_size(), 2);
  EXPECT_EQ(faults.field_violations(1).field(), "--host");
}

TEST(ProblemsTest, TheReasonMayBeChosen) {
  Problems problems;
  problems.Add("prompt", "is empty");
  EXPECT_EQ(ReasonOf(problems.ToStatus("INVALID_JOB")), "INVALID_JOB");
}

}  // namespace
}  // namespace genwatch

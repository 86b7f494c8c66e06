#include "common/status.h"

#include <gtest/gtest.h>

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"

namespace genwatch {
namespace {

template <typename Detail>
Detail DetailOf(const absl::Status& status) {
  const auto payload =
      status.GetPayload("type.googleapis.com/" + Detail::descriptor()->full_name());
  Detail detail;
  EXPECT_TRUE(payload.has_value() && detail.ParseFromString(std::string(*payload)));
  return detail;
}

TEST(StatusTest, ErrorCarriesReasonAndDomain) {
  const absl::Status status = Error(absl::StatusCode::kNotFound, "JOB_NOT_FOUND", "no such job");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no such job");
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  EXPECT_EQ(info.reason(), "JOB_NOT_FOUND");
  EXPECT_EQ(info.domain(), "genwatch");
  EXPECT_EQ(ReasonOf(status), "JOB_NOT_FOUND");
}

TEST(StatusTest, PlainStatusHasNoReason) {
  EXPECT_EQ(ReasonOf(absl::NotFoundError("x")), "");
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
}

TEST(StatusTest, ReasonOfAnotherDomainIsNotOurs) {
  google::rpc::ErrorInfo info;
  info.set_reason("THEIRS");
  info.set_domain("example.com");
  absl::Status status = absl::UnavailableError("x");
  status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo",
                    absl::Cord(info.SerializeAsString()));
  EXPECT_EQ(ReasonOf(status), "");
}

TEST(StatusTest, MetadataAccumulates) {
  absl::Status status = Error(absl::StatusCode::kFailedPrecondition, "WRONG_STATE", "x");
  status = WithMetadata(status, "state", "COMPLETED");
  status = WithMetadata(status, "action", "cancel");
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  EXPECT_EQ(info.reason(), "WRONG_STATE");
  EXPECT_EQ(info.metadata().at("state"), "COMPLETED");
  EXPECT_EQ(info.metadata().at("action"), "cancel");
}

TEST(StatusTest, MetadataOnAPlainStatusNamesTheCode) {
  const absl::Status status = WithMetadata(absl::AbortedError("x"), "k", "v");
  EXPECT_EQ(ReasonOf(status), "ABORTED");
}

TEST(StatusTest, FieldViolationsAccumulate) {
  absl::Status status = Error(absl::StatusCode::kInvalidArgument, "BAD_REQUEST", "x");
  status = WithFieldViolation(status, "prompt", "is empty");
  status = WithFieldViolation(status, "options.top_p", "is above 1");
  const auto faults = DetailOf<google::rpc::BadRequest>(status);
  ASSERT_EQ(faults.field_violations_size(), 2);
  EXPECT_EQ(faults.field_violations(0).field(), "prompt");
  EXPECT_EQ(faults.field_violations(0).description(), "is empty");
  EXPECT_EQ(faults.field_violations(1).field(), "options.top_p");
  EXPECT_EQ(ReasonOf(status), "BAD_REQUEST");
}

TEST(StatusTest, RetryDelayIsReadBackExactly) {
  const absl::Status status = absl::UnavailableError("x");
  EXPECT_FALSE(RetryAfterOf(status).has_value());
  for (const absl::Duration delay :
       {absl::ZeroDuration(), absl::Milliseconds(200), absl::Seconds(3) + absl::Nanoseconds(7)}) {
    EXPECT_EQ(RetryAfterOf(WithRetryAfter(status, delay)), delay);
  }
}

TEST(StatusTest, AnnotateKeepsCodeAndDetails) {
  const absl::Status inner = WithRetryAfter(
      Error(absl::StatusCode::kUnavailable, "DB_DOWN", "lost connection"), absl::Seconds(1));
  const absl::Status outer = Annotate(inner, "loading job 42");
  EXPECT_EQ(outer.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(outer.message(), "loading job 42: lost connection");
  EXPECT_EQ(ReasonOf(outer), "DB_DOWN");
  EXPECT_EQ(RetryAfterOf(outer), absl::Seconds(1));
}

TEST(StatusTest, OkStaysOk) {
  EXPECT_TRUE(Annotate(absl::OkStatus(), "x").ok());
  EXPECT_TRUE(WithMetadata(absl::OkStatus(), "k", "v").ok());
  EXPECT_TRUE(WithFieldViolation(absl::OkStatus(), "f", "d").ok());
  EXPECT_TRUE(WithRetryAfter(absl::OkStatus(), absl::Seconds(1)).ok());
}

TEST(StatusTest, InvalidUtf8InDetailsIsReplaced) {
  const absl::Status status =
      WithFieldViolation(absl::InvalidArgumentError("x"), "prompt", "has \xFF in it");
  EXPECT_EQ(DetailOf<google::rpc::BadRequest>(status).field_violations(0).description(),
            "has \xEF\xBF\xBD in it");
}

}  // namespace
}  // namespace genwatch

#include "common/grpc_status.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/cord.h"
#include "common/status.h"
#include "common/utf8.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace genwatch {
namespace {

absl::Status RoundTrip(const absl::Status& status) { return FromGrpcStatus(ToGrpcStatus(status)); }

TEST(GrpcStatusTest, EveryCodeSurvivesTheRoundTrip) {
  for (int code = 0; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "text");
    EXPECT_EQ(RoundTrip(status), status) << code;
    EXPECT_EQ(static_cast<int>(ToGrpcStatus(status).error_code()), code);
  }
}

TEST(GrpcStatusTest, AllDetailsSurviveTheRoundTrip) {
  absl::Status status = Error(absl::StatusCode::kInvalidArgument, "INVALID_JOB", "bad request");
  status = WithMetadata(status, "limit", "65536");
  status = WithFieldViolation(status, "prompt", "is empty");
  status = WithFieldViolation(status, "options.top_p", "is above 1");
  status = WithRetryAfter(status, absl::Milliseconds(1500));
  EXPECT_EQ(RoundTrip(status), status);
}

TEST(GrpcStatusTest, TheWireCarriesAGoogleRpcStatus) {
  const grpc::Status sent =
      ToGrpcStatus(Error(absl::StatusCode::kNotFound, "JOB_NOT_FOUND", "no such job"));
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(sent.error_details()));
  EXPECT_EQ(details.code(), 5);
  EXPECT_EQ(details.message(), "no such job");
  ASSERT_EQ(details.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "JOB_NOT_FOUND");
  EXPECT_EQ(info.domain(), "genwatch");
}

TEST(GrpcStatusTest, APlainStatusHasNoDetails) {
  EXPECT_EQ(ToGrpcStatus(absl::AbortedError("x")).error_details(), "");
}

TEST(GrpcStatusTest, MessagesAreValidUtf8) {
  const grpc::Status sent =
      ToGrpcStatus(Error(absl::StatusCode::kInvalidArgument, "BAD", "caf\xE9 \xC3\xA4"));
  EXPECT_EQ(sent.error_message(), "caf\xEF\xBF\xBD \xC3\xA4");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(sent.error_details()));
  EXPECT_EQ(details.message(), sent.error_message());
}

TEST(GrpcStatusTest, WhatIsSentFitsIntoTrailingMetadata) {
  std::string text;
  while (text.size() < 100'000) text += "\xE2\x82\xAC";
  absl::Status status = Error(absl::StatusCode::kInvalidArgument, "TOO_LONG", text);
  for (int i = 0; i < 100; ++i) status = WithFieldViolation(status, "prompt", text.substr(0, 300));

  const grpc::Status sent = ToGrpcStatus(status);

  // The message is percent-encoded, three bytes for each of these.
  EXPECT_LT(sent.error_message().size() * 3 + sent.error_details().size(), 8192u);
  EXPECT_TRUE(IsValidUtf8(sent.error_message()));
  EXPECT_EQ(ReasonOf(FromGrpcStatus(sent)), "TOO_LONG");
}

TEST(GrpcStatusTest, AnUnknownCodeIsUnknown) {
  const grpc::Status strange(grpc::StatusCode::DO_NOT_USE, "x");
  EXPECT_EQ(FromGrpcStatus(strange), absl::UnknownError("x"));
}

TEST(GrpcStatusTest, DetailsThatDoNotParseAreIgnored) {
  const grpc::Status strange(grpc::StatusCode::ABORTED, "x", "\xFF\xFF not a message");
  EXPECT_EQ(FromGrpcStatus(strange), absl::AbortedError("x"));
}

}  // namespace
}  // namespace genwatch

#include "common/status.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "common/string_view.h"
#include "common/utf8.h"
#include "google/rpc/error_details.pb.h"

namespace genwatch {
namespace {

constexpr char kDomain[] = "genwatch";

template <typename Detail>
std::string TypeUrl() {
  return absl::StrCat("type.googleapis.com/", Detail::descriptor()->full_name());
}

template <typename Detail>
std::optional<Detail> Get(const absl::Status& status) {
  const auto payload = status.GetPayload(TypeUrl<Detail>());
  Detail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

template <typename Detail>
absl::Status With(absl::Status status, const Detail& detail) {
  status.SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
  return status;
}

}  // namespace

absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view message) {
  google::rpc::ErrorInfo info;
  info.set_reason(ReplaceInvalidUtf8(reason));
  info.set_domain(kDomain);
  return With(absl::Status(code, ToAbsl(message)), info);
}

absl::Status WithMetadata(absl::Status status, std::string_view key, std::string_view value) {
  if (status.ok()) return status;
  auto info = Get<google::rpc::ErrorInfo>(status);
  if (!info.has_value()) {
    info.emplace();
    info->set_reason(absl::StatusCodeToString(status.code()));
    info->set_domain(kDomain);
  }
  (*info->mutable_metadata())[ReplaceInvalidUtf8(key)] = ReplaceInvalidUtf8(value);
  return With(std::move(status), *info);
}

absl::Status WithFieldViolation(absl::Status status, std::string_view field,
                                std::string_view description) {
  if (status.ok()) return status;
  auto faults = Get<google::rpc::BadRequest>(status).value_or(google::rpc::BadRequest());
  auto& fault = *faults.add_field_violations();
  fault.set_field(ReplaceInvalidUtf8(field));
  fault.set_description(ReplaceInvalidUtf8(description));
  return With(std::move(status), faults);
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration delay) {
  if (status.ok()) return status;
  google::rpc::RetryInfo retry;
  const int64_t seconds = absl::IDivDuration(delay, absl::Seconds(1), &delay);
  retry.mutable_retry_delay()->set_seconds(seconds);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(delay)));
  return With(std::move(status), retry);
}

std::string ReasonOf(const absl::Status& status) {
  const auto info = Get<google::rpc::ErrorInfo>(status);
  return info.has_value() && info->domain() == kDomain ? info->reason() : "";
}

std::optional<absl::Duration> RetryAfterOf(const absl::Status& status) {
  const auto retry = Get<google::rpc::RetryInfo>(status);
  if (!retry.has_value() || !retry->has_retry_delay()) return std::nullopt;
  return absl::Seconds(retry->retry_delay().seconds()) +
         absl::Nanoseconds(retry->retry_delay().nanos());
}

absl::Status Annotate(absl::Status status, std::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), absl::StrCat(ToAbsl(context), ": ", status.message()));
  status.ForEachPayload([&annotated](absl::string_view type_url, const absl::Cord& payload) {
    annotated.SetPayload(type_url, payload);
  });
  return annotated;
}

}  // namespace genwatch

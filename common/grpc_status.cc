#include "common/grpc_status.h"

#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "common/string_view.h"
#include "common/utf8.h"
#include "google/rpc/status.pb.h"

namespace genwatch {
namespace {

// gRPC clients accept 8 KiB of trailing metadata; the message is in it twice, and percent-encoding
// can make one of the two three times as long.
constexpr size_t kMaxMessageBytes = 1024;
constexpr size_t kMaxDetailBytes = 3072;

bool IsErrorInfo(absl::string_view type_url) {
  return absl::EndsWith(type_url, "/google.rpc.ErrorInfo");
}

// Appends the payloads of one kind, as long as they fit.
void AddDetails(const absl::Status& status, bool error_info, size_t& bytes_left,
                google::rpc::Status& details) {
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    const size_t bytes = type_url.size() + payload.size();
    if (IsErrorInfo(type_url) != error_info || bytes > bytes_left) return;
    bytes_left -= bytes;
    google::protobuf::Any& detail = *details.add_details();
    detail.set_type_url(std::string(type_url));
    detail.set_value(std::string(payload));
  });
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string valid = ReplaceInvalidUtf8(ToStd(status.message()));
  const std::string message(TruncateUtf8(valid, kMaxMessageBytes));
  google::rpc::Status details;
  size_t bytes_left = kMaxDetailBytes;
  AddDetails(status, /*error_info=*/true, bytes_left, details);
  AddDetails(status, /*error_info=*/false, bytes_left, details);
  std::string serialized;
  if (details.details_size() > 0) {
    details.set_code(static_cast<int>(status.code()));
    details.set_message(message);
    serialized = details.SerializeAsString();
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message, serialized);
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  auto code = static_cast<absl::StatusCode>(status.error_code());
  // absl turns numbers that it does not know into kUnknown.
  if (absl::Status(code, "").code() != code) code = absl::StatusCode::kUnknown;
  absl::Status result(code, status.error_message());
  google::rpc::Status details;
  if (details.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& detail : details.details()) {
      result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
    }
  }
  return result;
}

}  // namespace genwatch

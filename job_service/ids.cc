#include "job_service/ids.h"

#include <sys/random.h>

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status.h"

namespace genwatch {
namespace {

constexpr std::string_view kPrefix = "job_";
constexpr size_t kRandomBytes = 16;

bool IsLowerHex(char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); }

}  // namespace

std::string NewJobId() {
  std::string bytes(kRandomBytes, '\0');
  // Up to 256 bytes getrandom neither blocks (once booted) nor answers less.
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  return absl::StrCat("job_", absl::BytesToHexString(bytes));
}

absl::Status CheckJobId(std::string_view job_id) {
  bool good = job_id.starts_with(kPrefix);
  const std::string_view digits = good ? job_id.substr(kPrefix.size()) : "";
  good = good && digits.size() == 2 * kRandomBytes;
  for (char c : digits) good = good && IsLowerHex(c);
  if (good) return absl::OkStatus();
  constexpr char kForm[] = "must be job_ and 32 lower-case hexadecimal digits";
  return WithFieldViolation(
      Error(absl::StatusCode::kInvalidArgument, "BAD_JOB_ID", absl::StrCat("job_id ", kForm)),
      "job_id", kForm);
}

}  // namespace genwatch

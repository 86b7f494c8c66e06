#include "job_service/stable_hash.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <cstdint>

#include "absl/strings/str_format.h"

namespace genwatch {
namespace {

constexpr uint64_t kBasis = 14695981039346656037u;
constexpr uint64_t kPrime = 1099511628211u;

uint64_t Fnv1a(std::string_view text, uint64_t hash) {
  for (unsigned char c : text) hash = (hash ^ c) * kPrime;
  return hash;
}

}  // namespace

std::string StableHash(std::string_view text) {
  const uint64_t first = Fnv1a(text, kBasis);
  return absl::StrFormat("%016x%016x", first, Fnv1a(text, first ^ kBasis ^ kPrime));
}

std::string StableHash(const v1::JobSpec& spec) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    spec.SerializeToCodedStream(&coded);
  }
  return StableHash(bytes);
}

}  // namespace genwatch

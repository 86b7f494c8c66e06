#include "tests/chaos/harness/redis_reader.h"

#include "absl/strings/str_split.h"

namespace genwatch::chaos {

absl::StatusOr<std::set<std::string>> QueuedJobIds(PrivateRedis& redis) {
  // One field for each job that waits or is being leased.
  const auto fields = redis.Command({"HKEYS", "gw:job"});
  if (!fields.ok()) return fields.status();
  return absl::StrSplit(*fields, '\n', absl::SkipEmpty());
}

}  // namespace genwatch::chaos

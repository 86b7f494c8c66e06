#ifndef GENWATCH_TESTS_CHAOS_HARNESS_REDIS_READER_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_REDIS_READER_H_

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "tests/support/private_redis.h"

namespace genwatch::chaos {

// The ids of the jobs that Redis holds: waiting in a queue of any model, or being leased.
absl::StatusOr<std::set<std::string>> QueuedJobIds(PrivateRedis& redis);

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_REDIS_READER_H_

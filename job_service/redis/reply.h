#ifndef GENWATCH_JOB_SERVICE_REDIS_REPLY_H_
#define GENWATCH_JOB_SERVICE_REDIS_REPLY_H_

#include <cstdint>
#include <string>
#include <vector>

namespace genwatch {

// An answer of Redis, copied out of the library's memory. An error answer never becomes one.
struct RedisReply {
  enum class Kind { kNil, kInteger, kString, kArray };

  Kind kind = Kind::kNil;
  int64_t integer = 0;
  std::string text;
  std::vector<RedisReply> items;

  // The text, or the integer as text; empty for nil.
  std::string AsText() const { return kind == Kind::kInteger ? std::to_string(integer) : text; }
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_REDIS_REPLY_H_

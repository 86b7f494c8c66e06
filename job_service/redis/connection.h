#ifndef GENWATCH_JOB_SERVICE_REDIS_CONNECTION_H_
#define GENWATCH_JOB_SERVICE_REDIS_CONNECTION_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "job_service/redis/reply.h"

struct redisContext;

namespace genwatch {

struct RedisAddress {
  // A unix socket; else host and port.
  std::string unix_socket;
  std::string host;
  int port = 6379;
  // From the environment only; empty: none.
  std::string password;

  // "unix:/path" or "host:port". INVALID_ARGUMENT otherwise.
  static absl::StatusOr<RedisAddress> Parse(std::string_view text);
};

// One connection. After any error but an error answer it is broken and must be thrown away. Not
// thread-safe.
class RedisConnection {
 public:
  // UNAVAILABLE (QUEUE_UNAVAILABLE) when the server can't be reached.
  static absl::StatusOr<std::unique_ptr<RedisConnection>> Connect(const RedisAddress& address,
                                                                  absl::Duration connect_timeout,
                                                                  absl::Duration command_timeout);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // UNAVAILABLE when the connection broke or the server is loading; INTERNAL for an error answer.
  absl::StatusOr<RedisReply> Command(absl::Span<const std::string> arguments);

  // The next pushed message of a subscribed connection. DEADLINE_EXCEEDED when none came within the
  // command timeout; the connection stays usable then.
  absl::StatusOr<RedisReply> NextMessage();

  bool broken() const { return broken_; }

 private:
  struct ContextDeleter {
    void operator()(redisContext* context) const;
  };
  using ContextPtr = std::unique_ptr<redisContext, ContextDeleter>;

  explicit RedisConnection(ContextPtr context) : context_(std::move(context)) {}
  absl::Status Broken(std::string_view what);

  ContextPtr context_;
  bool broken_ = false;
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_REDIS_CONNECTION_H_

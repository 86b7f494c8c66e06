#ifndef GENWATCH_JOB_SERVICE_REDIS_CLIENT_H_
#define GENWATCH_JOB_SERVICE_REDIS_CLIENT_H_

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "job_service/redis/connection.h"
#include "job_service/redis/reply.h"

namespace genwatch {

// Connections that are kept and reused, and scripts that are loaded once per connection. After a
// failed connect it fails at once for 200 ms, so that a server that is down costs callers nothing.
// Blocking; thread-safe.
class RedisClient {
 public:
  RedisClient(RedisAddress address, const Clock* clock);
  ~RedisClient();

  // The server's run_id, as read when the connection that answers was made.
  absl::StatusOr<std::string> RunId();

  // Runs the Lua script. `{run_id}` among the arguments is replaced by that of the server.
  absl::StatusOr<RedisReply> Script(std::string_view script, std::vector<std::string> arguments);

  absl::StatusOr<RedisReply> Command(absl::Span<const std::string> arguments);

  const RedisAddress& address() const { return address_; }

 private:
  struct Session {
    std::unique_ptr<RedisConnection> connection;
    std::string run_id;
    // Of the script's text, to the name it was loaded under.
    std::unordered_map<std::string_view, std::string> loaded;
  };

  absl::StatusOr<std::unique_ptr<Session>> Take();
  void Return(std::unique_ptr<Session> session);
  absl::StatusOr<RedisReply> RunScript(Session& session, std::string_view script,
                                       const std::vector<std::string>& arguments);

  const RedisAddress address_;
  const Clock* const clock_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Session>> idle_ ABSL_GUARDED_BY(mutex_);
  absl::Duration closed_until_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_REDIS_CLIENT_H_

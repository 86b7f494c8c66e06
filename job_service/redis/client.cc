#include "job_service/redis/client.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status.h"

namespace genwatch {
namespace {

// A hint is not worth a longer wait: the reconciler finds later what a time-out lost.
constexpr absl::Duration kConnectTimeout = absl::Milliseconds(500);
constexpr absl::Duration kCommandTimeout = absl::Seconds(2);
constexpr absl::Duration kPauseAfterFailure = absl::Milliseconds(200);
constexpr size_t kMostIdle = 16;

absl::StatusOr<std::string> ReadRunId(RedisConnection& connection) {
  absl::StatusOr<RedisReply> info = connection.Command({"INFO", "server"});
  if (!info.ok()) return info.status();
  for (absl::string_view line : absl::StrSplit(info->text, "\r\n")) {
    if (absl::ConsumePrefix(&line, "run_id:")) return std::string(line);
  }
  return Error(absl::StatusCode::kInternal, "QUEUE_ERROR", "Redis names no run_id");
}

}  // namespace

RedisClient::RedisClient(RedisAddress address, const Clock* clock)
    : address_(std::move(address)), clock_(clock), closed_until_(-absl::InfiniteDuration()) {}

RedisClient::~RedisClient() = default;

absl::StatusOr<std::unique_ptr<RedisClient::Session>> RedisClient::Take() {
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Session> session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
    if (clock_->Monotonic() < closed_until_) return last_error_;
  }
  auto session = std::make_unique<Session>();
  absl::StatusOr<std::unique_ptr<RedisConnection>> connection =
      RedisConnection::Connect(address_, kConnectTimeout, kCommandTimeout);
  absl::StatusOr<std::string> run_id =
      connection.ok() ? ReadRunId(**connection) : absl::StatusOr<std::string>(connection.status());
  if (!run_id.ok()) {
    MutexLock lock(mutex_);
    closed_until_ = clock_->Monotonic() + kPauseAfterFailure;
    last_error_ = run_id.status();
    return run_id.status();
  }
  session->connection = *std::move(connection);
  session->run_id = *std::move(run_id);
  return session;
}

void RedisClient::Return(std::unique_ptr<Session> session) {
  std::vector<std::unique_ptr<Session>> dropped;  // declared before the lock: closed after it
  MutexLock lock(mutex_);
  if (session->connection->broken()) {
    // The others go to the same server: they would fail one by one, each with an error to a caller.
    dropped.swap(idle_);
    dropped.push_back(std::move(session));
  } else if (idle_.size() < kMostIdle) {
    idle_.push_back(std::move(session));
  } else {
    dropped.push_back(std::move(session));
  }
}

absl::StatusOr<std::string> RedisClient::RunId() {
  absl::StatusOr<std::unique_ptr<Session>> session = Take();
  if (!session.ok()) return session.status();
  // A connection that answers is one to the server that runs now.
  absl::StatusOr<RedisReply> pong = (*session)->connection->Command({"PING"});
  std::string run_id = (*session)->run_id;
  Return(*std::move(session));
  if (!pong.ok()) return pong.status();
  return run_id;
}

absl::StatusOr<RedisReply> RedisClient::Command(absl::Span<const std::string> arguments) {
  absl::StatusOr<std::unique_ptr<Session>> session = Take();
  if (!session.ok()) return session.status();
  absl::StatusOr<RedisReply> reply = (*session)->connection->Command(arguments);
  Return(*std::move(session));
  return reply;
}

absl::StatusOr<RedisReply> RedisClient::RunScript(Session& session, std::string_view script,
                                                  const std::vector<std::string>& arguments) {
  auto it = session.loaded.find(script);
  if (it == session.loaded.end()) {
    absl::StatusOr<RedisReply> sha =
        session.connection->Command({"SCRIPT", "LOAD", std::string(script)});
    if (!sha.ok()) return sha.status();
    it = session.loaded.emplace(script, sha->text).first;
  }
  std::vector<std::string> command = {"EVALSHA", it->second, "0"};
  command.reserve(command.size() + arguments.size());
  for (const std::string& argument : arguments) {
    command.push_back(argument == "{run_id}" ? session.run_id : argument);
  }
  return session.connection->Command(command);
}

absl::StatusOr<RedisReply> RedisClient::Script(std::string_view script,
                                               std::vector<std::string> arguments) {
  absl::StatusOr<std::unique_ptr<Session>> session = Take();
  if (!session.ok()) return session.status();
  absl::StatusOr<RedisReply> reply = RunScript(**session, script, arguments);
  if (!reply.ok() && absl::StrContains(reply.status().message(), "NOSCRIPT")) {
    // SCRIPT FLUSH by an operator.
    (*session)->loaded.clear();
    reply = RunScript(**session, script, arguments);
  }
  Return(*std::move(session));
  return reply;
}

}  // namespace genwatch

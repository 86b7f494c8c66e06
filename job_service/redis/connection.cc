#include "job_service/redis/connection.h"

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <cerrno>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status.h"
#include "common/string_view.h"

namespace genwatch {
namespace {

struct ReplyDeleter {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using ReplyPtr = std::unique_ptr<redisReply, ReplyDeleter>;

absl::Status Unavailable(std::string_view what) {
  return Error(absl::StatusCode::kUnavailable, "QUEUE_UNAVAILABLE",
               absl::StrCat("the queue can't be reached: ", ToAbsl(what)));
}

RedisReply Copy(const redisReply& reply) {
  RedisReply copy;
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      copy.kind = RedisReply::Kind::kInteger;
      copy.integer = reply.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      copy.kind = RedisReply::Kind::kString;
      copy.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_ARRAY:
      copy.kind = RedisReply::Kind::kArray;
      copy.items.reserve(reply.elements);
      for (size_t i = 0; i < reply.elements; ++i) copy.items.push_back(Copy(*reply.element[i]));
      break;
    default:
      break;
  }
  return copy;
}

// Scripts raise QUEUE_NOT_REBUILT themselves; the server raises LOADING while it reads its file.
absl::Status ErrorAnswer(std::string_view text) {
  if (text.starts_with("LOADING") || text.starts_with("READONLY") ||
      text.starts_with("MASTERDOWN")) {
    return Unavailable(text);
  }
  if (text.find("QUEUE_NOT_REBUILT") != std::string_view::npos) {
    return Error(absl::StatusCode::kFailedPrecondition, "QUEUE_NOT_REBUILT",
                 "the queue is being rebuilt from the ledger");
  }
  return Error(absl::StatusCode::kInternal, "QUEUE_ERROR",
               absl::StrCat("Redis answered: ", ToAbsl(text)));
}

}  // namespace

absl::StatusOr<RedisAddress> RedisAddress::Parse(std::string_view text) {
  RedisAddress address;
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    text.remove_prefix(kUnix.size());
    if (text.empty() || text.size() > 107) {
      return absl::InvalidArgumentError("a unix socket's path has 1 to 107 characters");
    }
    address.unix_socket = std::string(text);
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 ||
      !absl::SimpleAtoi(ToAbsl(text.substr(colon + 1)), &address.port) || address.port < 1 ||
      address.port > 65535) {
    return absl::InvalidArgumentError("give unix:/path or host:port");
  }
  address.host = std::string(text.substr(0, colon));
  return address;
}

void RedisConnection::ContextDeleter::operator()(redisContext* context) const {
  redisFree(context);
}

RedisConnection::~RedisConnection() = default;

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisConnection::Connect(
    const RedisAddress& address, absl::Duration connect_timeout, absl::Duration command_timeout) {
  const timeval connect = absl::ToTimeval(connect_timeout);
  ContextPtr context(address.unix_socket.empty()
                         ? redisConnectWithTimeout(address.host.c_str(), address.port, connect)
                         : redisConnectUnixWithTimeout(address.unix_socket.c_str(), connect));
  if (context == nullptr) return Unavailable("out of memory");
  if (context->err != 0) return Unavailable(context->errstr);
  if (redisSetTimeout(context.get(), absl::ToTimeval(command_timeout)) != REDIS_OK) {
    return Unavailable("the timeout can't be set");
  }
  if (address.unix_socket.empty()) redisEnableKeepAlive(context.get());
  std::unique_ptr<RedisConnection> connection(new RedisConnection(std::move(context)));
  if (!address.password.empty()) {
    absl::StatusOr<RedisReply> reply = connection->Command({"AUTH", address.password});
    if (!reply.ok()) return reply.status();
  }
  return connection;
}

absl::Status RedisConnection::Broken(std::string_view what) {
  broken_ = true;
  return Unavailable(what);
}

absl::StatusOr<RedisReply> RedisConnection::Command(absl::Span<const std::string> arguments) {
  std::vector<const char*> pointers;
  std::vector<size_t> lengths;
  pointers.reserve(arguments.size());
  lengths.reserve(arguments.size());
  for (const std::string& argument : arguments) {
    pointers.push_back(argument.data());
    lengths.push_back(argument.size());
  }
  ReplyPtr reply(static_cast<redisReply*>(redisCommandArgv(
      context_.get(), static_cast<int>(pointers.size()), pointers.data(), lengths.data())));
  if (reply == nullptr) return Broken(context_->errstr);
  if (reply->type == REDIS_REPLY_ERROR) return ErrorAnswer({reply->str, reply->len});
  return Copy(*reply);
}

absl::StatusOr<RedisReply> RedisConnection::NextMessage() {
  void* raw = nullptr;
  if (redisGetReply(context_.get(), &raw) != REDIS_OK) {
    // A read that times out sets REDIS_ERR_IO with EAGAIN; nothing was consumed, so it may go on.
    if (context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      context_->err = 0;
      context_->errstr[0] = '\0';
      return absl::DeadlineExceededError("no message");
    }
    return Broken(context_->errstr);
  }
  ReplyPtr reply(static_cast<redisReply*>(raw));
  if (reply->type == REDIS_REPLY_ERROR) return ErrorAnswer({reply->str, reply->len});
  return Copy(*reply);
}

}  // namespace genwatch

#include "job_service/redis_job_queue.h"

#include <atomic>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/status.h"
#include "common/thread_name.h"
#include "job_service/redis/scripts.h"
#include "job_service/serving_order.h"

namespace genwatch {
namespace {

// A replica that popped and then says nothing for this long has died.
constexpr int kStaleLeasingMs = 5000;
// Redis runs nothing else during a script: longer batches go in parts.
constexpr size_t kMostEntriesAScript = 500;
// What GetJobStates may ask for at once: one round trip, about 2 ms of Redis.
constexpr size_t kMostPlacesAScript = 1000;
constexpr size_t kOrderDigits = 16;

absl::StatusOr<uint32_t> AsCount(absl::StatusOr<RedisReply> reply) {
  if (!reply.ok()) return reply.status();
  return static_cast<uint32_t>(reply->integer);
}

// Reads wake-ups on a connection and a thread of its own, and reconnects for ever.
class RedisSubscription : public JobQueue::Subscription {
 public:
  RedisSubscription(RedisAddress address, std::function<void(const std::string&)> woken)
      : address_(std::move(address)), woken_(std::move(woken)), thread_([this] { Run(); }) {}

  ~RedisSubscription() override {
    stopping_ = true;
    thread_.join();
  }

 private:
  // Bounds how long the destructor waits, too.
  static constexpr absl::Duration kPoll = absl::Milliseconds(200);

  void Run() {
    SetThreadName("queue-wake");
    while (!stopping_) {
      auto connection = RedisConnection::Connect(address_, kPoll, kPoll);
      if (connection.ok() && (*connection)->Command({"SUBSCRIBE", "gw:wake"}).ok()) {
        Listen(**connection);
      } else {
        absl::SleepFor(kPoll);
      }
    }
  }

  void Listen(RedisConnection& connection) {
    while (!stopping_ && !connection.broken()) {
      absl::StatusOr<RedisReply> message = connection.NextMessage();
      if (message.ok() && message->items.size() == 3) woken_(message->items[2].text);
    }
  }

  const RedisAddress address_;
  const std::function<void(const std::string&)> woken_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace

RedisJobQueue::RedisJobQueue(RedisAddress address, const Clock* clock)
    : client_(std::move(address), clock) {}

absl::StatusOr<std::string> RedisJobQueue::ServerId() { return client_.RunId(); }

absl::Status RedisJobQueue::MarkRebuilt(const std::string& server_id) {
  return client_.Command({"SET", "gw:rebuilt", server_id}).status();
}

absl::StatusOr<bool> RedisJobQueue::IsRebuilt() {
  absl::StatusOr<std::string> run_id = client_.RunId();
  if (!run_id.ok()) return run_id.status();
  absl::StatusOr<RedisReply> rebuilt = client_.Command({"GET", "gw:rebuilt"});
  if (!rebuilt.ok()) return rebuilt.status();
  return rebuilt->text == *run_id;
}

absl::StatusOr<uint32_t> RedisJobQueue::Enqueue(absl::Span<const QueueEntry> entries,
                                                bool rebuilding) {
  uint32_t added = 0;
  for (size_t start = 0; start < entries.size(); start += kMostEntriesAScript) {
    std::vector<std::string> arguments = {"{run_id}", rebuilding ? "1" : "0"};
    for (const QueueEntry& entry : entries.subspan(start, kMostEntriesAScript)) {
      arguments.push_back(entry.job_id);
      arguments.push_back(absl::StrFormat("%016x", entry.order));
      arguments.push_back(entry.model);
      arguments.push_back(entry.owner_id);
      arguments.push_back(absl::StrCat(PriorityBonus(entry.priority)));
      arguments.push_back(entry.score ? absl::StrFormat("%.17g", *entry.score) : "");
    }
    absl::StatusOr<uint32_t> count = AsCount(client_.Script(kEnqueueScript, std::move(arguments)));
    if (!count.ok()) return count.status();
    added += *count;
  }
  return added;
}

absl::StatusOr<std::vector<PoppedJob>> RedisJobQueue::Pop(absl::Span<const ModelDemand> demands,
                                                          uint32_t max_jobs) {
  std::vector<std::string> arguments = {"{run_id}", absl::StrCat(max_jobs)};
  for (const ModelDemand& demand : demands) {
    arguments.push_back(demand.model);
    arguments.push_back(absl::StrCat(demand.free));
    arguments.push_back(demand.loaded ? "1" : "0");
  }
  absl::StatusOr<RedisReply> reply = client_.Script(kPopScript, std::move(arguments));
  if (!reply.ok()) return reply.status();
  std::vector<PoppedJob> jobs;
  for (size_t i = 0; i + 2 < reply->items.size(); i += 3) {
    PoppedJob job{.job_id = reply->items[i].text, .model = reply->items[i + 1].text};
    if (!absl::SimpleAtod(reply->items[i + 2].text, &job.score)) {
      return Error(absl::StatusCode::kInternal, "QUEUE_ERROR", "a score is not a number");
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

absl::Status RedisJobQueue::Confirm(absl::Span<const std::string> job_ids) {
  if (job_ids.empty()) return absl::OkStatus();
  return client_.Script(kConfirmScript, {job_ids.begin(), job_ids.end()}).status();
}

absl::Status RedisJobQueue::PutBack(absl::Span<const PoppedJob> jobs) {
  if (jobs.empty()) return absl::OkStatus();
  std::vector<std::string> arguments = {"0"};
  for (const PoppedJob& job : jobs) arguments.push_back(job.job_id);
  return client_.Script(kPutBackScript, std::move(arguments)).status();
}

absl::StatusOr<uint32_t> RedisJobQueue::PutBackStale() {
  return AsCount(client_.Script(kPutBackScript, {absl::StrCat(kStaleLeasingMs)}));
}

absl::Status RedisJobQueue::Remove(const QueueEntry& entry) {
  return client_.Script(kRemoveScript, {entry.job_id}).status();
}

absl::Status RedisJobQueue::Reprioritize(const QueueEntry& entry) {
  return client_
      .Script(kReprioritizeScript, {entry.job_id, absl::StrCat(PriorityBonus(entry.priority))})
      .status();
}

absl::StatusOr<std::vector<QueuePlace>> RedisJobQueue::Places(
    absl::Span<const QueueEntry> entries) {
  std::vector<QueuePlace> places;
  places.reserve(entries.size());
  for (size_t start = 0; start < entries.size(); start += kMostPlacesAScript) {
    std::vector<std::string> arguments;
    for (const QueueEntry& entry : entries.subspan(start, kMostPlacesAScript)) {
      arguments.push_back(entry.job_id);
    }
    absl::StatusOr<RedisReply> reply = client_.Script(kPlacesScript, std::move(arguments));
    if (!reply.ok()) return reply.status();
    for (size_t i = 0; i + 1 < reply->items.size(); i += 2) {
      places.push_back({.position = static_cast<uint32_t>(reply->items[i].integer),
                        .size = static_cast<uint32_t>(reply->items[i + 1].integer)});
    }
  }
  return places;
}

absl::StatusOr<std::vector<std::string>> RedisJobQueue::Peek(const std::string& model,
                                                             uint32_t from, uint32_t limit) {
  if (limit == 0) return std::vector<std::string>();
  absl::StatusOr<RedisReply> reply = client_.Command(
      {"ZRANGE", absl::StrCat("gw:q:", model), absl::StrCat(from), absl::StrCat(from + limit - 1)});
  if (!reply.ok()) return reply.status();
  std::vector<std::string> job_ids;
  for (const RedisReply& item : reply->items) {
    if (item.text.size() > kOrderDigits) job_ids.push_back(item.text.substr(kOrderDigits));
  }
  return job_ids;
}

absl::StatusOr<std::vector<QueueSize>> RedisJobQueue::Sizes() {
  absl::StatusOr<RedisReply> reply = client_.Script(kSizesScript, {});
  if (!reply.ok()) return reply.status();
  std::vector<QueueSize> sizes;
  for (size_t i = 0; i + 1 < reply->items.size(); i += 2) {
    sizes.push_back({.model = reply->items[i].text,
                     .waiting = static_cast<uint32_t>(reply->items[i + 1].integer)});
  }
  return sizes;
}

std::unique_ptr<JobQueue::Subscription> RedisJobQueue::OnEnqueued(
    std::function<void(const std::string&)> woken) {
  return std::make_unique<RedisSubscription>(client_.address(), std::move(woken));
}

}  // namespace genwatch

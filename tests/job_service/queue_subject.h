#ifndef GENWATCH_TESTS_JOB_SERVICE_QUEUE_SUBJECT_H_
#define GENWATCH_TESTS_JOB_SERVICE_QUEUE_SUBJECT_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "job_service/redis_job_queue.h"
#include "tests/job_service/fake_job_queue.h"
#include "tests/support/fake_clock.h"
#include "tests/support/private_redis.h"

namespace genwatch {

// A queue under test, empty and not yet rebuilt.
class QueueSubject {
 public:
  virtual ~QueueSubject() = default;
  virtual JobQueue& queue() = 0;
  virtual void RestartEmpty() = 0;
};

class FakeQueueSubject : public QueueSubject {
 public:
  JobQueue& queue() override { return queue_; }
  void RestartEmpty() override { queue_.RestartEmpty(); }

 private:
  FakeClock clock_;
  FakeJobQueue queue_{&clock_};
};

class RedisQueueSubject : public QueueSubject {
 public:
  RedisQueueSubject() {
    EXPECT_TRUE(PrivateRedis::Shared().Command({"FLUSHALL"}).ok());
    queue_ = std::make_unique<RedisJobQueue>(
        *RedisAddress::Parse("unix:" + PrivateRedis::Shared().socket_path()));
  }
  JobQueue& queue() override { return *queue_; }
  void RestartEmpty() override { EXPECT_TRUE(PrivateRedis::Shared().Command({"FLUSHALL"}).ok()); }

 private:
  std::unique_ptr<RedisJobQueue> queue_;
};

struct QueueParam {
  std::string name;
  std::function<std::unique_ptr<QueueSubject>()> make;
};

inline auto BothQueues() {
  return testing::Values(QueueParam{"Fake", [] { return std::make_unique<FakeQueueSubject>(); }},
                         QueueParam{"Redis", [] { return std::make_unique<RedisQueueSubject>(); }});
}

inline std::string NameOfQueue(const testing::TestParamInfo<QueueParam>& param) {
  return param.param.name;
}

}  // namespace genwatch

#endif  // GENWATCH_TESTS_JOB_SERVICE_QUEUE_SUBJECT_H_

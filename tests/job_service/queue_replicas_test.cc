// Two replicas of job_service, each with its own leaser, reconciler and reaper, at the same MariaDB
// and the same Redis; and what Redis does to them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/mutex.h"
#include "job_service/job_leaser.h"
#include "job_service/mariadb_job_store.h"
#include "job_service/reaper.h"
#include "job_service/reconciler.h"
#include "job_service/redis_job_queue.h"
#include "tests/job_service/mariadb_store_fixture.h"
#include "tests/support/await.h"
#include "tests/support/fake_clock.h"
#include "tests/support/private_redis.h"

namespace genwatch {
namespace {

using ::testing::ElementsAreArray;
using ::testing::SizeIs;

constexpr char kModel[] = "m";

v1::Worker WorkerOf(int n) {
  v1::Worker worker;
  worker.set_instance(absl::StrFormat("w_%016d", n));
  worker.set_address("127.0.0.1:1");
  worker.set_server_url("http://model:11434");
  return worker;
}

struct Replica {
  explicit Replica(const PrivateRedis& redis)
      : queue(*RedisAddress::Parse("unix:" + redis.socket_path())) {
    health.Set(true);
  }

  MariaDbJobStore store{[] {
    MariaDbJobStoreOptions options = StoreOn(PrivateMariaDb::Shared(), SharedDatabase());
    options.acquire_timeout = absl::Seconds(20);
    return options;
  }()};
  RedisJobQueue queue;
  QueueFeeder feeder{&queue};
  LedgerHealth health;
  ModelHolds holds{&store, RealClock()};
  JobLeaser leaser{&store, &queue, &feeder, &holds, &health, 1 << 20};
  Reconciler reconciler{&store, &queue, &feeder};
  // The reaper's own.
  FakeClock clock;
  Reaper reaper{&store, &feeder, &health, &clock};
};

class QueueReplicas : public testing::Test {
 protected:
  QueueReplicas() {
    std::signal(SIGPIPE, SIG_IGN);  // as every main of ours does
    WipeSharedDatabase();
    auto redis = PrivateRedis::Create();
    EXPECT_TRUE(redis.ok()) << redis.status();
    redis_ = *std::move(redis);
    for (auto& replica : replicas_) replica = std::make_unique<Replica>(*redis_);
  }

  Replica& a() { return *replicas_[0]; }
  Replica& b() { return *replicas_[1]; }

  // Committed and not queued, as after a crash in between.
  void Insert(int count, int owners) {
    for (int i = 0; i < count; ++i) {
      NewJob job{.job_id = absl::StrFormat("job_%032d", ++last_job_),
                 .owner_id = absl::StrCat("owner", i % owners)};
      job.spec.set_model(kModel);
      job.spec.set_prompt("p");
      job.spec.set_priority(v1::PRIORITY_NORMAL);
      ASSERT_TRUE(a().store.Insert(job).ok());
      job_ids_.push_back(job.job_id);
    }
  }

  // At the same time, each on a thread of its own.
  static void Together(const std::vector<std::function<void()>>& runners) {
    std::vector<std::thread> threads;
    for (const auto& runner : runners) threads.emplace_back(runner);
    for (std::thread& thread : threads) thread.join();
  }

  void ReconcileBoth(int runs) {
    std::vector<std::function<void()>> runners;
    for (auto& replica : replicas_) {
      runners.push_back([&replica, runs] {
        for (int i = 0; i < runs; ++i) replica->reconciler.Run();
      });
    }
    Together(runners);
  }

  // Until the queue was filled for the server that runs now.
  bool AwaitRebuilt() {
    return Await([this] {
      ReconcileBoth(1);
      absl::StatusOr<bool> rebuilt = a().queue.IsRebuilt();
      return rebuilt.ok() && *rebuilt;
    });
  }

  static v1::LeaseJobsRequest Request(const v1::Worker& worker, uint32_t most) {
    v1::LeaseJobsRequest request;
    *request.mutable_worker() = worker;
    request.set_heartbeat_number(1);
    request.set_max_jobs(most);
    v1::ModelSlots& slots = *request.add_models();
    slots.set_model(kModel);
    slots.set_limit(10'000);
    slots.set_free(most);
    slots.set_loaded(true);
    return request;
  }

  std::vector<std::string> Waiting() {
    absl::StatusOr<std::vector<std::string>> ids = a().queue.Peek(kModel, 0, 100'000);
    EXPECT_TRUE(ids.ok()) << ids.status();
    return ids.ok() ? *ids : std::vector<std::string>();
  }

  std::unique_ptr<PrivateRedis> redis_;
  std::unique_ptr<Replica> replicas_[2];
  int last_job_ = 0;
  std::vector<std::string> job_ids_;
};

TEST_F(QueueReplicas, EveryJobIsLeasedOnceAndEndsOnce) {
  constexpr int kJobs = 120;
  Insert(kJobs, 7);
  Mutex mutex;
  std::map<std::string, int> leases;
  size_t done = 0;
  std::vector<std::function<void()>> runners;
  const auto all_done = [&] {
    MutexLock lock(mutex);
    return done == kJobs;
  };
  for (auto& replica : replicas_) {
    runners.push_back([&] {
      Await([&] {
        replica->reconciler.Run();
        return all_done();
      });
    });
  }
  for (int w = 0; w < 4; ++w) {
    Replica& replica = *replicas_[w % 2];
    const v1::Worker worker = WorkerOf(w);
    ASSERT_TRUE(replica.store.Heartbeat(worker, 1, {}).ok());
    runners.push_back([&, worker] {
      Await([&] {
        absl::StatusOr<v1::LeaseJobsResponse> response = replica.leaser.Lease(Request(worker, 3));
        // Before the queue was filled there is none.
        if (!response.ok()) return all_done();
        for (const v1::LeasedJob& job : response->jobs()) {
          FinishedAttempt attempt{
              .instance = worker.instance(), .job_id = job.job_id(), .version = job.version()};
          attempt.end.outcome = v1::OUTCOME_COMPLETED;
          const absl::StatusOr<JobRecord> finished = replica.store.FinishAttempt(attempt);
          EXPECT_TRUE(finished.ok()) << finished.status();
          MutexLock lock(mutex);
          ++leases[job.job_id()];
          ++done;
        }
        return all_done();
      });
    });
  }
  Together(runners);
  EXPECT_THAT(leases, SizeIs(kJobs));
  for (const auto& [job_id, count] : leases) EXPECT_EQ(count, 1) << job_id;
  // Nothing that ended comes back, and nothing is left.
  ReconcileBoth(10);
  EXPECT_THAT(Waiting(), testing::IsEmpty());
  EXPECT_EQ(Sql("SELECT COUNT(*), MAX(attempt) FROM ai_generation_jobs WHERE status = 'completed'"),
            absl::StrCat(kJobs, "\t1"));
}

TEST_F(QueueReplicas, AnEmptiedRedisIsFilledOnceWithAllThatWaits) {
  Insert(1500, 1);
  ASSERT_TRUE(AwaitRebuilt());
  EXPECT_THAT(Waiting(), ElementsAreArray(job_ids_));

  redis_->Kill();
  // While it is down nothing is queued, and nobody minds.
  ReconcileBoth(3);
  EXPECT_FALSE(a().queue.IsRebuilt().ok());
  ASSERT_TRUE(redis_->Wipe().ok());
  ASSERT_TRUE(redis_->Start().ok());
  ASSERT_TRUE(AwaitRebuilt());
  // Each once, and of one owner in order of submission.
  EXPECT_THAT(Waiting(), ElementsAreArray(job_ids_));
  std::vector<QueueEntry> last = {{.job_id = job_ids_.back(), .model = kModel}};
  EXPECT_EQ(b().queue.Places(last)->at(0).position, 1500u);
}

TEST_F(QueueReplicas, AKilledRedisComesBackWithWhatItKeptAndTheLedgerAddsTheRest) {
  Insert(200, 5);
  ASSERT_TRUE(AwaitRebuilt());
  const std::vector<std::string> before = Waiting();
  ASSERT_THAT(before, SizeIs(200));
  // Popped by a replica that dies: put back in time, and leased once.
  absl::StatusOr<std::vector<PoppedJob>> popped = a().queue.Pop({{kModel, 3, true}}, 3);
  ASSERT_TRUE(popped.ok()) << popped.status();
  redis_->Kill();
  Insert(50, 5);
  ASSERT_TRUE(redis_->Start().ok());
  ASSERT_TRUE(AwaitRebuilt());
  ASSERT_TRUE(a().queue.PutBack(*popped).ok());
  const std::vector<std::string> after = Waiting();
  EXPECT_THAT(after, SizeIs(250));
  EXPECT_THAT(std::set<std::string>(after.begin(), after.end()), SizeIs(250));
  EXPECT_EQ(after.front(), before.front());
}

TEST_F(QueueReplicas, TwoReapersTakeAWorkersJobsOnce) {
  ASSERT_TRUE(AwaitRebuilt());
  Insert(20, 3);
  ReconcileBoth(8);
  const v1::Worker lost = WorkerOf(1);
  const v1::Worker living = WorkerOf(2);
  ASSERT_TRUE(a().store.Heartbeat(lost, 1, {}).ok());
  ASSERT_TRUE(a().store.Heartbeat(living, 1, {}).ok());
  ASSERT_THAT(a().leaser.Lease(Request(lost, 10))->jobs(), SizeIs(10));
  ASSERT_THAT(b().leaser.Lease(Request(living, 5))->jobs(), SizeIs(5));
  ASSERT_THAT(Waiting(), SizeIs(5));
  EXPECT_EQ(b().store.RecentLeases(kModel)->leases, 15u);
  EXPECT_GE(b().store.RecentLeases(kModel)->since_oldest,
            b().store.RecentLeases(kModel)->since_newest);
  for (uint32_t half_seconds = 1; half_seconds <= 12; ++half_seconds) {
    ASSERT_TRUE(a().store.Heartbeat(living, 1 + half_seconds, {}).ok());
    // Whatever the server's clock says of the heartbeats, forth and back.
    Sql(absl::StrCat("UPDATE ai_generation_workers SET heartbeat_at = UTC_TIMESTAMP(6) ",
                     half_seconds % 2 == 0 ? "-" : "+", " INTERVAL 1 HOUR"));
    std::vector<std::function<void()>> runners;
    for (auto& replica : replicas_) {
      replica->clock.Advance(absl::Milliseconds(500));
      runners.push_back([&replica] { replica->reaper.Run(); });
    }
    Together(runners);
    // Below four seconds nobody is lost.
    if (half_seconds < 8) {
      ASSERT_THAT(Waiting(), SizeIs(5));
    }
  }
  // The lost worker's at their old places, each once and with one loss; the living one's go on.
  const std::vector<std::string> waiting = Waiting();
  EXPECT_THAT(waiting, SizeIs(15));
  EXPECT_THAT(std::set<std::string>(waiting.begin(), waiting.end()), SizeIs(15));
  EXPECT_EQ(Sql("SELECT status, COUNT(*), MIN(losses), MAX(losses), MAX(version) "
                "FROM ai_generation_jobs GROUP BY status ORDER BY status"),
            "queued\t15\t0\t1\t3\nprocessing\t5\t0\t0\t2");
}

}  // namespace
}  // namespace genwatch

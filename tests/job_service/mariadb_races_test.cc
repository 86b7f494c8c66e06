#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/job_service/job_store_contract.h"
#include "tests/job_service/mariadb_store_fixture.h"

// Threads at the same rows at the same time. Each holds in every interleaving; a run shows some.

namespace genwatch {
namespace {

class RacesUnderTest : public StoreUnderTest {
 public:
  RacesUnderTest()
      : store_([] {
          MariaDbJobStoreOptions options = StoreOn(PrivateMariaDb::Shared(), SharedDatabase());
          options.acquire_timeout = absl::Seconds(20);
          return options;
        }()) {
    WipeSharedDatabase();
  }
  JobStore& store() override { return store_; }
  void PassTime(absl::Duration) override { FAIL() << "not here"; }

 private:
  MariaDbJobStore store_;
};

class RacesTest : public JobStoreContract {
 protected:
  // All at once.
  static void Race(const std::vector<std::function<void()>>& runners) {
    std::barrier start(static_cast<std::ptrdiff_t>(runners.size()));
    std::vector<std::thread> threads;
    for (const auto& runner : runners) {
      threads.emplace_back([&start, &runner] {
        start.arrive_and_wait();
        runner();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_P(RacesTest, JobEndsOnceWhenItIsCancelledWhileItFinishes) {
  for (int i = 1; i <= 30; ++i) {
    const JobRecord leased = InsertLeased(i);
    absl::Status finish;
    absl::Status cancel;
    FinishedAttempt attempt = Finish(leased, v1::OUTCOME_COMPLETED);
    attempt.pieces = {Piece(v1::CHANNEL_ANSWER, 0, "whole answer")};
    OwnerChange order = Order(leased, v1::Job::STATE_CANCELLED);
    order.pieces = {Piece(v1::CHANNEL_ANSWER, 0, "whole")};
    Race({[&] { finish = store().FinishAttempt(attempt).status(); },
          [&] { cancel = store().Change(order).status(); }});
    const JobRecord job = Get(leased.job_id);
    EXPECT_EQ(job.version, leased.version + 1);
    EXPECT_NE(finish.ok(), cancel.ok()) << finish << cancel;
    if (finish.ok()) {
      EXPECT_EQ(job.state, v1::Job::STATE_COMPLETED);
      EXPECT_TRUE(absl::IsAborted(cancel)) << cancel;
      EXPECT_EQ(Text(job.job_id), "whole answer");
    } else {
      EXPECT_EQ(job.state, v1::Job::STATE_CANCELLED);
      EXPECT_TRUE(absl::IsAborted(finish)) << finish;
      EXPECT_EQ(Text(job.job_id), "whole");
    }
  }
}

TEST_P(RacesTest, JobIsLeasedOnceWhenManyReachForIt) {
  constexpr int kWorkers = 4;
  constexpr int kJobs = 20;
  std::vector<std::string> ids;
  for (int i = 1; i <= kJobs; ++i) {
    Insert(Job(i));
    ids.push_back(JobId(i));
  }
  for (int w = 1; w <= kWorkers; ++w) Beat(Worker(w));
  std::atomic<int> leased = 0;
  std::vector<std::function<void()>> runners;
  for (int w = 1; w <= kWorkers; ++w) {
    runners.push_back([&, w] {
      // Each in an order of its own.
      std::vector<std::string> mine = ids;
      std::rotate(mine.begin(), mine.begin() + 5 * (w - 1), mine.end());
      leased += static_cast<int>(Lease(Worker(w), mine).leased.size());
    });
  }
  Race(runners);
  EXPECT_EQ(leased, kJobs);
  for (const std::string& id : ids) {
    EXPECT_EQ(Get(id).version, 2u);
    EXPECT_EQ(Get(id).attempt, 1u);
  }
}

TEST_P(RacesTest, LimitOfAModelServerHoldsForManyWorkersAtOnce) {
  constexpr uint32_t kLimit = 3;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::function<void()>> runners;
    std::atomic<uint32_t> leased = 0;
    for (int w = 1; w <= 4; ++w) {
      Beat(Worker(w));
      std::vector<std::string> ids;
      for (int j = 0; j < 2; ++j) {
        const int n = 100 * round + 10 * w + j;
        Insert(Job(n));
        ids.push_back(JobId(n));
      }
      runners.push_back([&, w, ids] {
        leased += static_cast<uint32_t>(
            Lease(Worker(w, absl::StrCat("http://", round)), ids, kLimit).leased.size());
      });
    }
    Race(runners);
    EXPECT_EQ(leased, kLimit);
  }
}

TEST_P(RacesTest, NothingIsLeasedToAWorkerThatIsReaped) {
  for (int i = 1; i <= 20; ++i) {
    Insert(Job(i));
    Beat(Worker(i));
    LeaseGrant grant{.worker = Worker(i), .model = "llama", .limit = 100};
    grant.candidates.push_back({.job_id = JobId(i)});
    absl::StatusOr<LeaseResult> lease;
    absl::StatusOr<std::vector<JobRecord>> reaped;
    Race({[&] { lease = store().Lease(grant); },
          [&] { reaped = store().ReapWorker(Worker(i).instance(), 1); }});
    ASSERT_TRUE(reaped.ok()) << reaped.status();
    // Leased before, and reaped with the worker; or not leased at all.
    EXPECT_EQ(lease.ok(), reaped->size() == 1) << lease.status();
    EXPECT_EQ(Get(JobId(i)).state, v1::Job::STATE_QUEUED);
  }
}

TEST_P(RacesTest, BatchesInAnyOrderDoNotBlockEachOther) {
  constexpr int kJobs = 30;
  std::vector<JobRecord> jobs;
  for (int i = 1; i <= kJobs; ++i) jobs.push_back(InsertLeased(i));
  std::atomic<int> failures = 0;
  const auto append = [&](uint64_t seed) {
    std::vector<JobRecord> shuffled = jobs;
    for (size_t i = shuffled.size(); i > 1; --i) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      std::swap(shuffled[i - 1], shuffled[(seed >> 33) % i]);
    }
    for (uint32_t round = 0; round < 10; ++round) {
      std::vector<v1::TextAppend> appends;
      std::vector<v1::ProgressRecord> records;
      for (const JobRecord& job : shuffled) {
        v1::TextAppend& item = appends.emplace_back();
        item.set_job_id(job.job_id);
        item.set_version(job.version);
        *item.add_pieces() = Piece(v1::CHANNEL_ANSWER, 0, std::string(round + 1, 'x'));
        v1::ProgressRecord& record = records.emplace_back();
        record.set_job_id(job.job_id);
        record.set_version(job.version);
        record.set_sequence(round + 1);
      }
      if (!store().AppendText(jobs[0].instance, appends).ok()) ++failures;
      if (!store().RecordProgress(records).ok()) ++failures;
    }
  };
  Race({[&] { append(1); }, [&] { append(2); }, [&] { append(3); }});
  EXPECT_EQ(failures, 0);
  for (const JobRecord& job : jobs) EXPECT_EQ(Text(job.job_id), std::string(10, 'x'));
}

TEST_P(RacesTest, SameRequestManyTimesAtOnceMakesOneJob) {
  std::atomic<int> made = 0;
  std::vector<std::function<void()>> runners;
  for (int i = 1; i <= 6; ++i) {
    runners.push_back([&, i] {
      NewJob job = Job(i);
      job.request_id = "click";
      job.spec_hash = "same";
      const auto inserted = store().Insert(job);
      ASSERT_TRUE(inserted.ok()) << inserted.status();
      if (!inserted->existed) ++made;
    });
  }
  Race(runners);
  EXPECT_EQ(made, 1);
  EXPECT_EQ(store().List({.owner_id = "ann"}, 0, 10)->size(), 1u);
}

TEST_P(RacesTest, ReplicasExpireEachJobOnce) {
  constexpr int kJobs = 40;
  for (int i = 1; i <= kJobs; ++i) {
    NewJob job = Job(i);
    job.spec.mutable_deadlines()->set_waiting_ms(1);
    Insert(job);
  }
  std::atomic<int> expired = 0;
  const auto expire = [&] {
    for (int round = 0; round < 20 && expired < kJobs; ++round) {
      const auto jobs = store().ExpireWaiting(7);
      ASSERT_TRUE(jobs.ok()) << jobs.status();
      expired += static_cast<int>(jobs->size());
    }
  };
  Race({expire, expire, expire});
  EXPECT_EQ(expired, kJobs);
}

INSTANTIATE_TEST_SUITE_P(MariaDb, RacesTest,
                         testing::Values(StoreMaker{
                             "MariaDb", [] { return std::make_unique<RacesUnderTest>(); }}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace genwatch

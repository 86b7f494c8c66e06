// One contract, two queues: what holds for the fake holds for Redis.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "job_service/redis_job_queue.h"
#include "job_service/serving_order.h"
#include "tests/job_service/fake_job_queue.h"
#include "tests/job_service/queue_subject.h"
#include "tests/support/await.h"
#include "tests/support/fake_clock.h"
#include "tests/support/private_redis.h"

namespace genwatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class JobQueueContract : public testing::TestWithParam<QueueParam> {
 protected:
  void SetUp() override {
    subject_ = GetParam().make();
    Rebuilt();
  }

  JobQueue& queue() { return subject_->queue(); }

  void Rebuilt() {
    absl::StatusOr<std::string> id = queue().ServerId();
    ASSERT_TRUE(id.ok()) << id.status();
    ASSERT_TRUE(queue().MarkRebuilt(*id).ok());
  }

  QueueEntry Entry(const std::string& job, const std::string& owner = "ann",
                   v1::Priority priority = v1::PRIORITY_NORMAL, const std::string& model = "m") {
    return {
        .job_id = job, .order = ++order_, .model = model, .owner_id = owner, .priority = priority};
  }

  void Add(const QueueEntry& entry) {
    absl::StatusOr<uint32_t> added = queue().Enqueue({entry}, false);
    ASSERT_TRUE(added.ok()) << added.status();
    ASSERT_EQ(*added, 1u);
  }

  std::vector<PoppedJob> Pop(uint32_t most, std::vector<ModelDemand> demands = {{"m", 100, true}}) {
    absl::StatusOr<std::vector<PoppedJob>> popped = queue().Pop(demands, most);
    EXPECT_TRUE(popped.ok()) << popped.status();
    return popped.ok() ? *popped : std::vector<PoppedJob>();
  }

  std::vector<std::string> PopIds(uint32_t most,
                                  std::vector<ModelDemand> demands = {{"m", 100, true}}) {
    std::vector<std::string> ids;
    for (const PoppedJob& job : Pop(most, demands)) ids.push_back(job.job_id);
    return ids;
  }

  QueuePlace PlaceOf(const QueueEntry& entry) {
    absl::StatusOr<std::vector<QueuePlace>> places = queue().Places({entry});
    EXPECT_TRUE(places.ok()) << places.status();
    return places.ok() ? places->at(0) : QueuePlace();
  }

  std::unique_ptr<QueueSubject> subject_;
  uint64_t order_ = 0;
};

// The seed served the newest first, so that the oldest waited for ever.
TEST_P(JobQueueContract, SeedDefect1TheOldestIsServedFirst) {
  for (const char* job : {"a", "b", "c"}) Add(Entry(job));
  EXPECT_THAT(PopIds(10), ElementsAre("a", "b", "c"));
}

TEST_P(JobQueueContract, JobsOfDifferentOwnersAtTheSamePlaceGoInOrderOfSubmission) {
  Add(Entry("z", "ann"));
  Add(Entry("a", "bob"));
  Add(Entry("m", "cid"));
  EXPECT_THAT(PopIds(10), ElementsAre("z", "a", "m"));
}

TEST_P(JobQueueContract, OneOwnersManyJobsDelayNobodysFirst) {
  for (int i = 0; i < 1000; ++i) Add(Entry(absl::StrCat("many", i), "ann"));
  Add(Entry("only", "bob"));
  EXPECT_THAT(PopIds(2), testing::Contains("only"));
}

// The seed stored the priority and never looked at it.
TEST_P(JobQueueContract, SeedDefect5PriorityDecidesAmongThoseThatWait) {
  Add(Entry("low", "ann", v1::PRIORITY_LOW));
  Add(Entry("normal", "bob", v1::PRIORITY_NORMAL));
  Add(Entry("high", "cid", v1::PRIORITY_HIGH));
  EXPECT_THAT(PopIds(10), ElementsAre("high", "normal", "low"));
}

TEST_P(JobQueueContract, NoStreamOfUrgentJobsStarvesAPatientOne) {
  Add(Entry("patient", "ann", v1::PRIORITY_LOW));
  // Of newcomers, so many may pass it: V rises with each until it is twice the bonus further.
  const int bound = static_cast<int>(2 * kMostBonus / kNewcomerStep);
  int passed = 0;
  for (; passed <= bound; ++passed) {
    Add(Entry(absl::StrCat("urgent", passed), absl::StrCat("owner", passed), v1::PRIORITY_HIGH));
    if (PopIds(1) == std::vector<std::string>{"patient"}) break;
  }
  EXPECT_LE(passed, bound);
}

// A burst passes no more than a stream does.
TEST_P(JobQueueContract, NoBurstOfUrgentJobsStarvesAPatientOne) {
  Add(Entry("patient", "ann", v1::PRIORITY_LOW));
  for (int i = 0; i < 1000; ++i) {
    Add(Entry(absl::StrCat("urgent", i), absl::StrCat("owner", i), v1::PRIORITY_HIGH));
  }
  const int bound = static_cast<int>(2 * kMostBonus / kNewcomerStep);
  EXPECT_THAT(PopIds(bound + 1, {{"m", 1000, true}}), testing::Contains("patient"));
}

// With many owners who have much to do, too: each goes before it once at most.
TEST_P(JobQueueContract, ManyOwnersManyJobsDelayNobodysFirst) {
  constexpr int kOwners = 40;
  for (int i = 0; i < 30 * kOwners; ++i) {
    Add(Entry(absl::StrCat("many", i), absl::StrCat("owner", i % kOwners)));
  }
  PopIds(10 * kOwners, {{"m", 1000, true}});
  Add(Entry("only", "bob"));
  EXPECT_THAT(PopIds(kOwners + 1), testing::Contains("only"));
}

TEST_P(JobQueueContract, HowFastAnotherModelMovesDelaysNobodysFirst) {
  for (int i = 0; i < 100; ++i) {
    Add(Entry(absl::StrCat("slow", i), "ann", v1::PRIORITY_NORMAL, "slow"));
    Add(Entry(absl::StrCat("fast", i), "ann", v1::PRIORITY_NORMAL, "fast"));
  }
  PopIds(90, {{"fast", 100, true}});
  Add(Entry("only", "bob", v1::PRIORITY_NORMAL, "slow"));
  EXPECT_THAT(PopIds(2, {{"slow", 2, true}}), testing::Contains("only"));
}

TEST_P(JobQueueContract, ModelsTakeTurns) {
  for (int i = 0; i < 50; ++i) Add(Entry(absl::StrCat("a", i), "ann", v1::PRIORITY_NORMAL, "a"));
  for (int i = 0; i < 3; ++i) Add(Entry(absl::StrCat("b", i), "bob", v1::PRIORITY_NORMAL, "b"));
  EXPECT_THAT(PopIds(6, {{"a", 9, true}, {"b", 9, true}}),
              ElementsAre("a0", "b0", "a1", "b1", "a2", "b2"));
}

// Not all of them are looked at by one pop.
TEST_P(JobQueueContract, AmongVeryManyModelsNoneIsServedTwiceBeforeAllAreServed) {
  constexpr int kModels = 150;
  std::vector<ModelDemand> demands;
  for (int i = 0; i < kModels; ++i) {
    const std::string model = absl::StrCat("m", i);
    demands.push_back({model, 2, /*loaded=*/i % 2 == 0});
    for (int job = 0; job < 2; ++job) {
      Add(Entry(absl::StrCat(model, "_", job), "ann", v1::PRIORITY_NORMAL, model));
    }
  }
  for (const bool loaded : {true, false}) {
    for (int turn = 0; turn < 2; ++turn) {
      std::set<std::string> served;
      for (int i = 0; i < kModels / 2; ++i) {
        const std::vector<PoppedJob> popped = Pop(1, demands);
        ASSERT_EQ(popped.size(), 1u);
        EXPECT_TRUE(served.insert(popped[0].model).second) << popped[0].model;
        EXPECT_EQ(popped[0].job_id, absl::StrCat(popped[0].model, "_", turn));
        EXPECT_EQ(std::stoi(popped[0].model.substr(1)) % 2 == 0, loaded);
      }
    }
  }
  EXPECT_THAT(Pop(1, demands), IsEmpty());
}

TEST_P(JobQueueContract, AModelThatWasHeldDoesNotTakeOverWhenItIsReleased) {
  for (int i = 0; i < 200; ++i) {
    Add(Entry(absl::StrCat("h", i), "ann", v1::PRIORITY_NORMAL, "held"));
    Add(Entry(absl::StrCat("o", i), "bob", v1::PRIORITY_NORMAL, "open"));
  }
  PopIds(150, {{"open", 200, true}});
  const std::vector<std::string> ids =
      PopIds(static_cast<int>(kMostBehind) + 3, {{"held", 200, true}, {"open", 200, true}});
  EXPECT_EQ(ids.front(), "h0");
  EXPECT_THAT(ids, testing::Contains("o150"));
}

TEST_P(JobQueueContract, AJobIsInTheQueueOnce) {
  const QueueEntry entry = Entry("a");
  Add(entry);
  EXPECT_EQ(*queue().Enqueue({entry}, false), 0u);
  EXPECT_THAT(PopIds(10), ElementsAre("a"));
  // Being leased counts as being there.
  EXPECT_EQ(*queue().Enqueue({entry}, false), 0u);
  EXPECT_THAT(PopIds(10), IsEmpty());
  ASSERT_TRUE(queue().Confirm({"a"}).ok());
  EXPECT_EQ(*queue().Enqueue({entry}, false), 1u);
}

TEST_P(JobQueueContract, PutBackRestoresTheOldPlace) {
  for (const char* job : {"a", "b", "c"}) Add(Entry(job));
  std::vector<PoppedJob> popped = Pop(2);
  ASSERT_EQ(popped.size(), 2u);
  ASSERT_TRUE(queue().PutBack(popped).ok());
  EXPECT_THAT(PopIds(10), ElementsAre("a", "b", "c"));
}

TEST_P(JobQueueContract, ARequeuedJobGoesBackToItsScore) {
  for (const char* job : {"a", "b", "c"}) Add(Entry(job));
  std::vector<PoppedJob> popped = Pop(1);
  ASSERT_TRUE(queue().Confirm({"a"}).ok());
  QueueEntry again = Entry("a");
  again.order = 1;
  again.score = popped.at(0).score;
  Add(again);
  EXPECT_THAT(PopIds(10), ElementsAre("a", "b", "c"));
}

TEST_P(JobQueueContract, FreshlyPoppedJobsAreNotStale) {
  Add(Entry("a"));
  Pop(1);
  EXPECT_EQ(*queue().PutBackStale(), 0u);
}

TEST_P(JobQueueContract, OnlyModelsInDemandArePoppedAndNoMoreThanFree) {
  Add(Entry("a1", "ann", v1::PRIORITY_NORMAL, "a"));
  Add(Entry("a2", "bob", v1::PRIORITY_NORMAL, "a"));
  Add(Entry("b1", "cid", v1::PRIORITY_NORMAL, "b"));
  EXPECT_THAT(PopIds(10, {{"a", 1, false}}), ElementsAre("a1"));
  EXPECT_THAT(PopIds(10, {{"a", 1, false}, {"b", 1, false}}), UnorderedElementsAre("a2", "b1"));
}

TEST_P(JobQueueContract, ALoadedModelIsPreferred) {
  Add(Entry("cold", "ann", v1::PRIORITY_NORMAL, "a"));
  Add(Entry("warm", "bob", v1::PRIORITY_NORMAL, "b"));
  EXPECT_THAT(PopIds(1, {{"a", 1, false}, {"b", 1, true}}), ElementsAre("warm"));
}

TEST_P(JobQueueContract, PlacesCountFromOneWithinTheModel) {
  const QueueEntry a = Entry("a"), b = Entry("b"), c = Entry("c"), never = Entry("never");
  for (const QueueEntry& entry : {a, b, c}) Add(entry);
  EXPECT_EQ(PlaceOf(a).position, 1u);
  EXPECT_EQ(PlaceOf(c).position, 3u);
  EXPECT_EQ(PlaceOf(c).size, 3u);
  EXPECT_EQ(PlaceOf(never).position, 0u);
  Pop(1);
  EXPECT_EQ(PlaceOf(a).position, 0u);
  EXPECT_EQ(PlaceOf(b).position, 1u);
}

TEST_P(JobQueueContract, ARemovedJobIsGoneAndItsPlaceIsGivenBack) {
  const QueueEntry a = Entry("a", "ann"), b = Entry("b", "ann");
  Add(a);
  Add(b);
  ASSERT_TRUE(queue().Remove(b).ok());
  ASSERT_TRUE(queue().Remove(b).ok());
  // Ann's next job takes the place of b, before bob's second.
  Add(Entry("bob1", "bob"));
  Add(Entry("bob2", "bob"));
  Add(Entry("c", "ann"));
  EXPECT_THAT(PopIds(10), ElementsAre("a", "bob1", "c", "bob2"));
  EXPECT_THAT(*queue().Peek("m", 0, 10), IsEmpty());
}

TEST_P(JobQueueContract, WhoCancelsSomeStillWaitsInOrder) {
  std::vector<QueueEntry> entries;
  for (int i = 0; i < 10; ++i) {
    entries.push_back(Entry(absl::StrCat("a", i)));
    Add(entries.back());
  }
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(queue().Remove(entries[i]).ok());
  Add(Entry("later"));
  EXPECT_THAT(PopIds(10), ElementsAre("a9", "later"));
}

TEST_P(JobQueueContract, WhoCancelsAllBeginsAgain) {
  for (int i = 0; i < 50; ++i) Add(Entry(absl::StrCat("b", i), "bob"));
  std::vector<QueueEntry> entries;
  for (int i = 0; i < 10; ++i) {
    entries.push_back(Entry(absl::StrCat("a", i), "ann"));
    Add(entries.back());
  }
  for (const QueueEntry& entry : entries) ASSERT_TRUE(queue().Remove(entry).ok());
  Add(Entry("later", "ann"));
  EXPECT_THAT(PopIds(2), testing::Contains("later"));
}

TEST_P(JobQueueContract, AChangeOfPriorityMovesAJobAsIfItHadAlwaysHadIt) {
  for (int i = 0; i < 20; ++i) Add(Entry(absl::StrCat("job", i)));
  QueueEntry moved{.job_id = "job12", .priority = v1::PRIORITY_HIGH};
  ASSERT_TRUE(queue().Reprioritize(moved).ok());
  EXPECT_THAT(*queue().Peek("m", 4, 2), ElementsAre("job4", "job12"));
  moved.priority = v1::PRIORITY_NORMAL;
  ASSERT_TRUE(queue().Reprioritize(moved).ok());
  EXPECT_THAT(*queue().Peek("m", 12, 1), ElementsAre("job12"));
  EXPECT_TRUE(queue().Reprioritize({.job_id = "unknown"}).ok());
}

// What a lost call leaves behind, the reconciler's walk puts right.
TEST_P(JobQueueContract, EnqueueOfAWaitingJobPutsItsPriorityRight) {
  for (int i = 0; i < 20; ++i) Add(Entry(absl::StrCat("job", i)));
  QueueEntry moved = Entry("job12", "ann", v1::PRIORITY_HIGH);
  EXPECT_EQ(*queue().Enqueue({moved}, false), 0u);
  EXPECT_THAT(*queue().Peek("m", 4, 2), ElementsAre("job4", "job12"));
}

TEST_P(JobQueueContract, APlaceOfAForgottenQueueIsTheFront) {
  QueueEntry again = Entry("again");
  again.score = 5000;
  for (int i = 0; i < 5; ++i) Add(Entry(absl::StrCat("job", i), "bob"));
  Add(again);
  EXPECT_THAT(PopIds(2), testing::Contains("again"));
}

TEST_P(JobQueueContract, SizesNameTheModelsThatHaveWaitingJobs) {
  Add(Entry("a1", "ann", v1::PRIORITY_NORMAL, "a"));
  Add(Entry("a2", "ann", v1::PRIORITY_NORMAL, "a"));
  Add(Entry("b1", "ann", v1::PRIORITY_NORMAL, "b"));
  const auto sizes = [this] {
    std::map<std::string, uint32_t> by_model;
    absl::StatusOr<std::vector<QueueSize>> all = queue().Sizes();
    EXPECT_TRUE(all.ok()) << all.status();
    for (const QueueSize& size : *all) by_model[size.model] = size.waiting;
    return by_model;
  };
  EXPECT_THAT(sizes(), UnorderedElementsAre(testing::Pair("a", 2), testing::Pair("b", 1)));
  PopIds(1, {{"b", 1, true}});
  EXPECT_THAT(sizes(), ElementsAre(testing::Pair("a", 2)));
}

TEST_P(JobQueueContract, PeekShowsTheServingOrder) {
  for (const char* job : {"a", "b", "c"}) Add(Entry(job));
  EXPECT_THAT(*queue().Peek("m", 0, 10), ElementsAre("a", "b", "c"));
  EXPECT_THAT(*queue().Peek("m", 1, 1), ElementsAre("b"));
}

TEST_P(JobQueueContract, AnEmptiedServerWaitsForItsRebuild) {
  Add(Entry("a"));
  subject_->RestartEmpty();
  EXPECT_FALSE(*queue().IsRebuilt());
  EXPECT_EQ(queue().Pop({{"m", 1, true}}, 1).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(queue().Enqueue({Entry("b")}, false).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(*queue().Enqueue({Entry("a")}, /*rebuilding=*/true), 1u);
  Rebuilt();
  EXPECT_TRUE(*queue().IsRebuilt());
  EXPECT_THAT(PopIds(10), ElementsAre("a"));
}

TEST_P(JobQueueContract, EnqueueWakesWhoListens) {
  std::atomic<int> woken = 0;
  auto subscription = queue().OnEnqueued([&woken](const std::string& model) {
    if (model == "m") ++woken;
  });
  int added = 0;
  // A subscription is made in the background: what came before it is lost, by contract.
  EXPECT_TRUE(Await([&] {
    Add(Entry(absl::StrCat("job", added++)));
    return woken > 0;
  }));
}

TEST_P(JobQueueContract, JobsAreServedInTheOrderThatPeekShows) {
  std::mt19937 random(7);
  const std::vector<std::string> owners = {"ann", "bob", "cid", "dan"};
  for (int i = 0; i < 400; ++i) {
    Add(Entry(absl::StrCat("job", i), owners[random() % 2 == 0 ? 0 : random() % owners.size()]));
  }
  absl::StatusOr<std::vector<std::string>> order = queue().Peek("m", 0, 80);
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(order->size(), 80u);
  EXPECT_THAT(PopIds(80), testing::ElementsAreArray(*order));
}

INSTANTIATE_TEST_SUITE_P(Queues, JobQueueContract, BothQueues(), NameOfQueue);

TEST(FakeJobQueueTest, StaleLeasingIsPutBackAfterFiveSeconds) {
  FakeClock clock;
  FakeJobQueue queue(&clock);
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  ASSERT_TRUE(
      queue.Enqueue({{.job_id = "a", .order = 1, .model = "m", .owner_id = "ann"}}, false).ok());
  ASSERT_EQ(queue.Pop({{"m", 1, true}}, 1)->size(), 1u);
  clock.Advance(absl::Seconds(6));
  EXPECT_EQ(*queue.PutBackStale(), 1u);
  EXPECT_EQ(queue.Pop({{"m", 1, true}}, 1)->size(), 1u);
}

TEST(RedisJobQueueTest, AnOutageIsUnavailableAndItRecoversByItself) {
  std::signal(SIGPIPE, SIG_IGN);  // as every main of ours does
  auto redis = PrivateRedis::Create();
  ASSERT_TRUE(redis.ok()) << redis.status();
  RedisJobQueue queue(*RedisAddress::Parse("unix:" + (*redis)->socket_path()));
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  const QueueEntry entry{.job_id = "a", .order = 1, .model = "m", .owner_id = "ann"};
  ASSERT_TRUE(queue.Enqueue({entry}, false).ok());

  (*redis)->Kill();
  EXPECT_EQ(queue.Enqueue({entry}, false).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(queue.IsRebuilt().status().code(), absl::StatusCode::kUnavailable);

  ASSERT_TRUE((*redis)->Start().ok());
  // The file kept the jobs, but the server is a new one: it waits for its rebuild.
  EXPECT_TRUE(Await([&] { return queue.IsRebuilt().ok(); }));
  EXPECT_FALSE(*queue.IsRebuilt());
  EXPECT_EQ(*queue.Enqueue({entry}, /*rebuilding=*/true), 0u);
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  EXPECT_EQ(queue.Pop({{"m", 1, true}}, 1)->size(), 1u);
}

// Owners and models that are gone leave nothing behind.
TEST(RedisJobQueueTest, AnEmptiedQueueLeavesNoKeysBehind) {
  PrivateRedis& redis = PrivateRedis::Shared();
  ASSERT_TRUE(redis.Command({"FLUSHALL"}).ok());
  RedisJobQueue queue(*RedisAddress::Parse("unix:" + redis.socket_path()));
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  std::vector<ModelDemand> demands;
  std::vector<QueueEntry> entries;
  for (uint64_t i = 0; i < 300; ++i) {
    const std::string model = absl::StrCat("m", i % 10);
    if (i < 10) demands.push_back({model, 100, true});
    entries.push_back({.job_id = absl::StrCat("job", i),
                       .order = i,
                       .model = model,
                       .owner_id = absl::StrCat("owner", i / 2)});
  }
  ASSERT_TRUE(queue.Enqueue(entries, false).ok());
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(queue.Remove(entries[i * 3]).ok());
  absl::StatusOr<std::vector<PoppedJob>> popped = queue.Pop(demands, 300);
  ASSERT_TRUE(popped.ok()) << popped.status();
  std::vector<std::string> ids;
  for (const PoppedJob& job : *popped) ids.push_back(job.job_id);
  EXPECT_EQ(ids.size(), 260u);
  ASSERT_TRUE(queue.Confirm(ids).ok());
  const std::string keys = *redis.Command({"KEYS", "gw:*"});
  // The clock among models, and the turns that it has not reached: at most one a model.
  EXPECT_THAT(absl::StrSplit(keys, '\n'), UnorderedElementsAre("gw:rebuilt", "gw:u", "gw:idle"));
}

// While others wait, the same holds for owners whose last job was served.
TEST(RedisJobQueueTest, OwnersWhoAreGoneAreForgottenWhileOthersWait) {
  PrivateRedis& redis = PrivateRedis::Shared();
  ASSERT_TRUE(redis.Command({"FLUSHALL"}).ok());
  RedisJobQueue queue(*RedisAddress::Parse("unix:" + redis.socket_path()));
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  uint64_t order = 0;
  const auto add = [&](const std::string& owner) {
    ++order;
    ASSERT_EQ(*queue.Enqueue({{.job_id = absl::StrCat("job", order),
                               .order = order,
                               .model = "m",
                               .owner_id = owner}},
                             false),
              1u);
  };
  for (int i = 0; i < 200; ++i) add("busy");
  for (int i = 0; i < 300; ++i) {
    add(absl::StrCat("once", i));
    ASSERT_EQ(queue.Pop({{"m", 1, true}}, 1)->size(), 1u);
  }
  int kept = 0;
  ASSERT_TRUE(absl::SimpleAtoi(*redis.Command({"ZCARD", "gw:f:m"}), &kept));
  EXPECT_LE(kept, 20);
  ASSERT_TRUE(absl::SimpleAtoi(*redis.Command({"HLEN", "gw:o:m"}), &kept));
  EXPECT_LE(kept, 30);
}

TEST(RedisJobQueueTest, PositionsOfAThousandJobsAreOneRoundTrip) {
  PrivateRedis& redis = PrivateRedis::Shared();
  ASSERT_TRUE(redis.Command({"FLUSHALL"}).ok());
  RedisJobQueue queue(*RedisAddress::Parse("unix:" + redis.socket_path()));
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  std::vector<QueueEntry> entries;
  for (uint64_t i = 0; i < 1000; ++i) {
    entries.push_back(
        {.job_id = absl::StrCat("job", i), .order = i, .model = "m", .owner_id = "ann"});
  }
  ASSERT_EQ(*queue.Enqueue(entries, false), 1000u);
  ASSERT_EQ(queue.Places({entries[0]})->at(0).position, 1u);  // The script is loaded now.
  ASSERT_TRUE(redis.Command({"CONFIG", "RESETSTAT"}).ok());
  absl::StatusOr<std::vector<QueuePlace>> places = queue.Places(entries);
  ASSERT_TRUE(places.ok()) << places.status();
  for (uint32_t i = 0; i < 1000; ++i) {
    ASSERT_EQ((*places)[i].position, i + 1);
    ASSERT_EQ((*places)[i].size, 1000u);
  }
  const std::string stats = *redis.Command({"INFO", "commandstats"});
  EXPECT_THAT(stats, testing::HasSubstr("cmdstat_evalsha:calls=1,"));
  EXPECT_THAT(stats, testing::HasSubstr("cmdstat_zcard:calls=1,"));
}

// The clock of the server was set back an hour while a replica that popped died.
TEST(RedisJobQueueTest, WhatWasPoppedInTheFutureIsPutBackAtOnce) {
  PrivateRedis& redis = PrivateRedis::Shared();
  ASSERT_TRUE(redis.Command({"FLUSHALL"}).ok());
  RedisJobQueue queue(*RedisAddress::Parse("unix:" + redis.socket_path()));
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  ASSERT_TRUE(
      queue.Enqueue({{.job_id = "a", .order = 1, .model = "m", .owner_id = "ann"}}, false).ok());
  ASSERT_EQ(queue.Pop({{"m", 1, true}}, 1)->size(), 1u);
  EXPECT_EQ(*queue.PutBackStale(), 0u);
  ASSERT_TRUE(redis.Command({"ZADD", "gw:leasing", "XX", "INCR", "3600000", "a"}).ok());
  EXPECT_EQ(*queue.PutBackStale(), 1u);
  EXPECT_EQ(queue.Pop({{"m", 1, true}}, 1)->size(), 1u);
}

TEST(RedisJobQueueTest, ScriptsThatAnOperatorFlushedAreLoadedAgain) {
  PrivateRedis& redis = PrivateRedis::Shared();
  ASSERT_TRUE(redis.Command({"FLUSHALL"}).ok());
  RedisJobQueue queue(*RedisAddress::Parse("unix:" + redis.socket_path()));
  ASSERT_TRUE(queue.MarkRebuilt(*queue.ServerId()).ok());
  ASSERT_TRUE(queue.PutBackStale().ok());
  ASSERT_TRUE(redis.Command({"SCRIPT", "FLUSH"}).ok());
  EXPECT_TRUE(queue.PutBackStale().ok());
}

}  // namespace
}  // namespace genwatch
